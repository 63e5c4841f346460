//! The session as a handler sees it: express-session's `req.session`, for Rust.
//!
//! Take `&Session` as an argument of a route (`guard.rs` gives it), read and change it; nothing is
//! written before the handler has returned. Then `fairing.rs` calls `commit.rs`.

use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::changes::Changes;
use super::content::{Content, CookieRecord, Values, is_reserved, to_raw};
use super::engine::Engine;
use super::sid::Sid;
use super::store::Record;
use super::timestamp::Timestamp;

/// The key under which passport keeps who is logged in. It can be set only on a session that has
/// just got a new id ([`Session::regenerate`]): an attacker who planted an id in somebody's
/// browser would otherwise share the login (session fixation, OWASP ASVS 7.2.4).
pub const LOGIN_KEY: &str = "passport";

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

/// What the request's cookie was worth.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Ticket {
    /// Bytes of `name=value` as the browser sent it; 0 when it sent none.
    pub bytes: usize,
    /// Signed with an older secret than the first.
    pub outdated_signature: bool,
    /// The request came over https.
    pub https: bool,
}

#[derive(Clone)]
pub(super) struct State {
    pub sid: Sid,
    /// The document under this id, as it was loaded.
    pub record: Option<Arc<Record>>,
    /// The id whose document this session takes the place of, after a regenerate.
    pub replaces: Option<Sid>,
    pub cookie: CookieRecord,
    pub changes: Changes,
    pub regenerated: bool,
    pub destroyed: bool,
}

impl State {
    /// The values as they were loaded; none in a session that is new or has a new id.
    pub fn base(&self) -> &Values {
        static NONE: LazyLock<Values> = LazyLock::new(Values::new);
        self.record.as_ref().map_or(&NONE, |record| &record.content.values)
    }
}

impl Session {
    /// A session that no document stands for yet.
    pub(super) fn new(engine: Arc<Engine>, ticket: Ticket) -> Self {
        let cookie = engine.options.new_cookie(ticket.https);
        Self::with(engine, ticket, Sid::generate(), None, cookie)
    }

    pub(super) fn loaded(engine: Arc<Engine>, ticket: Ticket, sid: Sid, record: Record) -> Self {
        let cookie = record.content.cookie.clone();
        Self::with(engine, ticket, sid, Some(Arc::new(record)), cookie)
    }

    fn with(
        engine: Arc<Engine>,
        ticket: Ticket,
        sid: Sid,
        record: Option<Arc<Record>>,
        cookie: CookieRecord,
    ) -> Self {
        let state = State {
            sid,
            record,
            replaces: None,
            cookie,
            changes: Changes::default(),
            regenerated: false,
            destroyed: false,
        };
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

    /// Puts `value` under `key`. The same value again is no change and costs no write.
    ///
    /// # Errors
    /// [`SetError`] for a key that is not ours to set, or a value that JSON cannot say.
    pub fn set<T: Serialize + ?Sized>(&self, key: &str, value: &T) -> Result<(), SetError> {
        if key == LOGIN_KEY {
            return Err(SetError::LoginOnly(key.to_owned()));
        }
        self.put(key, value)
    }

    fn put<T: Serialize + ?Sized>(&self, key: &str, value: &T) -> Result<(), SetError> {
        if is_reserved(key) {
            return Err(SetError::Reserved(key.to_owned()));
        }
        let raw = to_raw(value).map_err(|_| SetError::NotJson(key.to_owned()))?;
        self.state().changes.set(key, raw);
        Ok(())
    }

    /// Takes `key` away.
    pub fn remove(&self, key: &str) {
        self.state().changes.remove(key);
    }

    /// Adds one to the whole number under `key`. Unlike `get` and `set` in turn, no increment is
    /// lost when requests run side by side.
    ///
    /// # Errors
    /// [`SetError::Reserved`], [`SetError::LoginOnly`].
    pub fn increment(&self, key: &str) -> Result<(), SetError> {
        if is_reserved(key) || key == LOGIN_KEY {
            return Err(SetError::Reserved(key.to_owned()));
        }
        self.state().changes.add(key, 1);
        Ok(())
    }

    /// Starts over with a new id and nothing in it. The old document is deleted, after the new
    /// one is stored. Done at each login, whatever was before.
    pub fn regenerate(&self) -> Fresh<'_> {
        let mut state = self.state();
        if state.record.take().is_some() {
            state.replaces = Some(state.sid.clone());
        }
        state.sid = Sid::generate();
        state.cookie = self.engine.options.new_cookie(self.ticket.https);
        state.changes = Changes::default();
        state.regenerated = true;
        state.destroyed = false;
        drop(state);
        Fresh { session: self }
    }

    /// Ends the session: the document is deleted and the browser told to forget the cookie.
    pub fn destroy(&self) {
        let mut state = self.state();
        state.destroyed = true;
        state.changes = Changes::default();
    }

    /// The session as it stands now: cookie and values, with this request's changes.
    pub fn content(&self) -> Content {
        let state = self.state();
        Content { cookie: state.cookie.clone(), values: state.changes.apply(state.base()) }
    }

    /// When the document was made and when it ends, as far as the store knows.
    pub fn span(&self) -> (Option<Timestamp>, Option<Timestamp>) {
        let state = self.state();
        state.record.as_ref().map_or((None, None), |record| (record.created, record.expires))
    }

    /// Where the store keeps its sessions, in words for a page.
    pub fn place(&self) -> String {
        self.engine.store.place()
    }

    /// The cookie's name, and the bytes of `name=value` that this request sent.
    pub fn cookie_sent(&self) -> (&str, usize) {
        (&self.engine.options.name, self.ticket.bytes)
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        // A panic elsewhere cannot leave the state half changed: each change is one assignment.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
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
        self.session.state().cookie.original_max_age = None;
    }
}
