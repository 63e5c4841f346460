//! What is known of a session during a request: what was loaded, and what became of it since.
//!
//! Private to the room: `handle.rs` changes it, `commit.rs` carries it out.

use std::sync::{Arc, LazyLock};

use super::changes::Changes;
use super::content::{CookieRecord, Values};
use super::sid::Sid;
use super::store::Record;

/// What the request's cookie was worth.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ticket {
    /// Bytes of `name=value` as the browser sent it; 0 when it sent none.
    pub bytes: usize,
    /// Signed with an older secret than the first.
    pub outdated_signature: bool,
    /// The request came over https.
    pub https: bool,
    /// The request was for the part of the site that the cookie is for.
    pub in_path: bool,
}

#[derive(Clone)]
pub struct State {
    pub sid: Sid,
    /// The document under this id, as it was loaded.
    pub record: Option<Arc<Record>>,
    /// The id whose document this session takes the place of, after a regenerate.
    pub replaces: Option<Sid>,
    pub cookie: CookieRecord,
    pub changes: Changes,
    /// The cookie's maximum age was set during this request.
    pub max_age_changed: bool,
    pub regenerated: bool,
    pub destroyed: bool,
    /// The end is to be moved although `touch_after` has not passed.
    pub touched: bool,
    /// A save before the end of the request has made a cookie due.
    pub cookie_due: bool,
}

impl State {
    /// Of a session that no document stands for yet, or of the one in `record`.
    pub fn new(sid: Sid, record: Option<Record>, cookie: CookieRecord) -> Self {
        Self {
            sid,
            record: record.map(Arc::new),
            replaces: None,
            cookie,
            changes: Changes::default(),
            max_age_changed: false,
            regenerated: false,
            destroyed: false,
            touched: false,
            cookie_due: false,
        }
    }

    /// A new id, a new cookie, nothing in it; what was there is to be deleted.
    pub fn start_over(&mut self, cookie: CookieRecord) {
        let former = self.record.as_ref().map(|_| self.sid.clone());
        let replaces = former.or(self.replaces.take());
        *self = Self { replaces, regenerated: true, ..Self::new(Sid::generate(), None, cookie) };
    }

    /// The document now is `record`: what was to be done to it is done. `cookie_due`: the browser
    /// is to learn of it.
    pub fn saved_as(&mut self, record: Record, cookie_due: bool) {
        self.cookie_due |= self.record.is_none() || cookie_due;
        self.cookie = record.content.cookie.clone();
        self.record = Some(Arc::new(record));
        self.changes = Changes::default();
        (self.replaces, self.regenerated, self.max_age_changed) = (None, false, false);
    }

    /// The values as they were loaded; none in a session that is new or has a new id.
    pub fn base(&self) -> &Values {
        static NONE: LazyLock<Values> = LazyLock::new(Values::new);
        self.record.as_ref().map_or(&NONE, |record| &record.content.values)
    }
}
