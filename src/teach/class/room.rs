//! All that the class is read from and changed in, and what can be done to its accounts and sessions.
//!
//! A guard for the pages, and made by hand for a command (`commands.rs`).

use std::sync::Arc;

use rocket::Request;
use rocket::http::Status;
use rocket::request::{FromRequest, Outcome};

use super::control::Class;
use super::guesses::Counted;
use super::invitation::address;
use crate::auth::{LocalStrategy, User};
use crate::db::Unavailable;
use crate::session::{Attended, Engine, Shown};
use crate::teach::labs::Labs;
use crate::teach::lessons::Contents;
use crate::teach::progress::ProgressStore;
use crate::trace::Recorder;

/// A school, not a town: a page of more than this helps nobody.
const MOST: u32 = 2_000;

/// The sessions that a page shows. Each visitor who guesses in a lesson can make one in which nobody
/// is logged in, and a script makes as many logins as it likes.
pub const SHOWN: Shown = Shown { logins: MOST, of_each: 50, others: 100 };

/// All that is read and changed here.
pub struct Room<'r> {
    /// The site's sessions.
    pub engine: &'r Arc<Engine>,
    /// The accounts.
    pub strategy: &'r LocalStrategy,
    /// How far everybody is.
    pub progress: &'r ProgressStore,
    /// How long each lesson should take.
    pub contents: &'r Contents,
    /// What the teacher has set.
    pub class: &'r Class,
    /// What students have in their labs.
    pub labs: &'r Labs,
    /// What was recorded, by this process.
    pub recorder: &'r Recorder,
    /// The guesses that everybody sees.
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
                engine: rocket.state()?,
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
    pub async fn sessions(&self) -> Result<Vec<Attended>, Unavailable> {
        self.engine.everybody(SHOWN).await
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
