//! The labs: a second session engine, to be broken at will.
//!
//! It has a cookie of its own (`lab.sid`, for `/lab` only), a collection of its own and accounts
//! that are not real, so no switch in here ever weakens the login of the site. What a learner has
//! set stands on the learner's [`Bench`], on the server.

mod bench;
mod server;
mod servers;
mod cookies;
mod actions;
mod pages;

pub use bench::Bench;
pub use pages::routes;
pub use server::{COLLECTION, ENDED, Labs};

use crate::teach::lessons::Lesson;
use crate::trace::{self, Step};

/// A fact for the checks of a lesson.
fn note(lesson: &'static Lesson, fact: &str, number: i64) {
    trace::note(|| Step::Lab { lesson: lesson.slug, fact: fact.to_owned(), number });
}

/// Of the lab's session.
pub const COOKIE: &str = "lab.sid";

/// Of the session in the lab server's memory.
pub const MEMORY_COOKIE: &str = "lab.memory";

/// More than a browser keeps.
pub const BIG_COOKIE: &str = "lab.big";

/// One that holds its data itself, in base64.
pub const NOTE_COOKIE: &str = "lab.note";

/// One that holds a password, in base64.
pub const OLD_COOKIE: &str = "lab.old";

/// All of them.
pub const COOKIES: [&str; 5] = [COOKIE, MEMORY_COOKIE, BIG_COOKIE, NOTE_COOKIE, OLD_COOKIE];

/// The part of the site that gets the lab's cookies.
const PATH: &str = "/lab";

/// The decoy account, its password, and the colour that a cookie without a secret tells.
pub const DECOY: &str = "oskar";
/// See [`DECOY`].
pub const DECOY_PASSWORD: &str = "umbrella-17";
/// See [`DECOY`].
pub const COLOUR: &str = "green";
