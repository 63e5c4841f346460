//! Who is in the class, and how far each learner is: the accounts, sessions and progress that the class's
//! pages list.

use rocket::{Orbit, Rocket};
use rocket_express_session::{ListLimits, SessionInfo, Sessions};

use super::progress::ProgressStore;
use crate::auth::{LocalStrategy, UserId};
use crate::db::{Unavailable, in_time};

/// The accounts that a page lists. A page with more than a school has is of no use.
pub(super) const MAX_USERS: u32 = 2_000;

/// The sessions that a page lists. A script can make any number of them, with or without an account.
pub(super) const LISTED: ListLimits = ListLimits { users: MAX_USERS, per_user: 50, anonymous: 100 };

/// The stores that say who is in the class.
#[derive(Clone, Copy)]
pub(super) struct ClassData<'r> {
    /// The sessions of the site, not those of the labs.
    pub sessions: &'r Sessions,
    /// It has the accounts.
    pub strategy: &'r LocalStrategy,
    pub progress: &'r ProgressStore,
}

impl<'r> ClassData<'r> {
    /// The stores of this site; `None` without teaching.
    pub(super) fn of(rocket: &'r Rocket<Orbit>) -> Option<Self> {
        let (sessions, strategy, progress) = (rocket.state()?, rocket.state()?, rocket.state()?);
        Some(Self { sessions, strategy, progress })
    }

    /// The anonymous sessions that a page lists.
    pub(super) async fn list_guests(&self) -> Result<Vec<SessionInfo>, Unavailable> {
        let mut listed = self.list(ListLimits { users: 0, ..LISTED }).await?;
        listed.retain(|session| session.user.is_none());
        Ok(listed)
    }

    /// The sessions within these limits. One of another program may name no possible user: it is anonymous.
    pub(super) async fn list(&self, limits: ListLimits) -> Result<Vec<SessionInfo>, Unavailable> {
        let mut listed = in_time(self.sessions.admin().list(limits)).await??;
        for info in &mut listed {
            info.user.take_if(|user| UserId::from_hex(user).is_none());
        }
        Ok(listed)
    }
}
