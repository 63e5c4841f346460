//! Time in words: a moment as `<time>` shows it, and how long to wait.

use std::time::Duration;

use serde::Serialize;

use crate::session::Timestamp;

/// A moment, for machines and for people.
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

/// Rounded up: a second before that it would be refused again.
pub fn whole_seconds(wait: Duration) -> u64 {
    wait.as_millis().div_ceil(1000).try_into().unwrap_or(u64::MAX)
}

/// "in 5 seconds", "in 40 minutes", "in 2 hours"; never too early.
pub fn in_words(wait: Duration) -> String {
    let (number, unit) = match whole_seconds(wait) {
        seconds @ 0..=90 => (seconds, "second"),
        seconds @ 91..=5400 => (seconds.div_ceil(60), "minute"),
        seconds => (seconds.div_ceil(60 * 60), "hour"),
    };
    format!("in {number} {unit}{}", if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_told_in_words_and_never_too_short() {
        let check = |seconds: f64, expected: &str| {
            assert_eq!(in_words(Duration::from_secs_f64(seconds)), expected);
        };
        check(0.2, "in 1 second");
        check(59.5, "in 60 seconds");
        check(91.0, "in 2 minutes");
        check(5400.0, "in 90 minutes");
        check(5401.0, "in 2 hours");
    }
}
