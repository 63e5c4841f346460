//! The state of a learner's labs: switches, and tickets that were set aside.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

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

/// The options of express-session that a learner can change. A form sends them as checkboxes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Switches {
    /// `resave`.
    #[serde(deserialize_with = "ticked")]
    pub resave: bool,
    /// `saveUninitialized`.
    #[serde(deserialize_with = "ticked")]
    pub save_uninitialized: bool,
    /// `touchAfter`, of half an hour.
    #[serde(deserialize_with = "ticked")]
    pub touch_after: bool,
    /// `collectionName`: another collection.
    #[serde(deserialize_with = "ticked")]
    pub other_collection: bool,
    /// A `cookie.maxAge` of one day instead of one hour.
    #[serde(deserialize_with = "ticked")]
    pub one_day: bool,
    /// `rolling`.
    #[serde(deserialize_with = "ticked")]
    pub rolling: bool,
    /// `secret`.
    pub secret: Secret,
}

/// A stored switch, or the text of a checkbox. A form leaves out a checkbox that is off.
fn ticked<'de, D: Deserializer<'de>>(from: D) -> Result<bool, D::Error> {
    Value::deserialize(from).map(|value| value == true || value.is_string())
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
