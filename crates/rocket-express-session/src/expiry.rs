//! When a session expires: by the browser's clock, by the server's, and absolutely.
//!
//! Pure. The browser goes by the cookie's `expires`, the server by the record's. A save extends both, a touch
//! only the record's, and neither goes past the absolute timeout. The record's `expires` never moves
//! backwards by itself, because another program may have chosen it.

use std::time::Duration;

use crate::cookie_record::CookieRecord;
use crate::javascript::{Timestamp, millis};
use crate::options::Options;
use crate::store::{Record, Times};

/// The life of a session that Express created with a cookie that the browser deletes when it is closed:
/// connect-mongo's `ttl`.
const CONNECT_MONGO_TTL: Duration = Duration::from_secs(14 * 24 * 60 * 60);

/// When a session was created, when it expires, and whether its use extends it.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct Lifetime {
    /// `None` when the session is not stored yet, or another program created it.
    pub created: Option<Timestamp>,
    /// The browser's expiry or the server's, whichever comes first.
    pub expires: Option<Timestamp>,
    /// Using the session extends it.
    pub rolling: bool,
}

/// The expiry of one session, seen from `now`.
pub(crate) struct Expiry<'s> {
    pub options: &'s Options,
    /// The record in the store, if the session is stored.
    pub record: Option<&'s Record>,
    pub now: Timestamp,
}

