//! The session as a handler sees it: express-session's `req.session`, in Rust.
//!
//! `guard.rs` finds it for a handler, which reads and changes it. After the handler, `commit.rs` writes it.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Number;

use crate::changes::Changes;
use crate::cookie_record::CookieRecord;
use crate::data::{LOGIN_KEY, SessionData, check_key, checked_raw, login};
use crate::error::{SaveError, SetError, Unavailable};
use crate::expiry::Lifetime;
use crate::javascript::{Timestamp, millis};
use crate::observe::Event;
use crate::sessions::Sessions;
use crate::signature::SessionId;
use crate::state::{CookieInfo, RegeneratedSession, RequestInfo, State, lock};
use crate::store::{Record, RevokeReason};
use crate::user_sessions::UserSessions;
use crate::write::Writer;

/// The session of one browser during one request.
///
/// Take it as an argument of a handler, by reference: all guards and handlers of a request share it. It is
/// loaded when the first of them asks, and written once, before the response leaves.
///
/// ```
/// use rocket_express_session::{Session, SetError};
///
/// #[rocket::get("/")]
/// fn index(session: &Session) -> Result<String, SetError> {
///     session.increment("views")?;
///     Ok(format!("You have seen this page {} times.", session.get::<u64>("views").unwrap_or(0)))
/// }
/// ```
///
/// # Concurrent requests
/// A request writes only the keys that it has changed, on top of what other requests have written since. Of
/// two requests that set one key, the later wins; [`increment`](Self::increment), [`push`](Self::push) and
/// [`pull`](Self::pull) count both. If another request has destroyed the session, nothing is written.
pub struct Session {
    state: Mutex<State>,
    sessions: Sessions,
    pub(crate) request: RequestInfo,
    cookie: CookieInfo,
}

impl Session {
    /// The loaded session, or a new one that is not stored yet.
    pub(crate) fn new(
        sessions: Sessions,
        request: RequestInfo,
        cookie: CookieInfo,
        loaded: Option<(SessionId, Record)>,
    ) -> Self {
        let new = || State::new(sessions.new_cookie(request.https));
        let state = loaded.map_or_else(new, |(id, record)| State::loaded(id, record));
        Self { state: Mutex::new(state), sessions, request, cookie }
    }

    /// The session's ID, express-session's `req.sessionID`.
    pub fn id(&self) -> SessionId {
        self.state().id.clone()
    }

    /// The value under `key`; `None` when there is none, or one of another shape than `T`.
    pub fn get<T: DeserializeOwned>(&self, key: &str) -> Option<T> {
        serde_json::from_str(self.state().get(key)?.get()).ok()
    }

    /// Puts `value` under `key`. The same value again is no change and costs no write.
    ///
    /// # Errors
    /// [`SetError`]: Express reserves the key (see [`RESERVED_KEYS`](crate::RESERVED_KEYS)), only a login may
    /// set it (`passport`), or the value is no JSON.
    pub fn set<T: Serialize + ?Sized>(&self, key: &str, value: &T) -> Result<(), SetError> {
        self.state().changes.set(key, checked_raw(key, value)?);
        Ok(())
    }

    /// Removes the value under `key`.
    pub fn remove(&self, key: &str) {
        self.state().changes.remove(key);
    }

    /// Removes the value under `key` and returns it: for a message to show once. Two concurrent requests may
    /// both get it.
    pub fn take<T: DeserializeOwned>(&self, key: &str) -> Option<T> {
        let value = self.get(key);
        self.remove(key);
        value
    }

    /// Adds one to the number under `key`; a missing one counts as 0. Unlike `get` and `set`, it loses no
    /// increment of a concurrent request. `"5"` counts as 5 and `true` as 1, as in JavaScript.
    ///
    /// # Errors
    /// [`SetError`], as for [`set`](Self::set), or the value is no number. Then it stays.
    pub fn increment(&self, key: &str) -> Result<(), SetError> {
        check_key(key)?;
        self.number(key).ok_or_else(|| SetError::NotANumber(key.to_owned()))?;
        self.state().changes.add(key, 1);
        Ok(())
    }

