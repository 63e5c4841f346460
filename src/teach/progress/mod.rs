//! How far a learner is in the lessons: by the user's ID, in a collection of its own, so that logging
//! out loses nothing; before the login in the session, from where the login takes it along.

mod learner;
mod carry;
mod store;

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

pub use carry::stage as carry;
pub(in crate::teach) use learner::KEY;
pub use learner::Learner;
pub use store::{COLLECTION, ProgressStore, Which};

use crate::teach::labs::Bench;
use crate::teach::lessons::Lesson;
use crate::trace::Exchange;

/// All lessons of one learner, and the learner's lab bench.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Progress {
    /// By slug.
    pub lessons: BTreeMap<String, State>,
    /// What stands on it, for all labs.
    pub bench: Bench,
    /// Since when help is wanted: milliseconds since 1970.
    pub help: Option<i64>,
}

impl Progress {
    /// How far they are in this lesson.
    pub fn state(&mut self, lesson: &Lesson) -> &mut State {
        self.lessons.entry(lesson.slug.to_owned()).or_default()
    }
}

/// One lesson of one learner.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct State {
    /// What was done before it is no evidence.
    pub guess: Option<Guess>,
    /// The right answer was given, where there is one to be typed.
    pub answered: bool,
    /// The last answer was not right.
    pub mistaken: bool,
    /// The goals that are reached, by name.
    pub reached: BTreeMap<String, Proof>,
    /// It was left out.
    pub skipped: bool,
}

/// What the learner thought would happen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Guess {
    /// The option, from 0.
    pub choice: usize,
    /// When: milliseconds since 1970.
    pub at: i64,
}

/// By what it is known that a goal is reached. The words around it are the lesson's, which may be
/// translated after it was reached.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Proof {
    /// The exchanges, by the name that the words have for each: their numbers.
    pub exchanges: BTreeMap<String, u64>,
    /// What was seen in them, by name as well.
    pub facts: BTreeMap<String, String>,
}

impl Proof {
    /// One exchange, which the words call `{exchange}`.
    pub fn by(exchange: &Exchange) -> Self {
        Self::default().and("exchange", exchange)
    }

    /// An exchange with a name of its own.
    pub fn and(mut self, name: &str, exchange: &Exchange) -> Self {
        self.exchanges.insert(name.to_owned(), exchange.number);
        self
    }

    /// Something that was seen.
    pub fn with(mut self, name: &str, fact: impl ToString) -> Self {
        self.facts.insert(name.to_owned(), fact.to_string());
        self
    }
}

/// Milliseconds since 1970.
pub fn millis(moment: SystemTime) -> i64 {
    let since = moment.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
