//! JavaScript's values in Rust: dates, and raw JSON with JavaScript's truth and numbers.
//!
//! A JavaScript program may share the sessions. `cookie_record.rs` reads the attributes of a cookie by these
//! rules, and `changes.rs` the number that an increment adds to.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::Number;
use serde_json::value::RawValue;
use time::format_description::well_known::{Rfc2822, Rfc3339};
use time::macros::format_description;
use time::{OffsetDateTime, UtcOffset};

/// The last millisecond of the year 9999, the latest that HTTP dates and RFC 3339 can write.
const LATEST: i64 = 253_402_300_799_999;

/// A point in time, in milliseconds since 1970-01-01 UTC, as JavaScript's `Date` and BSON's dates are.
///
/// Always within the years 1970 to 9999, which HTTP dates and RFC 3339 can write.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The present, by the system's clock.
    pub fn now() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self(millis(since))
    }

    /// The time of a JavaScript number. A time outside the years 1970 to 9999 is moved into them.
    pub fn from_millis(millis: i64) -> Self {
        Self(millis.clamp(0, LATEST))
    }

    /// The time as a JavaScript number.
    pub fn as_millis(self) -> i64 {
        self.0
    }

    /// The time `millis` milliseconds later, or earlier when negative.
    pub fn plus_millis(self, millis: i64) -> Self {
        Self::from_millis(self.0.saturating_add(millis))
    }

    /// The time `duration` later.
    pub fn plus(self, duration: Duration) -> Self {
        self.plus_millis(millis(duration))
    }

    /// Milliseconds from `earlier` to this time; negative when `earlier` is the later one.
    pub fn since(self, earlier: Self) -> i64 {
        self.0 - earlier.0
    }

    /// `Fri, 02 Jan 2026 03:04:05 GMT`, the form of RFC 9110 that `Set-Cookie` wants.
    pub fn to_http_date(self) -> String {
        let format = format_description!(
            "[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT"
        );
        self.to_date().format(format).expect("a date before the year 10000 can be written")
    }

    /// `2026-01-02T03:04:05.678Z`, what JavaScript's `toISOString` writes.
    pub fn to_iso(self) -> String {
        let format = format_description!(
            "[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z"
        );
        self.to_date().format(format).expect("a date before the year 10000 can be written")
    }

    /// The time of an RFC 3339 date; `None` for any other text.
    pub fn from_iso(text: &str) -> Option<Self> {
        OffsetDateTime::parse(text, &Rfc3339).ok().map(Self::from_date)
    }

    /// The time of a date, moved into the years 1970 to 9999.
    pub(crate) fn from_date(date: OffsetDateTime) -> Self {
        let millis = date.unix_timestamp_nanos() / 1_000_000;
        Self::from_millis(i64::try_from(millis).unwrap_or(0))
    }

    fn to_date(self) -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp(self.0 / 1000)
            .expect("clamped to the years 1970 to 9999")
            .to_offset(UtcOffset::UTC)
            + Duration::from_millis(self.0.rem_euclid(1000).unsigned_abs())
    }
}

/// A duration in whole milliseconds, the unit of `originalMaxAge`.
pub(crate) fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// Whether JavaScript takes the value as true: all but `false`, `null`, `0` and `""`.
pub(crate) fn is_true(raw: &RawValue) -> bool {
    match raw.get() {
        "false" | "null" | r#""""# => false,
        text => text.parse() != Ok(0.0),
    }
}

/// The value, if it is a number.
pub(crate) fn number(raw: &RawValue) -> Option<f64> {
    // All numbers of JSON are numbers of Rust. "inf" and "nan" are no JSON without quotes.
    raw.get().parse().ok()
}

/// The value, if it is text. Half a surrogate pair is text in JavaScript alone.
pub(crate) fn text(raw: &RawValue) -> Option<String> {
    serde_json::from_str(raw.get()).ok()
}

/// The result of `Number(value)` in JavaScript. `None` for NaN, infinities, objects and lists.
pub(crate) fn to_number(raw: &RawValue) -> Option<f64> {
    let number = match raw.get() {
        "null" | "false" => Some(0.0),
        "true" => Some(1.0),
        _ => number(raw).or_else(|| text_to_number(&text(raw)?)),
    };
    number.filter(|number| number.is_finite())
}

/// The first number from which a JavaScript number does not have each whole number.
const TWO_TO_THE_53: f64 = 9_007_199_254_740_992.0;

/// A number as JavaScript writes it: 6 and not 6.0. `None` for infinities.
pub(crate) fn to_json_number(number: f64) -> Option<Number> {
    #[expect(clippy::cast_possible_truncation, reason = "checked to be a small whole number")]
    if number.fract() == 0.0 && number.abs() < TWO_TO_THE_53 {
        return Some((number as i64).into());
    }
    Number::from_f64(number)
}

/// JavaScript's `StringNumericLiteral`, without `Infinity`.
fn text_to_number(text: &str) -> Option<f64> {
    let is_white = |c: char| c == '\u{feff}' || c.is_whitespace() && c != '\u{85}';
    let text = text.trim_matches(is_white);
    if text.is_empty() {
        return Some(0.0);
    }
    for (radix, prefixes) in [(16, ["0x", "0X"]), (8, ["0o", "0O"]), (2, ["0b", "0B"])] {
        if let Some(digits) = prefixes.iter().find_map(|prefix| text.strip_prefix(prefix)) {
            return from_digits(digits, radix);
        }
    }
    let is_decimal = |c: char| c.is_ascii_digit() || "+-.eE".contains(c);
    text.chars().all(is_decimal).then(|| text.parse().ok())?
}

