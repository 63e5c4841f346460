//! Who is in the class, and how far each learner is: the accounts, sessions and progress that the class's
//! pages list.

use rocket::{Orbit, Rocket};
use rocket_express_session::{ListLimits, SessionInfo, Sessions};

use super::progress::ProgressStore;
use crate::auth::{LocalStrategy, UserId, Users};
use crate::db::{Unavailable, in_time};

/// The accounts that a page lists. A page with more than a school has is of no use.
pub(super) const MAX_USERS: u32 = 2_000;

/// The sessions that a page lists. Each visitor who guesses in a lesson can make an anonymous session, and
/// a script can log in any number of times.
pub(super) const LISTED: ListLimits = ListLimits { users: MAX_USERS, per_user: 50, anonymous: 100 };

/// The stores that say who is in the class.
#[derive(Clone, Copy)]
pub(super) struct ClassData<'r> {
    /// The site's sessions.
    pub sessions: &'r Sessions,
    /// The accounts.
    pub users: &'r dyn Users,
    /// The progress of each user.
    pub progress: &'r ProgressStore,
}

impl<'r> ClassData<'r> {
    /// The stores of this site; `None` without teaching.
    pub(super) fn of(rocket: &'r Rocket<Orbit>) -> Option<Self> {
        let strategy: &LocalStrategy = rocket.state()?;
        let (sessions, progress) = (rocket.state()?, rocket.state()?);
        Some(Self { sessions, users: &*strategy.users, progress })
    }

    /// The sessions that a page lists.
    ///
    /// # Errors
    /// The store does not answer.
    pub(super) async fn list_sessions(&self) -> Result<Vec<SessionInfo>, Unavailable> {
        self.list_sessions_within(LISTED).await
    }

    /// The anonymous sessions that a page lists.
    ///
    /// # Errors
    /// The store does not answer.
    pub(super) async fn list_guests(&self) -> Result<Vec<SessionInfo>, Unavailable> {
        let mut listed = self.list_sessions_within(ListLimits { users: 0, ..LISTED }).await?;
        listed.retain(|session| session.user.is_none());
        Ok(listed)
    }

    /// A session of another program may name a user with an ID that no account can have: it is anonymous.
    async fn list_sessions_within(
        &self,
        limits: ListLimits,
    ) -> Result<Vec<SessionInfo>, Unavailable> {
        let mut listed = in_time(self.sessions.admin().list(limits)).await??;
        for info in &mut listed {
            info.user.take_if(|user| UserId::from_hex(user).is_none());
        }
        Ok(listed)
    }
}