impl Expiry<'_> {
    /// The time past which no activity extends the session. Sessions that Express created do not say when
    /// that was, and have none.
    pub(crate) fn absolute_end(&self) -> Option<Timestamp> {
        let created = self.record.map_or(Some(self.now), |record| record.times.created);
        created.map(|created| created.plus(self.options.absolute_timeout))
    }

    /// True when that time has passed. An Express app extends `expires` without regard to it.
    pub(crate) fn is_past_absolute(&self) -> bool {
        self.absolute_end().is_some_and(|end| end <= self.now)
    }

    /// The cookie, to expire its maximum age from now.
    pub(crate) fn renewed_cookie(&self, cookie: &CookieRecord) -> CookieRecord {
        let mut renewed = cookie.clone();
        renewed.set_expires(cookie.max_age().map(|age| self.cap(self.now.plus_millis(age))));
        renewed
    }

    /// The times after a write of this cookie.
    pub(crate) fn times(&self, cookie: &CookieRecord) -> Times {
        let before = self.record.map(|record| record.times);
        let knows_last_modified = before.is_some_and(|times| times.last_modified.is_some());
        let lazy = !self.options.touch_after.is_zero();
        Times {
            created: before.map_or(Some(self.now), |times| times.created),
            last_modified: (lazy || knows_last_modified).then_some(self.now),
            expires: self.new_end(cookie).or(before.and_then(|times| times.expires)),
        }
    }

    /// The record's new `expires` after a write of this cookie; `None` when it stays. A request that sets the
    /// maximum age decides about it. Any other request leaves a later one as it is, and gives none to a
    /// session that Express created without one.
    fn new_end(&self, cookie: &CookieRecord) -> Option<Timestamp> {
        let end = self.now.plus_millis(self.idle(cookie));
        let Some(record) = self.record else { return Some(self.cap(end)) };
        if record.data().cookie.max_age() != cookie.max_age() {
            return Some(self.cap(end));
        }
        let end = match (record.times.expires, record.times.created) {
            (None, None) => return None,
            (None, Some(_)) => end,
            (Some(present), _) => end.max(present),
        };
        Some(self.cap(end))
    }

    /// Whether to extend a session in which nothing changed. To wait for longer than half of its life would
    /// let it expire while the user is active.
    pub(crate) fn touch_is_due(&self, cookie: &CookieRecord) -> bool {
        let Some(record) = self.record else { return false };
        let wait = millis(self.options.touch_after).min(self.idle(cookie) / 2);
        record.times.last_modified.is_none_or(|last| self.now.since(last) >= wait)
    }

    /// Whether a write extends the cookie. It does not after the absolute end was reached once.
    pub(crate) fn extends(&self, cookie: &CookieRecord) -> bool {
        let before = self.record.and_then(|record| record.times.expires);
        cookie.has_expiry() && before.is_none_or(|before| self.times(cookie).expires > Some(before))
    }

    /// From when to when the session lives, as its record says.
    pub(crate) fn lifetime(&self) -> Lifetime {
        let Some(record) = self.record else { return Lifetime::default() };
        // A touch extends the record, but the browser's cookie only with one of these options.
        let is_renewed = self.options.rolling || self.options.renew_cookie;
        let of_cookie = record.data().cookie.expires().filter(|_| !is_renewed);
        let expires = [record.times.expires, of_cookie].into_iter().flatten().min();
        let is_last = self.absolute_end().is_some_and(|end| expires >= Some(end));
        let rolling = of_cookie.is_none() && expires.is_some() && !is_last;
        Lifetime { created: record.times.created, expires, rolling }
    }

    /// Milliseconds that the session lives after a write.
    fn idle(&self, cookie: &CookieRecord) -> i64 {
        let is_theirs = self.record.is_some_and(|record| record.times.created.is_none());
        let without_age = if is_theirs { CONNECT_MONGO_TTL } else { self.options.idle_timeout };
        cookie.max_age().unwrap_or(millis(without_age))
    }

    fn cap(&self, end: Timestamp) -> Timestamp {
        self.absolute_end().map_or(end, |latest| end.min(latest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{SessionData, Values};

    const NOW: i64 = 1_000_000_000_000;
    const MINUTE: i64 = 60_000;
    const DAY: i64 = 24 * 60 * MINUTE;

    fn cookie(age: Option<i64>) -> CookieRecord {
        CookieRecord::new([("originalMaxAge", Some(age.into()))])
    }

    /// A session last written this long ago, by us or by Express.
    fn record(age: i64, ours: bool) -> Record {
        record_of(cookie(None), age, ours)
    }

    fn record_of(cookie: CookieRecord, age: i64, ours: bool) -> Record {
        let data = SessionData::new(cookie, Values::new());
        let written = Timestamp::from_millis(NOW - age);
        let created = ours.then_some(written);
        Record::new(data, Times { created, last_modified: Some(written), expires: None }, None)
    }

    fn expiring(at: Option<Timestamp>, mut record: Record) -> Record {
        record.times.expires = at;
        record
    }

    #[expect(clippy::unnecessary_wraps, reason = "an expiry is optional")]
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
            assert_eq!(expiry.renewed_cookie(&day).expires().unwrap().as_millis(), NOW + expected);
        };
        check(0, DAY);
        check(13 * DAY, DAY);
        check(13 * DAY + DAY / 2, DAY / 2);
        let old = record(14 * DAY, true);
        assert!(expiry(&options, Some(&old)).is_past_absolute());
    }

    #[test]
    fn without_a_maximum_age_ours_live_idle_and_those_of_express_as_connect_mongo_says() {
        let options = Options::default();
        let ends = |record: Option<&Record>| {
            expiry(&options, record).times(&cookie(None)).expires.unwrap().as_millis() - NOW
        };
        let ending = |ours| expiring(at(DAY / 2), record(0, ours));
        assert_eq!(ends(None), DAY);
        assert_eq!(ends(Some(&ending(true))), DAY);
        assert_eq!(ends(Some(&ending(false))), 14 * DAY);
        assert_eq!(expiry(&options, None).renewed_cookie(&cookie(None)).expires(), None);
    }

    #[test]
    fn no_end_moves_backwards_unless_the_maximum_age_or_the_absolute_end_says_so() {
        let options = Options::default();
        let day = || cookie(Some(DAY));
        let check = |end: Option<i64>, ours: bool, new: CookieRecord, expected: Option<i64>| {
            let record = expiring(end.and_then(at), record_of(day(), DAY, ours));
            let ends = expiry(&options, Some(&record)).times(&new).expires;
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
    fn a_lifetime_ends_with_the_cookie_unless_responses_extend_it() {
        let mut cookie = cookie(Some(DAY));
        cookie.set_expires(at(MINUTE));
        let record = expiring(at(DAY), record_of(cookie, 0, true));
        let of = |rolling, renew_cookie| {
            let options = Options { rolling, renew_cookie, ..Options::default() };
            let lifetime = expiry(&options, Some(&record)).lifetime();
            (lifetime.expires, lifetime.rolling)
        };
        assert_eq!(of(false, false), (at(MINUTE), false));
        assert_eq!((of(true, false), of(false, true)), ((at(DAY), true), (at(DAY), true)));
    }

    #[test]
    fn last_modified_is_for_who_uses_it() {
        let eager = Options { touch_after: Duration::ZERO, ..Options::default() };
        let mut theirs = record(0, false);
        theirs.times.last_modified = None;
        assert_eq!(expiry(&eager, Some(&theirs)).times(&cookie(None)).last_modified, None);
        let lazy = Options::default();
        assert!(expiry(&lazy, Some(&theirs)).times(&cookie(None)).last_modified.is_some());
    }
}
