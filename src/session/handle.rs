//! The session as a handler sees it: express-session's `req.session`, for Rust.
//!
//! Take `&Session` as an argument of a route (`guard.rs` gives it), read and change it; nothing is
//! written before the handler has returned. Then `fairing.rs` calls `commit.rs`.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Number;

use super::changes::Changes;
use super::content::{Content, LOGIN_KEY, is_reserved, login_id, to_raw};
use super::engine::Engine;
use super::javascript::{to_json_number, to_number};
use super::others::Span;
use super::record::CookieRecord;
use super::sid::Sid;
use super::state::{State, Ticket};
use super::store::Record;
use super::timestamp::millis;
use crate::db::Unavailable;
use crate::trace::{self, Step};

/// A key or a value that a session cannot hold.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "each variant's message says what it is")]
pub enum SetError {
    #[error("the session key {0:?} is reserved: Express would drop it")]
    Reserved(String),
    #[error("the session key {0:?} can be set by a login only")]
    LoginOnly(String),
    #[error("the value for the session key {0:?} is no JSON")]
    NotJson(String),
    #[error("the value of the session key {0:?} is no number to add to")]
    NotANumber(String),
}

/// There is no session to save or to load.
#[derive(Debug, thiserror::Error)]
pub enum Gone {
    /// Destroyed or expired meanwhile, or never stored.
    #[error("the session has ended")]
    Ended,
    /// Nobody can tell.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// One browser's session during one request.
///
/// All methods take `&self`: guards, the handler and the page share one session.
pub struct Session {
    state: Mutex<State>,
    pub(super) engine: Arc<Engine>,
    /// What the request told about the ticket.
    pub(super) ticket: Ticket,
}

impl Session {
    /// A session that no document stands for yet.
    pub(super) fn new(engine: Arc<Engine>, ticket: Ticket) -> Self {
        let cookie = engine.options.new_cookie(ticket.https);
        let state = State::new(Sid::generate(), None, cookie);
        Self { state: Mutex::new(state), engine, ticket }
    }

    pub(super) fn loaded(engine: Arc<Engine>, ticket: Ticket, sid: Sid, record: Record) -> Self {
        let cookie = record.content.cookie.clone();
        let state = State::new(sid, Some(record), cookie);
        Self { state: Mutex::new(state), engine, ticket }
    }

    /// The id, `req.sessionID`.
    pub fn id(&self) -> Sid {
        self.state().sid.clone()
    }

    /// The value under `key`; `None` when there is none, or one of another shape than `T` (any
    /// program that shares the database may have written it).
    pub fn get<T: DeserializeOwned>(&self, key: &str) -> Option<T> {
        let state = self.state();
        let raw = state.changes.get(state.base(), key)?;
        serde_json::from_str(raw.get()).ok()
    }

    /// The id of who is logged in, 24 hex digits: passport's `req.session.passport.user`.
    pub fn login(&self) -> Option<String> {
        let state = self.state();
        login_id(&state.changes.get(state.base(), LOGIN_KEY)?)
    }

    /// Puts `value` under `key`. The same value again is no change and costs no write.
    ///
    /// # Errors
    /// [`SetError`] for a key that is not ours to set, or a value that JSON cannot say.
    pub fn set<T: Serialize + ?Sized>(&self, key: &str, value: &T) -> Result<(), SetError> {
        settable(key)?;
        self.put(key, value)
    }

    fn put<T: Serialize + ?Sized>(&self, key: &str, value: &T) -> Result<(), SetError> {
        let raw = to_raw(value).map_err(|_| SetError::NotJson(key.to_owned()))?;
        self.state().changes.set(key, raw);
        Ok(())
    }

    /// Takes `key` away.
    pub fn remove(&self, key: &str) {
        self.state().changes.remove(key);
    }

    /// Adds one to the number under `key`. Unlike `get` and `set` in turn, no increment is lost when
    /// requests run side by side. Text and flags count as JavaScript's `Number` reads them.
    ///
    /// # Errors
    /// [`SetError::Reserved`], [`SetError::LoginOnly`]; [`SetError::NotANumber`], and the value stays.
    pub fn increment(&self, key: &str) -> Result<(), SetError> {
        settable(key)?;
        self.number(key).ok_or_else(|| SetError::NotANumber(key.to_owned()))?;
        self.state().changes.add(key, 1);
        Ok(())
    }

    /// The number under `key`, read as `increment` reads it; 0 when there is no value. `None` when the
    /// value is no number.
    pub fn number(&self, key: &str) -> Option<Number> {
        let state = self.state();
        match state.changes.get(state.base(), key) {
            Some(value) => to_number(&value).and_then(to_json_number),
            None => Some(0.into()),
        }
    }

    /// Appends to the list under `key`, which holds `most` and no more. Like an increment, it is not
    /// lost when another request appends at the same time, unless that one took the last place.
    ///
    /// # Errors
    /// [`SetError`] for a key that is not ours to set, or a value that JSON cannot say.
    pub fn push<T: Serialize + ?Sized>(
        &self,
        key: &str,
        item: &T,
        most: usize,
    ) -> Result<(), SetError> {
        settable(key)?;
        let raw = to_raw(item).map_err(|_| SetError::NotJson(key.to_owned()))?;
        self.state().changes.push(key, raw, most);
        Ok(())
    }

