//! A moment as `<time>` shows it: for machines, and for people.

use serde::Serialize;

use crate::session::Timestamp;

/// A moment, for templates.
#[derive(Serialize)]
pub struct Moment {
    iso: String,
    text: String,
}

impl From<Timestamp> for Moment {
    fn from(moment: Timestamp) -> Self {
        Self { iso: moment.to_iso(), text: moment.to_words() }
    }
}
