//! All that the class is read from and changed in, and what can be done to its accounts and sessions.
//!
//! A guard for the pages, and made by hand for a command (`commands.rs`).

use rocket::Request;
use rocket::http::Status;
use rocket::request::{FromRequest, Outcome};
use rocket_express_session::{ListLimits, SessionInfo, Sessions};

use super::control::Class;
use super::guesses::Counted;
use super::invitation::address;
use crate::auth::{LocalStrategy, User, UserId};
use crate::db::{Unavailable, in_time};
use crate::teach::labs::Labs;
use crate::teach::lessons::Contents;
use crate::teach::progress::ProgressStore;
use crate::trace::Recorder;

/// A school, not a town: a page of more than this is of no use.
const MOST: u32 = 2_000;

/// The sessions that a page shows. Each visitor who guesses in a lesson can make one in which no user
/// is logged in, and a script makes as many logins as it likes.
pub const SHOWN: ListLimits = ListLimits { users: MOST, per_user: 50, anonymous: 100 };

/// All that is read and changed here.
pub struct Room<'r> {
    /// The site's sessions.
    pub sessions: &'r Sessions,
    /// The accounts.
    pub strategy: &'r LocalStrategy,
    /// How far each student is.
    pub progress: &'r ProgressStore,
    /// How long each lesson should take.
    pub contents: &'r Contents,
    /// What the teacher has set.
    pub class: &'r Class,
    /// What students have in their labs.
    pub labs: &'r Labs,
    /// What was recorded, by this process.
    pub recorder: &'r Recorder,
    /// The guesses that the whole class sees.
    pub counted: &'r Counted,
    /// Where students find this server; `None` when it listens to this machine alone.
    pub address: Option<String>,
}

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Room<'r> {
    type Error = ();

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, ()> {
        let rocket = request.rocket();
        let room = || {
            Some(Self {
                sessions: rocket.state()?,
                strategy: rocket.state()?,
                progress: rocket.state()?,
                contents: rocket.state()?,
                class: rocket.state()?,
                labs: rocket.state()?,
                recorder: rocket.state()?,
                counted: rocket.state()?,
                address: address(rocket.config()),
            })
        };
        match room() {
            Some(room) => Outcome::Success(room),
            None => Outcome::Error((Status::InternalServerError, ())),
        }
    }
}

impl Room<'_> {
    /// All sessions that a page shows.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn shown_sessions(&self) -> Result<Vec<SessionInfo>, Unavailable> {
        self.list_sessions(SHOWN).await
    }

    /// Sessions within these limits. An ID that no account here can have, which another program may have
    /// stored, is none.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn list_sessions(&self, limits: ListLimits) -> Result<Vec<SessionInfo>, Unavailable> {
        let mut listed = in_time(self.sessions.admin().list(limits)).await??;
        for info in &mut listed {
            info.user.take_if(|user| UserId::from_hex(user).is_none());
        }
        Ok(listed)
    }

    /// The accounts that a page shows.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn users(&self) -> Result<Vec<User>, Unavailable> {
        self.strategy.users.all(MOST).await
    }

    /// All accounts, however many there are.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn all_users(&self) -> Result<Vec<User>, Unavailable> {
        self.strategy.users.all(u32::MAX).await
    }
}
