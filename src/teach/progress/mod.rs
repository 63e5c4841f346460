//! How far each learner is in the lessons.
//!
//! The progress of a user is stored by the user's ID in a collection of its own, so it survives a logout
//! (`store.rs`). The progress of an anonymous visitor is in the session (`learner.rs`), and moves to the user
//! at login (`claim_progress.rs`). Lessons and goals are stored by name; this folder knows no lesson.

mod lab_state;
mod learner;
mod claim_progress;
mod store;

use std::collections::BTreeMap;

use rocket_express_session::SessionInfo;
use serde::{Deserialize, Serialize};

pub(super) use claim_progress::stage as claim_progress;
pub(super) use lab_state::{LabState, Secret, Switches};
pub(super) use learner::Learner;
pub(super) use store::{ProgressStore, Scope};

use crate::trace::Exchange;

/// The session key of an anonymous visitor's progress.
const KEY: &str = "learning";

/// The progress of one learner in all lessons.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Progress {
    /// Each lesson that was begun, by slug.
    pub lessons: BTreeMap<String, LessonState>,
    /// The state of the learner's labs.
    #[serde(rename = "bench")]
    pub lab: LabState,
    /// The time when the learner asked for help, in milliseconds since 1970.
    pub help: Option<i64>,
}

impl Progress {
    /// The state of the lesson with this slug; a new one if the lesson was not begun.
    pub(super) fn lesson(&mut self, slug: &str) -> &mut LessonState {
        self.lessons.entry(slug.to_owned()).or_default()
    }

    /// The progress in an anonymous session.
    pub(super) fn of_guest(session: &SessionInfo) -> Self {
        let progress = session.record.data().values.get(KEY);
        progress.and_then(|value| serde_json::from_str(value.get()).ok()).unwrap_or_default()
    }
}

/// The state of one lesson of one learner.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct LessonState {
    /// The learner's guess. Only exchanges after it are evidence.
    pub guess: Option<Guess>,
    /// The right answer was given, in a lesson that asks for one.
    pub answered: bool,
    /// The last answer was wrong.
    pub mistaken: bool,
    /// The goals that were reached, by name.
    pub reached: BTreeMap<String, Proof>,
    /// The learner has skipped the lesson.
    pub skipped: bool,
}

/// The outcome that the learner predicted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Guess {
    /// The number of the option, from 0.
    pub choice: usize,
    /// The time of the guess, in milliseconds since 1970.
    pub at: i64,
}

/// Evidence that a goal was reached. The sentence around it is in the lesson's texts, which may be
/// translated later.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Proof {
    /// The numbers of the exchanges, by the name that the sentence has for each.
    pub exchanges: BTreeMap<String, u64>,
    /// The facts that were found in them, by name.
    pub facts: BTreeMap<String, String>,
}

impl Proof {
    /// A proof by one exchange, which the sentence calls `{exchange}`.
    pub(super) fn from(exchange: &Exchange) -> Self {
        Self::default().add("exchange", exchange)
    }

    /// The proof with one more exchange.
    pub(super) fn add(mut self, name: &str, exchange: &Exchange) -> Self {
        self.exchanges.insert(name.to_owned(), exchange.number);
        self
    }

    /// The proof with one more fact.
    pub(super) fn fact(mut self, name: &str, fact: impl ToString) -> Self {
        self.facts.insert(name.to_owned(), fact.to_string());
        self
    }
}
