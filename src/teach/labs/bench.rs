//! What a learner has set up in the labs: switches, and tickets kept aside.

use serde::{Deserialize, Serialize};

/// One learner's.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Bench {
    /// Of the lab's engine.
    pub switches: Switches,
    /// The last genuine ticket that the lab gave out: the cookie's value.
    pub ticket: Option<String>,
    /// The decoy's.
    pub decoy: Option<String>,
}

/// The options of express-session that the lab lets one change.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Switches {
    /// `resave`.
    pub resave: bool,
    /// `saveUninitialized`.
    pub save_uninitialized: bool,
    /// `cookie.maxAge` of one day, rather than one hour.
    pub one_day: bool,
    /// `secret`.
    pub secret: Secret,
}

/// With which secrets the lab signs and verifies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Secret {
    /// The one that it began with.
    #[default]
    First,
    /// A new one alone.
    New,
    /// The new one signs, both verify.
    Both,
}
