//! Lesson 10: the three clocks of a ticket. A process knows when a cookie expires, when a document does, and
//! when MongoDB deleted it.
//!
//! `class/watch.rs` reports the deletes, where MongoDB has a change stream. A delete after the expiry is the
//! TTL monitor's, because this program deletes no session that has expired.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lru::LruCache;
use rocket_express_session::Timestamp;
use serde_json::{Value, json};

use super::{cookies, note};
use crate::teach::lessons::{BY_FIND, BY_STREAM, IN_MEMORY};
use crate::trace::{BrowserKey, Cookie};

const SLUG: &str = "three-clocks";

/// Sessions whose clocks are remembered: several for each learner of several classes.
const MAX_SESSIONS: NonZeroUsize = NonZeroUsize::new(2_000).expect("not zero");

/// The clocks of the lab's newest sessions, by a keyed hash of the session ID. A clone shares them.
#[derive(Clone)]
pub(crate) struct Clocks(Arc<Mutex<LruCache<BrowserKey, Times>>>);

impl Default for Clocks {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(LruCache::new(MAX_SESSIONS))))
    }
}

/// The clocks of one session, as far as this process knows them.
#[derive(Clone, Copy, Default)]
pub(super) struct Times {
    /// `Expires` of the cookie, as the lab has last sent it.
    pub cookie: Option<Timestamp>,
    /// `expires` of the document, as the lab has last found it.
    pub document: Option<Timestamp>,
    /// When the TTL monitor deleted the document, if MongoDB has reported it.
    pub deleted: Option<Timestamp>,
    pub is_logged_out: bool,
}

impl Clocks {
    /// Remembers when the cookies of these `Set-Cookie` lines expire.
    pub(super) fn sent(&self, lines: &[String]) {
        for line in lines {
            let Some(ticket) = cookies::ticket_in(line) else { continue };
            self.change(ticket, |times| times.cookie = Cookie::set(line).and_then(|c| c.expires));
        }
    }

    /// Remembers that MongoDB has deleted the document of this session, if it had expired.
    pub(crate) fn deleted(&self, sid: &str, at: Timestamp) {
        if let Some(times) = self.known().peek_mut(&BrowserKey::of_session(sid)) {
            let had_expired = times.document.is_some_and(|expires| expires <= at);
            times.deleted = Some(at).filter(|_| had_expired && !times.is_logged_out);
        }
    }

    /// Changes the clocks of the session of this ticket, and returns them.
    pub(super) fn change(&self, ticket: &str, change: impl FnOnce(&mut Times)) -> Times {
        let key = BrowserKey::of_session(&cookies::without_signature(ticket));
        let mut known = self.known();
        let times = known.get_or_insert_mut(key, Times::default);
        change(times);
        *times
    }

    /// The three clocks of this ticket, for the page. Moments are ISO dates. Notes for the checks what they
    /// show. `found` is the date of the stored session; `is_sent`: this request has brought a ticket.
    pub(super) fn view(
        &self,
        ticket: &str,
        found: Option<Timestamp>,
        is_memory: bool,
        is_sent: bool,
    ) -> Value {
        let now = Timestamp::now();
        let change = |times: &mut Times| times.document = found.or(times.document);
        let Times { cookie, document, deleted, is_logged_out } = self.change(ticket, change);
        let has_expired = document.is_some_and(|expires| expires <= now) && !is_logged_out;
        // Memory returns no expired session, but does not delete it either.
        let is_stored = found.is_some() || (is_memory && has_expired);
        // The document has expired, and the lab knows what the third clock has done about it.
        let is_cleared = has_expired && (is_memory || !is_stored);
        // Seconds from the expiry to the delete, or to this request.
        let late = document.map_or(0, |expires| deleted.unwrap_or(now).since(expires) / 1_000);
        note(SLUG, "is kept", i64::from(is_stored && !has_expired));
        if is_cleared {
            let by_stream = if deleted.is_some() { BY_STREAM } else { BY_FIND };
            note(SLUG, if is_memory { IN_MEMORY } else { by_stream }, late);
        }
        // A cookie that the learner has deleted has no clock any more.
        let cookie = cookie.filter(|expires| is_sent || *expires <= now);
        json!({
            "now": now.as_millis(),
            "cookie_end": cookie.map(Timestamp::to_iso),
            "document": document.map(Timestamp::to_iso),
            "deleted": deleted.map(Timestamp::to_iso),
            "is_stored": is_stored,
            "has_expired": has_expired,
            "is_logged_out": is_logged_out,
            "is_cleared": is_cleared,
            "late": late,
        })
    }

    fn known(&self) -> MutexGuard<'_, LruCache<BrowserKey, Times>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
