//! Moments as JavaScript counts them, because the documents are shared with a JavaScript program.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{OffsetDateTime, UtcOffset};

/// The last millisecond of the year 9999, the latest that HTTP dates and RFC 3339 can write.
const LATEST: i64 = 253_402_300_799_999;

/// Milliseconds since 1970-01-01 UTC: a JavaScript `Date`, a BSON `Date`, an `originalMaxAge` added.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp(i64);

impl Timestamp {
    /// This moment, by the system's clock.
    pub fn now() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self(millis(since))
    }

    /// From a JavaScript number; what lies outside the years 1970 to 9999 is moved into them.
    pub fn from_millis(millis: i64) -> Self {
        Self(millis.clamp(0, LATEST))
    }

    /// As a JavaScript number.
    pub fn as_millis(self) -> i64 {
        self.0
    }

    /// This moment, so many milliseconds later (earlier when negative); stays within year 9999.
    pub fn plus_millis(self, millis: i64) -> Self {
        Self::from_millis(self.0.saturating_add(millis))
    }

    /// This moment, so much later.
    pub fn plus(self, duration: Duration) -> Self {
        self.plus_millis(millis(duration))
    }

    /// Milliseconds from `earlier` to here; negative when it is later.
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

    /// `2 January 2026, 03:04 UTC`, for people. The server does not know the reader's time zone.
    pub fn to_words(self) -> String {
        let format =
            format_description!("[day padding:none] [month repr:long] [year], [hour]:[minute] UTC");
        self.to_date().format(format).expect("a date before the year 10000 can be written")
    }

    /// Reads what `to_iso` writes; `None` for anything that is no RFC 3339 date.
    pub fn from_iso(text: &str) -> Option<Self> {
        OffsetDateTime::parse(text, &Rfc3339).ok().map(Self::from_date)
    }

    /// The moment of a date, moved into the years 1970 to 9999.
    pub fn from_date(date: OffsetDateTime) -> Self {
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
pub fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
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
}
