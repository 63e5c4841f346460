//! When a session ends: the browser's clock, the server's clock, and the end of both.
//!
//! Pure. The cookie's `expires` is what the browser goes by, the document's what we go by; each
//! save moves both, a touch only ours, and neither goes past the absolute end. The document's never moves
//! backwards by itself: another program may have chosen it.

use std::time::Duration;

use super::options::Options;
use super::record::CookieRecord;
use super::store::{Record, Times};
use super::timestamp::{Timestamp, millis};

/// The life of a document that Express made with a cookie that ends with the browser:
/// connect-mongo's `ttl`.
const CONNECT_MONGO_TTL: Duration = Duration::from_secs(14 * 24 * 60 * 60);

/// The moments of one session, seen from `now`.
pub struct Expiry<'s> {
    pub options: &'s Options,
    /// The document, if there is one.
    pub record: Option<&'s Record>,
    pub now: Timestamp,
}

impl Expiry<'_> {
    /// The moment that no activity moves the end past. Documents that Express made do not say when
    /// they began; they have none.
    pub fn absolute_end(&self) -> Option<Timestamp> {
        let created = self.record.map_or(Some(self.now), |record| record.created);
        created.map(|created| created.plus(self.options.absolute_timeout))
    }

    /// True when that has passed. An Express app moves `expires` without regard to it.
    pub fn is_over(&self) -> bool {
        self.absolute_end().is_some_and(|end| end <= self.now)
    }

    /// The cookie, ending its maximum age from now.
    pub fn slid(&self, cookie: &CookieRecord) -> CookieRecord {
        let mut slid = cookie.clone();
        slid.set_expires(cookie.max_age().map(|age| self.capped(self.now.plus_millis(age))));
        slid
    }

    /// What a write puts into the document.
    pub fn times(&self, cookie: &CookieRecord) -> Times {
        let knows_last_modified = self.record.is_some_and(|record| record.last_modified.is_some());
        let lazy = !self.options.touch_after.is_zero();
        Times {
            now: self.now,
            last_modified: (lazy || knows_last_modified).then_some(self.now),
            expires: self.new_end(cookie),
        }
    }

    /// The document's new end after a write of this cookie; `None` when it stays. A request that sets the
    /// maximum age decides about the end. Any other leaves a later end as it is, and gives no end to a
    /// document that Express made without one.
    fn new_end(&self, cookie: &CookieRecord) -> Option<Timestamp> {
        let end = self.now.plus_millis(self.idle(cookie));
        let Some(record) = self.record else { return Some(self.capped(end)) };
        if record.content.cookie.max_age() != cookie.max_age() {
            return Some(self.capped(end));
        }
        let end = match (record.expires, record.created) {
            (None, None) => return None,
            (None, Some(_)) => end,
            (Some(present), _) => end.max(present),
        };
        // The same end is not written: it may be one after the year 9999, which we cannot write.
        let end = self.capped(end);
        (record.expires != Some(end)).then_some(end)
    }

    /// Whether the end is to be moved although nothing changed. Waiting for longer than half of
    /// the session's life would end it under the hands of somebody who clicks.
    pub fn touch_is_due(&self, cookie: &CookieRecord) -> bool {
        let Some(record) = self.record else { return false };
        let wait = millis(self.options.touch_after).min(self.idle(cookie) / 2);
        record.last_modified.is_none_or(|last| self.now.since(last) >= wait)
    }

    /// Milliseconds that the document lives after a write.
    fn idle(&self, cookie: &CookieRecord) -> i64 {
        let is_theirs = self.record.is_some_and(|record| record.created.is_none());
        let without_age = if is_theirs { CONNECT_MONGO_TTL } else { self.options.idle_timeout };
        cookie.max_age().unwrap_or(millis(without_age))
    }

    fn capped(&self, end: Timestamp) -> Timestamp {
        self.absolute_end().map_or(end, |latest| end.min(latest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::content::Content;
    use crate::session::store::Stored;

    const NOW: i64 = 1_000_000_000_000;
    const MINUTE: i64 = 60_000;
    const DAY: i64 = 24 * 60 * MINUTE;

    fn cookie(age: Option<i64>) -> CookieRecord {
        CookieRecord::new([("originalMaxAge", Some(age.into()))])
    }

    /// A document last written so long ago, by us or by Express.
    fn record(age: i64, ours: bool) -> Record {
        record_of(cookie(None), age, ours)
    }

    fn record_of(cookie: CookieRecord, age: i64, ours: bool) -> Record {
        let content = Content { cookie, values: Default::default() };
        Record {
            stored: Stored::Json(content.to_json()),
            content,
            expires: None,
            last_modified: Some(Timestamp::from_millis(NOW - age)),
            created: ours.then(|| Timestamp::from_millis(NOW - age)),
            user_agent: None,
        }
    }

    fn at(later: i64) -> Option<Timestamp> {
        Some(Timestamp::from_millis(NOW + later))
    }

    fn expiry<'s>(options: &'s Options, record: Option<&'s Record>) -> Expiry<'s> {
        Expiry { options, record, now: Timestamp::from_millis(NOW) }
    }

    #[test]
    fn the_end_slides_but_never_past_the_absolute_one() {
        let options = Options::default();
        let check = |age: i64, expected: i64| {
            let record = record(age, true);
            let expiry = expiry(&options, Some(&record));
            let day = cookie(Some(DAY));
            assert_eq!(expiry.times(&day).expires.unwrap().as_millis(), NOW + expected);
            assert_eq!(expiry.slid(&day).expires().unwrap().as_millis(), NOW + expected);
        };
        check(0, DAY);
        check(13 * DAY, DAY);
        check(13 * DAY + DAY / 2, DAY / 2);
        let old = record(14 * DAY, true);
        assert!(expiry(&options, Some(&old)).is_over());
    }

    #[test]
    fn without_a_maximum_age_ours_live_idle_and_those_of_express_as_connect_mongo_says() {
        let options = Options::default();
        let ends = |record: Option<&Record>| {
            expiry(&options, record).times(&cookie(None)).expires.unwrap().as_millis() - NOW
        };
        let ending = |ours| Record { expires: at(DAY / 2), ..record(0, ours) };
        assert_eq!(ends(None), DAY);
        assert_eq!(ends(Some(&ending(true))), DAY);
        assert_eq!(ends(Some(&ending(false))), 14 * DAY);
        assert_eq!(expiry(&options, None).slid(&cookie(None)).expires(), None);
    }

    #[test]
    fn no_end_moves_backwards_unless_the_maximum_age_or_the_absolute_end_says_so() {
        let options = Options::default();
        let day = || cookie(Some(DAY));
        let check = |end: Option<i64>, ours: bool, new: CookieRecord, expected: Option<i64>| {
            let record = Record { expires: end.and_then(at), ..record_of(day(), DAY, ours) };
            let ends = expiry(&options, Some(&record)).times(&new).expires.or(record.expires);
            assert_eq!(ends, expected.and_then(at), "{end:?} {ours} {new:?}");
        };
        for ours in [true, false] {
            check(Some(DAY / 2), ours, day(), Some(DAY));
            check(Some(2 * DAY), ours, day(), Some(2 * DAY));
            check(Some(2 * DAY), ours, cookie(Some(DAY / 2)), Some(DAY / 2));
        }
        check(Some(30 * DAY), false, day(), Some(30 * DAY));
        check(Some(30 * DAY), true, day(), Some(13 * DAY));
        check(None, false, day(), None);
        check(None, false, cookie(Some(DAY / 2)), Some(DAY / 2));
        check(None, true, day(), Some(DAY));
    }

    #[test]
    fn a_touch_is_due_after_a_while_and_always_before_half_the_life_is_over() {
        let options = Options::default();
        let check = |last: i64, age: i64, expected: bool| {
            let record = record(last, true);
            let due = expiry(&options, Some(&record)).touch_is_due(&cookie(Some(age)));
            assert_eq!(due, expected, "{last} of {age}");
        };
        check(4 * MINUTE, DAY, false);
        check(5 * MINUTE, DAY, true);
        check(MINUTE / 2, MINUTE, true);
        check(MINUTE / 3, MINUTE, false);
    }

    #[test]
    fn last_modified_is_for_who_uses_it() {
        let eager = Options { touch_after: Duration::ZERO, ..Options::default() };
        let mut theirs = record(0, false);
        theirs.last_modified = None;
        assert_eq!(expiry(&eager, Some(&theirs)).times(&cookie(None)).last_modified, None);
        let lazy = Options::default();
        assert!(expiry(&lazy, Some(&theirs)).times(&cookie(None)).last_modified.is_some());
    }
}