    /// Starts over with a new id and nothing in it. The old document is deleted, after the new
    /// one is stored. Done at each login, whatever was before.
    pub fn regenerate(&self) -> Fresh<'_> {
        self.with_new_id(State::start_over)
    }

    /// A new id for a user who stays logged in; the values are kept. If the session has ended by the
    /// time that the new one is stored, it stays ended. After a change of rights, or when the user
    /// has given the password again (OWASP ASVS 7.2.4).
    pub fn renew(&self) -> Fresh<'_> {
        self.with_new_id(State::renew)
    }

    fn with_new_id(&self, change: fn(&mut State, CookieRecord)) -> Fresh<'_> {
        let cookie = self.engine.options.new_cookie(self.ticket.https);
        change(&mut self.state(), cookie);
        trace::note(|| {
            let state = self.state();
            let old = state.replaces.as_ref().map(|sid| trace::start(sid.as_str()));
            Step::Regenerated { old, new: trace::start(state.sid.as_str()) }
        });
        Fresh { session: self }
    }

    /// Ends the session: nothing is in it any more, the document is deleted and the browser told
    /// to forget the cookie. If two different genuine cookies came, both sessions end.
    pub fn destroy(&self) {
        let mut state = self.state();
        state.destroyed = true;
        state.changes = Changes::default();
        trace::note(|| Step::Destroyed);
    }

    /// Saves now, rather than at the end of the request. Needed by nobody who only wants the next
    /// request to see it: the answer waits for the save at the end anyhow.
    ///
    /// # Errors
    /// [`Gone`] when the session has ended meanwhile, or the store does not answer.
    pub async fn save(&self) -> Result<(), Gone> {
        self.save_now().await
    }

    /// Forgets this request's changes, and loads what the store holds now.
    ///
    /// # Errors
    /// [`Gone`] when there is nothing to load, or the store does not answer.
    pub async fn reload(&self) -> Result<(), Gone> {
        let sid = self.id();
        if self.state().destroyed {
            return Err(Gone::Ended);
        }
        let record = self.engine.store.load(&sid).await?.ok_or(Gone::Ended)?;
        let cookie = record.content.cookie.clone();
        let mut state = self.state();
        let (saved, cookie_due) = (state.saved, state.cookie_due);
        *state = State { saved, cookie_due, ..State::new(sid, Some(record), cookie) };
        Ok(())
    }

    /// Moves the end of the session at the end of this request, whatever `touch_after` says.
    pub fn touch(&self) {
        self.state().touched = true;
    }

    /// How long the session lives after each save or touch; `None`: the cookie ends with the
    /// browser. Express: `req.session.cookie.maxAge`.
    pub fn max_age(&self) -> Option<Duration> {
        let age = self.state().cookie.max_age()?;
        Some(Duration::from_millis(age.max(0).unsigned_abs()))
    }

    /// Sets the maximum age and marks the session modified (Express does not). The browser gets the
    /// cookie again, with its new end.
    pub fn set_max_age(&self, age: Option<Duration>) {
        self.state().cookie.set_max_age(age.map(millis));
    }

    /// The session as it stands now: cookie and values, with this request's changes.
    pub fn content(&self) -> Content {
        let state = self.state();
        Content { cookie: state.cookie.clone(), values: state.changes.apply(state.base()) }
    }

    /// When the session began and when it ends, as far as the store knows.
    pub fn span(&self) -> Span {
        let record = self.state().record.clone();
        record.map_or_else(Span::default, |record| Span::of(&record, &self.engine.options))
    }

    /// Where the store keeps its sessions, in words for a page.
    pub fn place(&self) -> String {
        self.engine.store.place()
    }

    /// The cookie's name, and the bytes of `name=value` that this request sent.
    pub fn cookie_sent(&self) -> (&str, usize) {
        (&self.engine.options.name, self.ticket.bytes)
    }

    /// Whether a document stands for it that was loaded.
    pub fn is_stored(&self) -> bool {
        self.state().record.is_some()
    }

    pub(super) fn is_destroyed(&self) -> bool {
        self.state().destroyed
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        // A panic elsewhere cannot leave the state half changed: each change is one assignment.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a handler may set this key.
fn settable(key: &str) -> Result<(), SetError> {
    if key == LOGIN_KEY {
        return Err(SetError::LoginOnly(key.to_owned()));
    }
    if is_reserved(key) {
        return Err(SetError::Reserved(key.to_owned()));
    }
    Ok(())
}

/// A session that has just got a new id: the only kind that a login can be written to.
pub struct Fresh<'s> {
    session: &'s Session,
}

impl Fresh<'_> {
    /// Makes this session a logged-in one: `value` goes under [`LOGIN_KEY`].
    ///
    /// # Errors
    /// [`SetError::NotJson`].
    pub fn set_login<T: Serialize + ?Sized>(&self, value: &T) -> Result<(), SetError> {
        self.session.put(LOGIN_KEY, value)
    }

    /// The cookie ends when the browser is closed: no `Expires` (express-session's `maxAge: null`).
    pub fn end_with_browser(&self) {
        self.session.set_max_age(None);
    }
}