fn from_digits(digits: &str, radix: u32) -> Option<f64> {
    let add =
        |sum: f64, digit: char| Some(sum * f64::from(radix) + f64::from(digit.to_digit(radix)?));
    if digits.is_empty() { None } else { digits.chars().try_fold(0.0, add) }
}

/// The moment of `new Date(text)`, moved into the years 1970 to 9999. Reads the forms in which programs
/// write dates: ISO 8601, also with JavaScript's years of six digits, and HTTP's.
pub(crate) fn date(text: &str) -> Option<Timestamp> {
    let sign = text.chars().next()?;
    if let Some(extended) = text.strip_prefix(['+', '-']) {
        let (year, rest) = extended.split_at_checked(6)?;
        let is_far = sign == '+' && year.parse::<u32>().ok()? > 9999;
        // The rest must be a date as well, in a year that has a 29 February.
        let four = if is_far { "2000" } else { year.strip_prefix("00")? };
        let date = iso(&format!("{four}{rest}"))?;
        return Some(match (sign, is_far) {
            ('-', _) => Timestamp::from_millis(0),
            (_, true) => Timestamp::from_millis(i64::MAX),
            _ => date,
        });
    }
    iso(text).or_else(|| OffsetDateTime::parse(text, &Rfc2822).ok().map(Timestamp::from_date))
}

/// A date alone is midnight in UTC.
fn iso(text: &str) -> Option<Timestamp> {
    Timestamp::from_iso(text).or_else(|| Timestamp::from_iso(&format!("{text}T00:00:00Z")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_written_as_javascript_and_http_write_them() {
        let moment = Timestamp::from_iso("2026-01-02T03:04:05.678Z").unwrap();
        assert_eq!(moment.as_millis(), 1_767_323_045_678);
        assert_eq!(moment.to_iso(), "2026-01-02T03:04:05.678Z");
        assert_eq!(moment.to_http_date(), "Fri, 02 Jan 2026 03:04:05 GMT");
        assert_eq!(Timestamp::from_millis(0).to_iso(), "1970-01-01T00:00:00.000Z");
    }

    #[test]
    fn absurd_durations_stay_in_the_calendar() {
        let far = Timestamp::now().plus_millis(i64::MAX);
        assert_eq!(far.to_iso(), "9999-12-31T23:59:59.999Z");
        assert_eq!(Timestamp::now().plus_millis(i64::MIN).to_iso(), "1970-01-01T00:00:00.000Z");
    }

    fn raw(json: &str) -> Box<RawValue> {
        RawValue::from_string(json.to_owned()).unwrap()
    }

    #[test]
    fn truth_is_javascripts() {
        for json in ["false", "null", "0", "-0", "0.0", "0e5", r#""""#] {
            assert!(!is_true(&raw(json)), "{json}");
        }
        for json in
            ["true", "1", "-1", "0.1", "1e999", r#""0""#, r#""false""#, r#""\ud800""#, "{}", "[]"]
        {
            assert!(is_true(&raw(json)), "{json}");
        }
    }

    #[test]
    fn numbers_are_what_javascripts_number_returns() {
        let check = |json: &str, expected: Option<f64>| {
            assert_eq!(to_number(&raw(json)), expected, "{json}");
        };
        for (json, expected) in [
            ("1.5", 1.5),
            ("-2", -2.0),
            ("1e3", 1000.0),
            ("null", 0.0),
            ("false", 0.0),
            ("true", 1.0),
            (r#""""#, 0.0),
            (r#"" \t\n""#, 0.0),
            (r#""5""#, 5.0),
            (r#""5.""#, 5.0),
            (r#"".5""#, 0.5),
            (r#""+5e-1""#, 0.5),
            (r#""-5""#, -5.0),
            (r#""007""#, 7.0),
            (r#"" 0x10 ""#, 16.0),
            (r#""0B11""#, 3.0),
            (r#""0o17""#, 15.0),
            (r#""\ufeff\u00a07\u2028""#, 7.0),
        ] {
            check(json, Some(expected));
        }
        for json in [
            "{}",
            "[]",
            "[5]",
            r#""abc""#,
            r#""5 6""#,
            r#""1_000""#,
            r#""1,5""#,
            r#""0x""#,
            r#""-0x10""#,
            r#""inf""#,
            r#""nan""#,
            r#""NaN""#,
            r#""Infinity""#,
            "1e999",
            r#"".""#,
            r#""e5""#,
            r#""+""#,
            r#""5n""#,
            r#""\ud800""#,
            r#""\u00855""#,
        ] {
            check(json, None);
        }
    }

    #[test]
    fn dates_are_read_as_programs_write_them() {
        let check = |text: &str, expected: &str| {
            assert_eq!(date(text).map(Timestamp::to_iso).as_deref(), Some(expected), "{text}");
        };
        check("2026-01-02T03:04:05.678Z", "2026-01-02T03:04:05.678Z");
        check("2026-01-02T03:04:05+02:00", "2026-01-02T01:04:05.000Z");
        check("2026-01-02", "2026-01-02T00:00:00.000Z");
        check("Fri, 02 Jan 2026 03:04:05 GMT", "2026-01-02T03:04:05.000Z");
        check("+012020-04-05T00:00:00.000Z", "9999-12-31T23:59:59.999Z");
        check("+002026-01-02T00:00:00Z", "2026-01-02T00:00:00.000Z");
        check("-000001-01-02T00:00:00Z", "1970-01-01T00:00:00.000Z");
        check("1969-01-02T00:00:00Z", "1970-01-01T00:00:00.000Z");
        for text in
            ["", "soon", "+", "+012020", "+012020-99-05T00:00:00Z", "+01é020-04-05", "12345"]
        {
            assert_eq!(date(text), None, "{text}");
        }
    }
}
