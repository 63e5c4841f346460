//! How far each learner is in the lessons.
//!
//! The progress of a user is stored by the user's ID in a collection of its own, so it survives a logout. The
//! progress of an anonymous visitor is in the session and ends with it: students share computers.

mod lab_state;
mod learner;
mod store;

use std::collections::BTreeMap;

use rocket_express_session::{SessionInfo, Timestamp};
use serde::{Deserialize, Serialize};

pub(super) use lab_state::{Hidden, LabState, Secret, Switches};
pub(super) use learner::Learner;
pub(super) use store::ProgressStore;

use crate::trace::Exchange;

/// The session key of an anonymous visitor's progress.
const KEY: &str = "learning";

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Progress {
    /// Each lesson that was begun, by slug.
    pub lessons: BTreeMap<String, LessonState>,
    #[serde(rename = "bench")]
    pub lab: LabState,
    /// The tests that were handed in: the number of the option chosen for each question, or `None`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub tests: BTreeMap<Phase, Vec<Option<usize>>>,
    /// The time when the learner asked for help, in milliseconds since 1970.
    pub help: Option<i64>,
    /// The handle of the session in which the learner did.
    pub help_session: Option<String>,
}

/// Milliseconds of a school day. After it, no request for help counts, and no student is stuck.
pub(super) const SCHOOL_DAY: i64 = 4 * 60 * 60_000;

impl Progress {
    /// The time of the request for help. It ends with its session (`is_open`, by handle), and with the day.
    pub(crate) fn help_since(&self, is_open: impl Fn(&str) -> bool) -> Option<Timestamp> {
        let asked = Timestamp::from_millis(self.help?);
        let counts = self.help_session.as_deref().is_some_and(is_open);
        (counts && Timestamp::now().since(asked) < SCHOOL_DAY).then_some(asked)
    }

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

/// When the test is taken: before the first lesson, or after the last one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Phase {
    Before,
    After,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct LessonState {
    /// The learner's guess. Only exchanges after it are evidence.
    pub guess: Option<Guess>,
    /// The guess was wrong, and the learner has chosen the right option since.
    pub corrected: bool,
    /// The session's document at the time of the guess, in the lesson that compares it.
    pub before: Option<String>,
    /// The right answer was given, in a lesson that asks for one.
    pub answered: bool,
    pub mistaken: bool,
    /// The goals that were reached, by name.
    pub reached: BTreeMap<String, Proof>,
    /// The number of wrong answers to the final question. Each draws another question.
    pub wrong: u32,
    /// The last wrong answer to the final question: the numbers of the question and of the option.
    pub mistake: Option<(usize, usize)>,
    /// The time of the right answer to the final question, in milliseconds since 1970.
    pub understood: Option<i64>,
    pub skipped: bool,
}

impl LessonState {
    /// The request of this name in the proofs.
    pub(super) fn exchange(&self, name: &str) -> Option<&NamedExchange> {
        self.reached.values().find_map(|proof| proof.requests.get(name))
    }

    /// The number of the request of this name in the proofs, or the fact of this name.
    pub(super) fn fact(&self, name: &str) -> Option<String> {
        let number = self.exchange(name).map(|exchange| exchange.number.to_string());
        let fact = || self.reached.values().find_map(|proof| proof.facts.get(name));
        number.or_else(|| Some(fact()?.replace('`', "'")))
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Guess {
    /// The number of the option, from 0.
    pub choice: usize,
    /// `None` if the learner did not say.
    #[serde(default)]
    pub sure: Option<Confidence>,
    /// The time of the guess, in milliseconds since 1970.
    pub at: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Confidence {
    Guess,
    Fairly,
    Certain,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct NamedExchange {
    pub id: String,
    /// The number among the exchanges of its browser.
    pub number: u64,
}

/// Evidence that a goal was reached. The sentence around it is in the lesson's texts.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Proof {
    /// The exchanges, by the name that the sentence has for each. A proof of the first edition has none.
    pub requests: BTreeMap<String, NamedExchange>,
    /// The facts that were found in them, by name.
    pub facts: BTreeMap<String, String>,
}

impl Proof {
    pub(super) fn of(name: &str, exchange: &Exchange) -> Self {
        Self::default().add(name, exchange)
    }

    /// A proof with all of these exchanges; `None` if one was not found.
    pub(super) fn all<const N: usize>(found: [(&str, Option<&Exchange>); N]) -> Option<Self> {
        let add = |proof: Self, (name, exchange): (&str, _)| Some(proof.add(name, exchange?));
        found.into_iter().try_fold(Self::default(), add)
    }

    pub(super) fn add(mut self, name: &str, exchange: &Exchange) -> Self {
        let named = NamedExchange { id: exchange.id.clone(), number: exchange.number };
        self.requests.insert(name.to_owned(), named);
        self
    }

    pub(super) fn fact(mut self, name: &str, fact: impl ToString) -> Self {
        self.facts.insert(name.to_owned(), fact.to_string());
        self
    }
}
