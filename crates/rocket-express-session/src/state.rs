//! A session during a request: what was loaded, and what the handler has done to it since.
//!
//! `session.rs` changes the state, `commit.rs` writes it. [`RegeneratedSession`] is here as well: it is a
//! state that takes a login.

use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

use rocket::tokio::time::Instant;
use serde::Serialize;
use serde_json::Number;
use serde_json::value::RawValue;

use crate::changes::Changes;
use crate::cookie_record::CookieRecord;
use crate::data::{LOGIN_KEY, SessionData, Values, to_raw, user_key_of};
use crate::error::SetError;
use crate::signature::SessionId;
use crate::store::Record;

/// Other facts about a request that matter to its session.
#[derive(Clone, Debug, Default)]
pub(crate) struct RequestInfo {
    /// The request came over https.
    pub https: bool,
    /// The request is for the part of the site that the cookie is for.
    pub in_path: bool,
    /// The header `User-Agent`, cut to a maximum length.
    pub user_agent: Option<String>,
    /// The address of the browser, in the form that the app stores.
    pub address: Option<String>,
    /// When the response must be ready, if the app said so.
    pub deadline: Option<Instant>,
}

/// The result of checking the request's cookie.
#[derive(Clone, Debug, Default)]
pub(crate) struct CookieInfo {
    /// Bytes of `name=value` as the browser sent it; 0 when it sent none.
    pub bytes: usize,
    /// An older secret than the first signed it.
    pub outdated_signature: bool,
    /// The ID in it, if its signature is genuine but the store has no such session.
    pub unknown_id: Option<SessionId>,
    /// The first two IDs, when cookies with different genuine ones came: neither counts.
    pub ambiguous: Vec<SessionId>,
}

/// The session as this request sees it.
#[derive(Clone)]
pub(crate) struct State {
    pub id: SessionId,
    /// The record that was loaded from the store under this ID.
    pub record: Option<Arc<Record>>,
    /// The ID of the stored session that this one replaces, after a regenerate.
    pub replaces: Option<SessionId>,
    pub cookie: CookieRecord,
    pub changes: Changes,
    /// The cookie's maximum age before this request, in milliseconds.
    pub former_max_age: Option<i64>,
    pub regenerated: bool,
    /// The stored session whose values go on under the new ID. The new one may only be stored if that one
    /// is still there.
    pub cycled: Option<Arc<Record>>,
    pub destroyed: bool,
    /// The handler wants the session extended although `touch_after` has not passed.
    pub touched: bool,
    /// Stored before the end of the request, which has extended the session as well.
    pub saved: bool,
    /// An explicit save needs a `Set-Cookie`.
    pub needs_set_cookie: bool,
}

/// The state, for a moment. A panic elsewhere cannot leave it half changed: each change is one assignment.
pub(crate) fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

impl State {
    /// The state of a new session, which is not stored yet.
    pub(crate) fn new(cookie: CookieRecord) -> Self {
        Self::unchanged(SessionId::generate(), None, cookie)
    }

    /// The state of a session that the store holds.
    pub(crate) fn loaded(id: SessionId, record: Record) -> Self {
        let cookie = record.data().cookie.clone();
        Self::unchanged(id, Some(Arc::new(record)), cookie)
    }

    fn unchanged(id: SessionId, record: Option<Arc<Record>>, cookie: CookieRecord) -> Self {
        Self {
            id,
            record,
            replaces: None,
            former_max_age: cookie.max_age(),
            cookie,
            changes: Changes::default(),
            regenerated: false,
            cycled: None,
            destroyed: false,
            touched: false,
            saved: false,
            needs_set_cookie: false,
        }
    }

    /// A new ID, a new cookie and no values. The stored session is deleted at the commit.
    pub(crate) fn regenerate(&mut self, cookie: CookieRecord) {
        let former = self.record.as_ref().map(|_| self.id.clone());
        let replaces = former.or(self.replaces.take());
        *self = Self { replaces, regenerated: true, ..Self::new(cookie) };
    }

    /// A new ID and a new cookie; the values go on, with this request's changes. Those of a destroyed session
    /// do not.
    pub(crate) fn cycle_id(&mut self, cookie: CookieRecord) {
        let loaded = self.record.clone().or(self.cycled.take());
        let (cycled, changes) =
            (loaded.filter(|_| !self.destroyed), std::mem::take(&mut self.changes));
        self.regenerate(cookie);
        (self.cycled, self.changes) = (cycled, changes);
    }

