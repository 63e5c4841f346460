//! What is known of a session during a request: what was loaded, and what became of it since.
//!
//! Private to the room: `handle.rs` changes it, `commit.rs` carries it out.

use std::sync::{Arc, LazyLock};

use super::changes::Changes;
use super::content::Values;
use super::record::CookieRecord;
use super::sid::Sid;
use super::store::Record;

/// What the request's cookie was worth.
#[derive(Clone, Debug, Default)]
pub struct Ticket {
    /// Bytes of `name=value` as the browser sent it; 0 when it sent none.
    pub bytes: usize,
    /// Signed with an older secret than the first.
    pub outdated_signature: bool,
    /// The request came over https.
    pub https: bool,
    /// The id on it, when its signature held but there is no such session any more.
    pub lost: Option<Sid>,
    /// The first two IDs, when cookies with different genuine ones came: neither counts.
    pub ambiguous: Vec<Sid>,
    /// What the browser calls itself.
    pub user_agent: Option<String>,
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
    /// The cookie's maximum age before this request, in milliseconds.
    pub former_max_age: Option<i64>,
    pub regenerated: bool,
    /// The document whose values go on under the new id. The new one is only to be stored if that
    /// is still there.
    pub renews: Option<Arc<Record>>,
    pub destroyed: bool,
    /// The end is to be moved although `touch_after` has not passed.
    pub touched: bool,
    /// Stored before the end of the request, which has moved the end as well.
    pub saved: bool,
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
            former_max_age: cookie.max_age(),
            cookie,
            changes: Changes::default(),
            regenerated: false,
            renews: None,
            destroyed: false,
            touched: false,
            saved: false,
            cookie_due: false,
        }
    }

    /// A new id, a new cookie, nothing in it; what was there is to be deleted.
    pub fn start_over(&mut self, cookie: CookieRecord) {
        let former = self.record.as_ref().map(|_| self.sid.clone());
        let replaces = former.or(self.replaces.take());
        *self = Self { replaces, regenerated: true, ..Self::new(Sid::generate(), None, cookie) };
    }

    /// A new id and a new cookie; the values go on, with this request's changes. Without a document
    /// there are none to go on.
    pub fn renew(&mut self, cookie: CookieRecord) {
        let (renews, changes) = (self.record.clone(), std::mem::take(&mut self.changes));
        self.start_over(cookie);
        (self.renews, self.changes) = (renews, changes);
    }

    /// The document now is `record`: what was to be done to it is done. `cookie_due`: the browser
    /// is to learn of it.
    pub fn saved_as(&mut self, record: Record, cookie_due: bool) {
        let cookie = record.content.cookie.clone();
        let cookie_due = self.cookie_due || self.record.is_none() || cookie_due;
        *self =
            Self { saved: true, cookie_due, ..Self::new(self.sid.clone(), Some(record), cookie) };
    }

    /// The values as they were loaded; none in a session that is new, was started over or has ended.
    pub fn base(&self) -> &Values {
        static NONE: LazyLock<Values> = LazyLock::new(Values::new);
        match self.record.as_ref().or(self.renews.as_ref()) {
            Some(record) if !self.destroyed => &record.content.values,
            _ => &NONE,
        }
    }

    /// A copy for the writing: without the changes that change nothing.
    pub fn settled(&self) -> Self {
        Self { changes: self.changes.effective(self.base()), ..self.clone() }
    }

    /// Whether this request gave the cookie another maximum age.
    pub fn is_max_age_changed(&self) -> bool {
        self.cookie.max_age() != self.former_max_age
    }
}
