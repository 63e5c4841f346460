//! How far somebody is in the lessons: by the user's id, in a collection of its own, so that logging
//! out loses nothing; before the login in the session, from where the login takes it along.

mod learner;
mod carry;
mod store;

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

pub use carry::stage as carry;
pub use learner::Learner;
pub use store::ProgressStore;

use crate::teach::labs::Bench;

/// All lessons of one learner, and the learner's lab bench.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Progress {
    /// By slug.
    pub lessons: BTreeMap<String, State>,
    /// What stands on it, for all labs.
    pub bench: Bench,
}

/// One lesson of one learner.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct State {
    /// The option that was chosen, and when: milliseconds since 1970. What was done before that is
    /// no evidence.
    pub predicted: Option<usize>,
    /// See `predicted`.
    pub since: i64,
    /// The right answer was given, where there is one to be typed.
    pub answered: bool,
    /// The last answer was not right.
    pub mistaken: bool,
    /// The goals that are reached, each with its evidence.
    pub reached: BTreeMap<String, String>,
    /// All of them are.
    pub solved: bool,
    /// It was left out.
    pub skipped: bool,
}

/// Milliseconds since 1970.
pub fn millis(moment: SystemTime) -> i64 {
    let since = moment.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