    /// The store now holds `record`, so what was to be done to it is done. `needs_set_cookie`: the browser
    /// does not know it yet.
    pub(crate) fn mark_saved(&mut self, record: Record, needs_set_cookie: bool) {
        self.saved = true;
        self.needs_set_cookie |= self.record.is_none() || needs_set_cookie;
        self.mark_reloaded(record);
    }

    /// The store holds `record`: the changes of this request are forgotten.
    pub(crate) fn mark_reloaded(&mut self, record: Record) {
        let Self { saved, needs_set_cookie, .. } = *self;
        *self = Self { saved, needs_set_cookie, ..Self::loaded(self.id.clone(), record) };
    }

    /// The values as they were loaded; none in a session that is new, was regenerated or destroyed.
    pub(crate) fn base(&self) -> &Values {
        static NONE: LazyLock<Values> = LazyLock::new(Values::new);
        match self.record.as_ref().or(self.cycled.as_ref()) {
            Some(record) if !self.destroyed => &record.data().values,
            _ => &NONE,
        }
    }

    /// The value of a key, with this request's changes.
    pub(crate) fn get(&self, key: &str) -> Option<Box<RawValue>> {
        self.changes.get(self.base(), key)
    }

    /// The number of a key, with this request's changes; 0 when there is no value.
    pub(crate) fn number(&self, key: &str) -> Option<Number> {
        self.changes.number(self.base(), key)
    }

    /// The session as it stands: cookie and values, with this request's changes.
    pub(crate) fn data(&self) -> SessionData {
        SessionData::new(self.cookie.clone(), self.changes.apply(self.base()))
    }

    /// A copy for the commit, without the changes that change nothing.
    pub(crate) fn effective_copy(&self) -> Self {
        Self { changes: self.changes.effective(self.base()), ..self.clone() }
    }

    /// Whether this request changed a value or the maximum age.
    pub(crate) fn is_modified(&self) -> bool {
        !self.changes.is_empty() || self.is_max_age_changed()
    }

    /// Whether the browser's cookie is out of date. A cookie without an expiry is sent once, as in
    /// express-session. A cookie with one is sent again with the new expiry, and so is a cookie that has just
    /// gained or lost its expiry.
    pub(crate) fn changes_cookie(&self) -> bool {
        self.is_max_age_changed() || self.is_modified() && self.cookie.has_expiry()
    }

    /// Whether this request gave the cookie another maximum age.
    pub(crate) fn is_max_age_changed(&self) -> bool {
        self.cookie.max_age() != self.former_max_age
    }
}

/// A session with a new ID: the only kind that takes a login.
///
/// Made by [`Session::regenerate`](crate::Session::regenerate) and
/// [`Session::cycle_id`](crate::Session::cycle_id). Without the type, a handler could log a user in under an
/// ID that an attacker knows.
pub struct RegeneratedSession<'s> {
    pub(crate) state: &'s Mutex<State>,
}

/// The object that passport keeps in the session.
#[derive(Serialize)]
struct Passport<'u, T: ?Sized> {
    user: &'u T,
}

impl RegeneratedSession<'_> {
    /// Logs a user in: `{"user": id}` goes under [`LOGIN_KEY`], as passport's `serializeUser` writes it.
    /// [`Session::login`](crate::Session::login) reads it back.
    ///
    /// The ID is text or a number to serde, such as a `String`, an `i64` or a `Uuid`. It may also be an
    /// object whose `_id` or `id` is one.
    ///
    /// # Errors
    /// [`SetError::NotAUserId`] for any other ID, [`SetError::NotJson`] for one that JSON cannot express.
    ///
    /// ```
    /// use rocket_express_session::{Session, SetError};
    ///
    /// fn log_in(session: &Session, user_id: i64) -> Result<(), SetError> {
    ///     session.regenerate().log_in(&user_id)
    /// }
    ///
    /// fn current_user(session: &Session) -> Option<i64> {
    ///     session.login()
    /// }
    /// ```
    pub fn log_in<T: Serialize + ?Sized>(&self, user_id: &T) -> Result<(), SetError> {
        let raw = to_raw(LOGIN_KEY, &Passport { user: user_id })?;
        user_key_of(&raw).ok_or(SetError::NotAUserId)?;
        lock(self.state).changes.set(LOGIN_KEY, raw);
        Ok(())
    }

    /// The browser deletes the cookie when it is closed: no `Expires` (express-session's `maxAge: null`).
    pub fn end_with_browser(&self) {
        lock(self.state).cookie.set_max_age(None);
    }
}
