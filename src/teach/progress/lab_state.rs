//! The state of a learner's labs: switches, and tickets that were set aside.

use rocket_express_session::SessionId;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct LabState {
    pub switches: Switches,
    /// The last genuine ticket that the lab gave out: the cookie's value.
    pub ticket: Option<String>,
    /// The ticket of Oskar's session in lesson 6: the cookie's value.
    pub decoy: Option<String>,
    pub hidden: Option<Hidden>,
    /// The learner's last genuine ticket in lesson 5, and Oskar's.
    pub signed: Option<String>,
    pub leaked: Option<String>,
    /// The values of the two cookies of lesson 7, random.
    pub pair: Option<[String; 2]>,
    /// In lesson 7: a script has signed the guest book, and the learner has mended it.
    pub is_signed: bool,
    pub is_escaped: bool,
    /// When the lab gave the cookies of lesson 8, in milliseconds since 1970.
    pub given: Option<i64>,
    /// Mallory's ticket in lesson 9, and whether the learner's browser plays hers.
    pub mallory: Option<String>,
    pub is_mallory: bool,
    /// The last token that lesson 14 made: to compare one that was changed, and the learner's answer.
    pub token: Option<String>,
}

impl LabState {
    /// What the labs hide. The first lab that needs it draws it.
    pub(crate) fn hidden(&mut self) -> &Hidden {
        self.hidden.get_or_insert_with(Hidden::random)
    }
}

/// What the labs hide: random, so one learner's answers do not help another.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Hidden {
    /// In the cookie `lab.note`.
    pub colour: String,
    /// The name of Oskar, who has no account on the site, and the password in the cookie `lab.old`.
    pub oskar: String,
    pub password: String,
    /// Signs the tickets of lesson 5: none of another learner, and none of another lab.
    pub secret: String,
}

impl Hidden {
    fn random() -> Self {
        let number = || rand::random_range(1_000..10_000);
        Self {
            colour: format!("#{:06x}", rand::random_range(0..0x0100_0000)),
            oskar: format!("oskar-{}", number()),
            password: format!("umbrella-{}", number()),
            secret: SessionId::generate().as_str().to_owned(),
        }
    }
}

/// The options of express-session that a learner can change. A form sends them as checkboxes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Switches {
    #[serde(deserialize_with = "ticked")]
    pub resave: bool,
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
    #[serde(deserialize_with = "ticked")]
    pub rolling: bool,
    pub secret: Secret,
    /// The learner's own secret, in place of all others.
    #[serde(skip)]
    pub own: Option<String>,
}

/// A stored switch, or the text of a checkbox. A form leaves out a checkbox that is off.
fn ticked<'de, D: Deserializer<'de>>(from: D) -> Result<bool, D::Error> {
    Value::deserialize(from).map(|value| value == true || value.is_string())
}

/// The secret that the lab signs and verifies with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Secret {
    #[default]
    First,
    New,
    /// The new secret signs, and both verify.
    Both,
}