    /// The number under `key`, as [`increment`](Self::increment) reads it: 0 for no value, `None` for no
    /// number.
    pub fn number(&self, key: &str) -> Option<Number> {
        self.state().number(key)
    }

    /// Appends to the list under `key`. Like an increment, it is not lost when a concurrent request appends
    /// as well. A list with `limit` items takes no more, without an error. A value that is no list is
    /// replaced.
    ///
    /// # Errors
    /// [`SetError`], as for [`set`](Self::set).
    pub fn push<T: Serialize + ?Sized>(
        &self,
        key: &str,
        item: &T,
        limit: usize,
    ) -> Result<(), SetError> {
        self.state().changes.push(key, checked_raw(key, item)?, limit);
        Ok(())
    }

    /// Removes the first item equal to `item` from the list under `key`, if there is one. Like a push, it is
    /// not lost when a concurrent request changes the list.
    ///
    /// # Errors
    /// [`SetError`], as for [`set`](Self::set).
    pub fn pull<T: Serialize + ?Sized>(&self, key: &str, item: &T) -> Result<(), SetError> {
        self.state().changes.pull(key, checked_raw(key, item)?);
        Ok(())
    }

    /// The ID of the user who is logged in, as the app's own type: a number, a UUID, a text. `None`: the
    /// session is anonymous, or the ID is no `T`. Express: passport's `req.session.passport.user`.
    pub fn login<T: DeserializeOwned>(&self) -> Option<T> {
        login(&self.state().get(LOGIN_KEY)?)
    }

