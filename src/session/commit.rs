//! Carries the plan out: one write at most, after the handler, before the answer's head leaves.
//!
//! `plan.rs` decides; here it is done, against a store in which other requests and an Express app
//! write at the same time. Back to `fairing.rs` goes the `Set-Cookie` line, if there is one.

use std::sync::Arc;
use std::time::Duration;

use super::content::{Content, Values};
use super::cookie;
use super::handle::Session;
use super::plan::{Facts, Plan, SetCookie, Switches, Write, plan};
use super::state::State;
use super::store::{Record, Times};
use super::timestamp::{Timestamp, millis};
use crate::db::Unavailable;

/// How often a save is tried against faster writers before the answer is a 503.
const TRIES: usize = 5;

/// The life of a document whose cookie ends with the browser and that Express made: connect-mongo's
/// `ttl`.
const CONNECT_MONGO_TTL: Duration = Duration::from_secs(14 * 24 * 60 * 60);

impl Session {
    /// Writes what has to be written; returns the `Set-Cookie` line for the answer.
    ///
    /// # Errors
    /// The store does not answer, or others wrote faster five times: then no cookie may be sent.
    pub(super) async fn commit(&self) -> Result<Option<String>, Unavailable> {
        let now = Timestamp::now();
        let state = self.state().clone();
        let facts = self.facts(&state, now);
        if facts.undeliverable && (facts.modified || facts.regenerated) {
            log::warn!(
                "a new session was not stored: its cookie could never come back, because it is \
                 Secure and this is plain http, or for another path"
            );
        }
        let Plan { write, set_cookie } = plan(self.switches(), facts);
        if !self.carry_out(write, &state, now).await? {
            return Ok(None);
        }
        Ok(self.set_cookie_line(set_cookie, &state, now))
    }

    /// Does the write. False when the session has ended meanwhile.
    async fn carry_out(
        &self,
        write: Write,
        state: &State,
        now: Timestamp,
    ) -> Result<bool, Unavailable> {
        match write {
            Write::Nothing => Ok(true),
            Write::Insert | Write::Update => Ok(self.write(state, now).await?.is_some()),
            Write::Touch => {
                let touch = self.engine.store.touch(&state.sid, self.times(state, now));
                if let Err(error) = touch.await {
                    // Nothing is lost but time: the page need not fail for it.
                    log::warn!("a session's end could not be moved: {error}");
                }
                Ok(true)
            }
            Write::Delete => {
                let document = state.replaces.as_ref().unwrap_or(&state.sid);
                self.engine.store.destroy(document).await.map(|()| true)
            }
        }
    }

    /// Inserts or updates the document; returns it as it stands then. `None` when the session has
    /// ended meanwhile.
    pub(super) async fn write(
        &self,
        state: &State,
        now: Timestamp,
    ) -> Result<Option<Record>, Unavailable> {
        match &state.record {
            None => self.insert(state, now).await.map(Some),
            Some(record) => self.update(state, record.clone(), now).await,
        }
    }

    /// First the new document, then the old one's end: if the second fails, the browser gets no
    /// cookie for the first, and keeps what it had.
    async fn insert(&self, state: &State, now: Timestamp) -> Result<Record, Unavailable> {
        let store = &self.engine.store;
        let content = self.content_to_store(state, state.base(), now);
        let record = store.insert(&state.sid, &content, self.times(state, now)).await?;
        if let Some(old) = &state.replaces {
            store.destroy(old).await?;
        }
        Ok(record)
    }

    /// Compare and swap: the document must still hold what was loaded. If it does not, this
    /// request's changes go on top of what the other one left.
    async fn update(
        &self,
        state: &State,
        mut record: Arc<Record>,
        now: Timestamp,
    ) -> Result<Option<Record>, Unavailable> {
        let store = &self.engine.store;
        let _turn = self.engine.line(&state.sid).await?;
        for _ in 0..TRIES {
            let content = self.content_to_store(state, &record.content.values, now);
            match store.update(&state.sid, &record, &content, self.times(state, now)).await? {
                Some(saved) => return Ok(Some(saved)),
                None => match store.load(&state.sid).await? {
                    Some(newer) => record = Arc::new(newer),
                    // Logged out meanwhile: nothing brings it back.
                    None => return Ok(None),
                },
            }
        }
        Err(Unavailable::new("a session changed under five tries to save it"))
    }

    fn content_to_store(&self, state: &State, base: &Values, now: Timestamp) -> Content {
        let mut cookie = state.cookie.clone();
        cookie.slide(now, self.absolute_end(state, now));
        Content { cookie, values: state.changes.apply(base) }
    }

    fn times(&self, state: &State, now: Timestamp) -> Times {
        let idle = match (&state.record, state.cookie.original_max_age) {
            (_, Some(age)) => age,
            (Some(record), None) if record.created.is_none() => millis(CONNECT_MONGO_TTL),
            (_, None) => millis(self.engine.options.idle_timeout),
        };
        let end = now.plus_millis(idle);
        let latest = self.absolute_end(state, now);
        Times { now, expires: latest.map_or(end, |latest| end.min(latest)) }
    }

    fn absolute_end(&self, state: &State, now: Timestamp) -> Option<Timestamp> {
        let created = state.record.as_ref().map_or(Some(now), |record| record.created);
        self.engine.absolute_end(created)
    }

    fn facts(&self, state: &State, now: Timestamp) -> Facts {
        let touch_due = |record: &Arc<Record>| {
            let touch_after = millis(self.engine.options.touch_after);
            record.last_modified.is_none_or(|last| now.since(last) >= touch_after)
        };
        Facts {
            loaded: state.record.is_some() || state.replaces.is_some(),
            modified: state.max_age_changed || state.changes.modify(state.base()),
            regenerated: state.regenerated,
            destroyed: state.destroyed,
            had_cookie: self.ticket.bytes > 0,
            has_expiry: state.cookie.original_max_age.is_some(),
            touch_due: state.touched || state.record.as_ref().is_some_and(touch_due),
            cookie_due: state.cookie_due,
            outdated_signature: self.ticket.outdated_signature,
            undeliverable: !self.ticket.in_path
                || state.cookie.secure == Some(true) && !self.ticket.https,
        }
    }

    fn switches(&self) -> Switches {
        let options = &self.engine.options;
        Switches {
            resave: options.resave,
            save_uninitialized: options.save_uninitialized,
            rolling: options.rolling,
        }
    }

    fn set_cookie_line(
        &self,
        set_cookie: SetCookie,
        state: &State,
        now: Timestamp,
    ) -> Option<String> {
        let options = &self.engine.options;
        let mut cookie = state.cookie.clone();
        cookie.slide(now, self.absolute_end(state, now));
        match set_cookie {
            SetCookie::Nothing => None,
            SetCookie::Send => {
                let value = options.secret.sign(&state.sid);
                Some(cookie::set_line(&options.name, &value, &cookie))
            }
            SetCookie::Expire => Some(cookie::expire_line(&options.name, &cookie)),
        }
    }
}
