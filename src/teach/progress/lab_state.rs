//! The state of a learner's labs: switches, and tickets that were set aside.

use serde::{Deserialize, Serialize};

/// The labs of one learner.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct LabState {
    /// The options of the lab's sessions.
    pub switches: Switches,
    /// The last genuine ticket that the lab gave out: the cookie's value.
    pub ticket: Option<String>,
    /// The ticket of the decoy account.
    pub decoy: Option<String>,
}

/// The options of express-session that a learner can change.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Switches {
    /// `resave`.
    pub resave: bool,
    /// `saveUninitialized`.
    pub save_uninitialized: bool,
    /// `touchAfter`, of half an hour.
    pub touch_after: bool,
    /// `collectionName`: another collection.
    pub other_collection: bool,
    /// A `cookie.maxAge` of one day instead of one hour.
    pub one_day: bool,
    /// `rolling`.
    pub rolling: bool,
    /// `secret`.
    pub secret: Secret,
}

/// The secrets that the lab signs and verifies with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Secret {
    /// The first secret alone.
    #[default]
    First,
    /// A new secret alone.
    New,
    /// The new secret signs, and both verify.
    Both,
}
