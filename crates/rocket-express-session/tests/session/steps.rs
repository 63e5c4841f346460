//! What a handler does to a session: a step of `/do?steps=`, and its effect on the values.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Value, json};

/// The values of a session, without its cookie.
pub type Values = BTreeMap<String, Value>;

/// A step of a handler, as in `/do?steps=`.
#[derive(Clone, Debug)]
pub enum Step {
    Set(&'static str, &'static str),
    Remove(&'static str),
    Count(&'static str),
    Push(&'static str, &'static str),
    Take(&'static str),
    Login,
    CycleId,
    Regenerate,
    Destroy,
    Save,
    Reload,
    Touch,
    MaxAge(Option<u64>),
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Set(key, value) => write!(f, "set:{key}={value}"),
            Self::Remove(key) => write!(f, "remove:{key}"),
            Self::Count(key) => write!(f, "count:{key}"),
            Self::Push(key, item) => write!(f, "push:{key}={item}"),
            Self::Take(key) => write!(f, "take:{key}"),
            Self::Login => write!(f, "login:rosa"),
            Self::CycleId => write!(f, "cycle_id"),
            Self::Regenerate => write!(f, "regenerate"),
            Self::Destroy => write!(f, "destroy"),
            Self::Save => write!(f, "save"),
            Self::Reload => write!(f, "reload"),
            Self::Touch => write!(f, "touch"),
            Self::MaxAge(None) => write!(f, "maxage:none"),
            Self::MaxAge(Some(age)) => write!(f, "maxage:{age}"),
        }
    }
}

impl Step {
    /// Does to values what the step does, if it is a change of a value. False when it refuses.
    pub fn change(&self, values: &mut Values) -> bool {
        match self {
            Self::Set(key, value) => _ = values.insert((*key).to_owned(), json!(value)),
            Self::Remove(key) | Self::Take(key) => _ = values.remove(*key),
            Self::Count(key) => {
                let number = match values.get(*key) {
                    None => 0,
                    Some(Value::Number(number)) => number.as_i64().expect("a whole number"),
                    Some(Value::String(text)) => text.parse().expect("one of our numbers"),
                    Some(_) => return false, // A list is no number.
                };
                values.insert((*key).to_owned(), json!(number + 1));
            }
            Self::Push(key, item) => {
                let list = values.get(*key).and_then(Value::as_array);
                let mut list = list.cloned().unwrap_or_default();
                list.push(json!(item));
                values.insert((*key).to_owned(), json!(list));
            }
            _ => {}
        }
        true
    }
}
