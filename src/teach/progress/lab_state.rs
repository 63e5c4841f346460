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
    /// The ticket of Oskar's session in lesson 6: the cookie's value.
    pub decoy: Option<String>,
    /// The name of this learner's Oskar.
    pub oskar: Option<String>,
    /// The colour in the note that the learner got.
    pub colour: Option<String>,
    /// The password in the old cookie that the learner got.
    pub password: Option<String>,
    /// The secret of lesson 5. It signs no cookie of another learner, and none of another lab.
    pub secret: Option<String>,
    /// The learner's last genuine ticket in lesson 5, and Oskar's.
    pub signed: Option<String>,
    pub leaked: Option<String>,
}

/// The options of express-session that a learner can change.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Switches {
    /// `resave`.
    pub resave: bool,
    /// `saveUninitialized`.
    pub save_uninitialized: bool,
    /// A `cookie.maxAge` of one day instead of one hour.
    pub one_day: bool,
    /// `secret`.
    pub secret: Secret,
    /// The learner's own secret, in place of all others.
    #[serde(skip)]
    pub own: Option<String>,
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
