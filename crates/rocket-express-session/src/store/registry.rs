//! A store that can also list sessions and revoke them: what an account page and an admin's page need.

use std::borrow::Cow;

use super::record::Record;
use crate::error::Unavailable;
use crate::signature::SessionId;

/// Why a session was revoked, in a few words of the app's own.
///
/// A store keeps it for a day, so that the browser's next request can say what happened.
///
/// ```
/// use rocket_express_session::RevokeReason;
///
/// const PASSWORD_CHANGED: RevokeReason = RevokeReason::new("password changed");
/// assert_eq!(PASSWORD_CHANGED, RevokeReason::from("password changed".to_owned()));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevokeReason(Cow<'static, str>);

impl RevokeReason {
    /// A reason in these words.
    pub const fn new(words: &'static str) -> Self {
        Self(Cow::Borrowed(words))
    }

    /// The words, as a store keeps them.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<String> for RevokeReason {
    fn from(words: String) -> Self {
        Self(Cow::Owned(words))
    }
}

/// How many sessions a list has at most. Each user has a share, and the sessions of no user have one: a
/// visitor who creates thousands of sessions pushes no other user out of the list.
#[derive(Clone, Copy, Debug)]
pub struct ListLimits {
    /// Users with sessions.
    pub users: u32,
    /// Sessions of each user, the newest first.
    pub per_user: u32,
    /// Sessions that do not say which user they belong to, the newest first.
    pub anonymous: u32,
}

/// A store that lists sessions and revokes them: its second trait, beside [`Store`](super::Store).
///
/// [`MemoryStore`](super::MemoryStore) and `MongoStore` are two. A store without it serves sessions as well;
/// only [`UserSessions`](crate::UserSessions), [`Admin`](crate::Admin) and
/// [`Session::revoke_reason`](crate::Session::revoke_reason) need it.
#[rocket::async_trait]
pub trait Registry: Send + Sync + 'static {
    /// The valid sessions of a user, `limit` at most: the newest, by [`Times::created`](super::Times::created),
    /// come first. `user` is a
    /// [`user_key`](crate::user_key), and is compared exactly.
    ///
    /// A store that keeps [`Record::user_key`] in a column writes it with each update: a handler can remove
    /// the login from a session.
    ///
    /// # Errors
    /// The store does not answer.
    async fn of_user(
        &self,
        user: &str,
        limit: u32,
    ) -> Result<Vec<(SessionId, Record)>, Unavailable>;

    /// Valid sessions of all users, within these limits. Which users are left out does not matter.
    ///
    /// # Errors
    /// The store does not answer.
    async fn newest(&self, limits: ListLimits) -> Result<Vec<(SessionId, Record)>, Unavailable>;

    /// The first `limit` sessions whose ID is greater than `after`, in the order of their IDs, to read all
    /// of them piece by piece. The record is `None` when the session has expired or cannot be read.
    ///
    /// The caller may have deleted the session `after`. Any order of the IDs will do, if it stays. An expired
    /// session counts for `limit`: an empty answer means that there are no more.
    ///
    /// # Errors
    /// The store does not answer.
    async fn scan(
        &self,
        after: Option<&SessionId>,
        limit: u32,
    ) -> Result<Vec<(SessionId, Option<Record>)>, Unavailable>;

    /// Deletes the sessions, and keeps the reason for a day ([`REASON_KEPT`](super::REASON_KEPT)). Returns how
    /// many were there, expired ones included or not. There may be a thousand IDs.
    ///
    /// # Errors
    /// The store does not answer.
    async fn revoke(&self, ids: &[SessionId], reason: &RevokeReason) -> Result<u64, Unavailable>;

    /// Why this session was revoked; `None` when it was not, or more than a day ago.
    ///
    /// # Errors
    /// The store does not answer.
    async fn revoke_reason(&self, id: &SessionId) -> Result<Option<RevokeReason>, Unavailable>;
}
