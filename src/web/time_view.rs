//! Times for pages: a moment for the `<time>` element, and a waiting time as text.

use std::time::Duration;

use rocket_express_session::Timestamp;
use serde::Serialize;
use time::OffsetDateTime;
use time::macros::format_description;

/// A moment, as an ISO date for machines and as text for people. `macros/times.html.tera` shows it.
#[derive(Serialize)]
pub struct TimeView {
    iso: String,
    text: String,
    /// The time of day, to the second.
    clock: String,
    /// The distance from now: "3 minutes ago", "in 14 days".
    relative: String,
}

impl From<Timestamp> for TimeView {
    fn from(moment: Timestamp) -> Self {
        Self {
            iso: moment.to_iso(),
            text: to_human(moment),
            clock: moment.to_iso()[11..19].to_owned() + " UTC",
            relative: relative_to(moment, Timestamp::now()),
        }
    }
}

/// A moment as text, such as `2 January 2026, 03:04 UTC`. The server does not know the reader's time zone.
pub(super) fn to_human(moment: Timestamp) -> String {
    let format =
        format_description!("[day padding:none] [month repr:long] [year], [hour]:[minute] UTC");
    let date = OffsetDateTime::from_unix_timestamp(moment.as_millis() / 1000);
    let words = date.ok().and_then(|date| date.format(format).ok());
    words.expect("a timestamp lies in the years 1970 to 9999")
}

/// The distance of a moment from `now`, rounded: "3 minutes ago", "in 14 days". `static/js/local-time.js`
/// rounds in the same way.
fn relative_to(moment: Timestamp, now: Timestamp) -> String {
    let distance = moment.since(now);
    let minutes = (distance.unsigned_abs() + 30_000) / 60_000;
    let amount = match minutes {
        0 if distance > 0 => return "in less than a minute".to_owned(),
        0 => return "just now".to_owned(),
        1..=59 => counted(minutes, "minute"),
        60..=1409 => counted((minutes + 30) / 60, "hour"),
        _ => counted((minutes + 720) / 1440, "day"),
    };
    if distance > 0 { format!("in {amount}") } else { format!("{amount} ago") }
}

/// A number and its unit: "1 hour", "2 hours".
fn counted(number: u64, unit: &str) -> String {
    format!("{number} {unit}{}", if number == 1 { "" } else { "s" })
}

/// The waiting time in seconds, rounded up. An earlier attempt would be rejected again.
pub(super) fn whole_seconds(wait: Duration) -> u64 {
    wait.as_millis().div_ceil(1000).try_into().unwrap_or(u64::MAX)
}

/// The waiting time as text, rounded up: "in 5 seconds", "in 40 minutes" or "in 2 hours".
pub fn humanize(wait: Duration) -> String {
    let (number, unit) = match whole_seconds(wait) {
        seconds @ 0..=90 => (seconds, "second"),
        seconds @ 91..=5400 => (seconds.div_ceil(60), "minute"),
        seconds => (seconds.div_ceil(60 * 60), "hour"),
    };
    format!("in {}", counted(number, unit))
}

/// A duration of the settings as text, in the largest unit that fits: "14 days", "90 minutes".
pub(super) fn in_words(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let units = [("day", 24 * 60 * 60), ("hour", 60 * 60), ("minute", 60)];
    let fits = |(_, length): &(&str, u64)| seconds > 0 && seconds.is_multiple_of(*length);
    let (unit, length) = units.into_iter().find(fits).unwrap_or(("second", 1));
    counted(seconds / length, unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_told_by_its_rounded_distance_from_now() {
        let now = Timestamp::from_millis(1_767_323_045_678);
        for (seconds, expected) in [
            (0, "just now"),
            (-29, "just now"),
            (29, "in less than a minute"),
            (-30, "1 minute ago"),
            (-89, "1 minute ago"),
            (-90, "2 minutes ago"),
            (-59 * 60 - 29, "59 minutes ago"),
            (-59 * 60 - 30, "1 hour ago"),
            (90 * 60, "in 2 hours"),
            (23 * 3600 + 1769, "in 23 hours"),
            (23 * 3600 + 1770, "in 1 day"),
            (14 * 86_400 - 1, "in 14 days"),
            (-400 * 86_400, "400 days ago"),
        ] {
            assert_eq!(relative_to(now.plus_millis(seconds * 1000), now), expected, "{seconds}");
        }
    }

    #[test]
    fn a_duration_is_told_in_the_largest_unit_that_fits() {
        for (seconds, expected) in [
            (14 * 86_400, "14 days"),
            (86_400, "1 day"),
            (36 * 3600, "36 hours"),
            (5400, "90 minutes"),
            (61, "61 seconds"),
            (1, "1 second"),
        ] {
            assert_eq!(in_words(Duration::from_secs(seconds)), expected);
        }
    }

    #[test]
    fn a_wait_is_told_in_words_and_never_too_short() {
        let check = |seconds: f64, expected: &str| {
            assert_eq!(humanize(Duration::from_secs_f64(seconds)), expected);
        };
        check(0.2, "in 1 second");
        check(59.5, "in 60 seconds");
        check(91.0, "in 2 minutes");
        check(5400.0, "in 90 minutes");
        check(5401.0, "in 2 hours");
    }
}