    /// A new ID and no values. The stored session is deleted after the new one is stored. A login needs it,
    /// so that an ID that an attacker planted before is worth nothing (session fixation).
    pub fn regenerate(&self) -> RegeneratedSession<'_> {
        self.with_new_id(State::regenerate)
    }

    /// A new ID, and the values are kept: after a change of rights, or when the user has given the password
    /// again (OWASP ASVS 7.2.4). The absolute timeout begins again. If the session has ended by the time the
    /// new one is stored, it stays ended.
    pub fn cycle_id(&self) -> RegeneratedSession<'_> {
        self.with_new_id(State::cycle_id)
    }

    fn with_new_id(&self, change: fn(&mut State, CookieRecord)) -> RegeneratedSession<'_> {
        let cookie = self.sessions.new_cookie(self.request.https);
        let mut state = self.state();
        change(&mut state, cookie);
        self.sessions.observe(Event::Regenerated { old: state.replaces.as_ref(), new: &state.id });
        drop(state);
        RegeneratedSession { state: &self.state }
    }

    /// Ends the session: the store deletes it, and the browser is told to delete the cookie. Values that are
    /// set afterwards are lost: to keep a message, call [`regenerate`](Self::regenerate) instead. If two
    /// different genuine cookies came, both sessions end.
    pub fn destroy(&self) {
        let mut state = self.state();
        state.destroyed = true;
        state.changes = Changes::default();
        self.sessions.observe(Event::Destroyed);
    }

    /// Saves now. Rarely needed: the response waits for the save at the end.
    ///
    /// # Errors
    /// [`SaveError`]: the session has ended in the meantime, or the store does not answer.
    pub async fn save(&self) -> Result<(), SaveError> {
        let state = self.effective_state();
        let save = self.writer(&state, Timestamp::now());
        match self.sessions.in_time(self.request.deadline, save.save()).await? {
            Some(saved) => self.state().mark_saved(saved.record, saved.needs_set_cookie),
            None => self.state().replaces = None,
        }
        Ok(())
    }

    /// Drops this request's changes, and loads what the store holds now.
    ///
    /// # Errors
    /// [`SaveError`]: the session has ended or was never stored, or the store does not answer.
    pub async fn reload(&self) -> Result<(), SaveError> {
        let id = self.id();
        if self.state().destroyed {
            return Err(SaveError::Ended);
        }
        let load = self.sessions.store_for("load", &id).load(&id);
        let record = self.sessions.in_time(self.request.deadline, load).await?;
        self.state().mark_reloaded(record.ok_or(SaveError::Ended)?);
        Ok(())
    }

    /// Extends the session in the store at the end of this request, whatever `touch_after` says.
    pub fn touch(&self) {
        self.state().touched = true;
    }

    /// How long the session lives after each save or touch. `None`: the browser deletes the cookie when it is
    /// closed. Express: `req.session.cookie.maxAge`.
    pub fn max_age(&self) -> Option<Duration> {
        self.state().cookie.max_age().map(|age| Duration::from_millis(age.max(0).unsigned_abs()))
    }

    /// Sets the maximum age and marks the session modified (Express does not). The browser gets the cookie
    /// again, with its new expiry.
    pub fn set_max_age(&self, age: Option<Duration>) {
        self.state().cookie.set_max_age(age.map(millis));
    }

    /// The data of the session: cookie and values, with this request's changes.
    pub fn data(&self) -> SessionData {
        self.state().data()
    }

    /// When the session was created and when it expires, as far as the store knows.
    pub fn lifetime(&self) -> Lifetime {
        self.sessions.expiry(self.record().as_deref(), Timestamp::now()).lifetime()
    }

    /// The cookie's name, and the bytes of `name=value` that this request sent; 0 for no cookie.
    pub fn cookie_sent(&self) -> (&str, usize) {
        (&self.sessions.options().name, self.cookie.bytes)
    }

    /// What the store holds, as this request loaded or saved it; `None` when it holds nothing.
    pub fn record(&self) -> Option<Arc<Record>> {
        self.state().record.clone()
    }

    /// Whether the store holds the session, as far as this request knows.
    pub fn is_stored(&self) -> bool {
        self.state().record.is_some()
    }

    /// Whether the browser came with a genuine cookie for a session that has ended or expired. It comes with
    /// it again, until a new session is stored or [`destroy`](Self::destroy) deletes the cookie.
    pub fn is_unknown(&self) -> bool {
        self.cookie.unknown_id.is_some()
    }

    /// Whether the browser came with two different genuine cookies, so that neither counts.
    pub fn is_ambiguous(&self) -> bool {
        !self.cookie.ambiguous.is_empty()
    }

    /// Why the session [`is_unknown`](Self::is_unknown), if it was revoked within the last day.
    ///
    /// # Errors
    /// The store does not answer, or is no [`Registry`](crate::store::Registry).
    pub async fn revoke_reason(&self) -> Result<Option<RevokeReason>, Unavailable> {
        let Some(id) = &self.cookie.unknown_id else { return Ok(None) };
        let reason = self.sessions.registry()?.revoke_reason(id);
        let reason = self.sessions.in_time(self.request.deadline, reason).await?;
        if let Some(reason) = &reason {
            self.sessions.observe(Event::Revoked { reason });
        }
        Ok(reason)
    }

    /// All sessions of the user who is logged in: to list them, and to revoke them.
    pub fn user_sessions(&self) -> UserSessions<'_> {
        UserSessions::new(&self.sessions, &self.state(), self.request.deadline)
    }

    /// The kind of sessions that it belongs to.
    pub fn sessions(&self) -> &Sessions {
        &self.sessions
    }

    /// A copy of the state without the changes that change nothing.
    pub(crate) fn effective_state(&self) -> State {
        self.state().effective_copy()
    }

    /// The writer for the session as it is in `state`.
    pub(crate) fn writer<'s>(&'s self, state: &'s State, now: Timestamp) -> Writer<'s> {
        let Self { sessions, request, cookie, .. } = self;
        Writer { sessions, request, cookie, state, now }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}
