//! All sessions there are, for an admin: the caller checks who that is.

use crate::error::Unavailable;
use crate::sessions::Sessions;
use crate::signature::SessionId;
use crate::store::{ListLimits, Record, RevokeReason};
use crate::user_sessions::{MAX_LISTED, UserSession, revoke_all};

/// Sessions that are read together: each may have 100 KB in it.
const PIECE: u32 = 500;

/// A session as an admin may see it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SessionInfo {
    /// Which browser, and from when to when.
    pub session: UserSession,
    /// The user who is logged in, as a [`user_key`](crate::user_key); `None` when the session is anonymous.
    pub user: Option<String>,
    /// The first characters of its ID.
    pub short_id: String,
    /// What the store holds.
    pub record: Record,
}

/// All sessions of a kind: see [`Sessions::admin`].
///
/// Whether the caller may see and revoke them is for the caller to check. Needs a store that is a
/// [`Registry`](crate::store::Registry). No whole session ID gets out.
pub struct Admin<'s>(&'s Sessions);

impl Sessions {
    /// All sessions of this kind, to list and to revoke.
    ///
    /// ```
    /// use rocket::State;
    /// use rocket_express_session::{RevokeReason, Sessions, Unavailable};
    ///
    /// #[rocket::post("/users/<user>/log-out")]
    /// async fn log_out(user: &str, sessions: &State<Sessions>) -> Result<String, Unavailable> {
    ///     // Check that an admin asks, here or in a guard.
    ///     let revoked = sessions.admin().revoke_user(user, RevokeReason::new("by an admin")).await?;
    ///     Ok(format!("{revoked} sessions have ended"))
    /// }
    /// ```
    pub fn admin(&self) -> Admin<'_> {
        Admin(self)
    }
}

impl Admin<'_> {
    /// Valid sessions, within these limits.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn list(&self, limits: ListLimits) -> Result<Vec<SessionInfo>, Unavailable> {
        let all = self.valid(limits).await?;
        Ok(all.iter().map(|(id, record)| self.info(id, record)).collect())
    }

    /// The number of valid sessions of a user, who is named by a [`user_key`](crate::user_key); at most
    /// [`MAX_LISTED`].
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn count_user(&self, user: &str) -> Result<usize, Unavailable> {
        let found = self.0.registry()?.of_user(user, MAX_LISTED);
        let found = self.0.in_time(None, found).await?;
        Ok(found.iter().filter(|(_, record)| !self.0.is_past_absolute(record)).count())
    }

    /// Revokes all sessions of a user, who is named by a [`user_key`](crate::user_key); returns how many.
    ///
    /// # Errors
    /// The store does not answer; some may have been revoked.
    pub async fn revoke_user(&self, user: &str, reason: RevokeReason) -> Result<u64, Unavailable> {
        revoke_all(self.0, user, None, &reason, None).await
    }

    /// Revokes those of the listed sessions that `which` picks; returns how many.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn revoke_listed(
        &self,
        limits: ListLimits,
        reason: RevokeReason,
        which: impl Fn(&SessionInfo) -> bool,
    ) -> Result<u64, Unavailable> {
        let all = self.valid(limits).await?.into_iter();
        let picked = all.filter(|(id, record)| which(&self.info(id, record)));
        self.revoke(picked.map(|(id, _)| id).collect(), &reason).await
    }

    /// Revokes all sessions that `which` picks, however many there are; returns how many.
    ///
    /// # Errors
    /// The store does not answer; some may have been revoked.
    pub async fn revoke_where(
        &self,
        reason: RevokeReason,
        which: impl Fn(&SessionInfo) -> bool,
    ) -> Result<u64, Unavailable> {
        let (mut revoked, mut last) = (0, None);
        loop {
            let scan = self.0.registry()?.scan(last.as_ref(), PIECE);
            let piece = self.0.in_time(None, scan).await?;
            let Some((end, _)) = piece.last() else { return Ok(revoked) };
            last = Some(end.clone());
            let picked = piece.into_iter().filter(|(id, record)| {
                record.as_ref().is_some_and(|record| which(&self.info(id, record)))
            });
            revoked += self.revoke(picked.map(|(id, _)| id).collect(), &reason).await?;
        }
    }

    async fn revoke(&self, ids: Vec<SessionId>, reason: &RevokeReason) -> Result<u64, Unavailable> {
        self.0.revoke(&ids, reason, None).await
    }

    async fn valid(&self, limits: ListLimits) -> Result<Vec<(SessionId, Record)>, Unavailable> {
        let mut all = self.0.in_time(None, self.0.registry()?.newest(limits)).await?;
        all.retain(|(_, record)| !self.0.is_past_absolute(record));
        Ok(all)
    }

    fn info(&self, id: &SessionId, record: &Record) -> SessionInfo {
        SessionInfo {
            session: UserSession::new(self.0, id, record),
            user: record.user_key(),
            short_id: id.prefix(),
            record: record.clone(),
        }
    }
}
