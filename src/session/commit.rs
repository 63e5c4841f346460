//! Carries the plan out: one write at most, after the handler, before the answer's head leaves.
//!
//! `plan.rs` decides; here it is done, against a store in which other requests and an Express app
//! write at the same time. Back to `fairing.rs` goes the `Set-Cookie` line, if there is one; the
//! document goes to `store/`.

use std::sync::Arc;
use std::time::Duration;

use rocket::tokio::time::sleep;

use super::content::Content;
use super::cookie;
use super::deliver::obstacle;
use super::expiry::Expiry;
use super::handle::{Gone, Session};
use super::plan::{Facts, Plan, SetCookie, Switches, Write, plan};
use super::record::CookieRecord;
use super::sid::Sid;
use super::state::State;
use super::store::{Record, Times};
use super::timestamp::Timestamp;
use crate::db::Unavailable;
use crate::trace::{self, Step};

/// How often a save is tried against faster writers before the answer is a 503.
const TRIES: u32 = 5;

/// The longest wait before the second try; doubles with each further one. Another instance that
/// has a row of saves to do wins most tries; after this long it is through.
const BACK_OFF: Duration = Duration::from_millis(20);

impl Session {
    /// Writes what has to be written; returns the `Set-Cookie` line for the answer.
    ///
    /// `failed`: the answer is a 5xx. Then the end is not moved: the store may be what failed.
    ///
    /// # Errors
    /// The store does not answer, or others wrote faster five times: then no cookie may be sent.
    pub(super) async fn commit(&self, failed: bool) -> Result<Option<String>, Unavailable> {
        let now = Timestamp::now();
        let state = self.state().settled();
        let mut facts = self.facts(&state, now);
        facts.touch_due &= !failed;
        let Plan { write, set_cookie } = plan(Switches::of(&self.engine.options), facts);
        if facts.destroyed {
            // Otherwise the browser, without the cookie that it is told to forget, would be logged
            // in by the other one.
            for sid in &self.ticket.ambiguous {
                self.engine.store.destroy(sid).await?;
            }
        }
        let sent = self.carry_out(write, &state, now).await?;
        self.note(write);
        Ok(sent.and_then(|cookie| self.set_cookie_line(set_cookie, &state, &cookie)))
    }

    /// Commits a session of an engine that no fairing is attached for; returns the `Set-Cookie` line.
    ///
    /// # Errors
    /// The store does not answer, or others wrote faster five times: then no cookie may be sent.
    pub async fn finish(&self) -> Result<Option<String>, Unavailable> {
        self.commit(false).await
    }

    /// [`Session::save`]: the write of the end, now.
    pub(super) async fn save_now(&self) -> Result<(), Gone> {
        let now = Timestamp::now();
        let state = self.state().settled();
        let facts = self.facts(&state, now);
        if facts.destroyed {
            return Err(Gone::Ended);
        }
        if state.record.is_none() && facts.undeliverable {
            self.end_replaced(&state).await?; // The commit says so in the log.
            self.state().replaces = None;
            return Ok(());
        }
        let saved = self.write(&state, now).await?.ok_or(Gone::Ended)?;
        self.state().saved_as(saved, facts.changes_cookie());
        Ok(())
    }

    /// Does the write; returns the cookie that may be sent, `None` when none may: the session has
    /// ended meanwhile, or nobody could ever come back to it.
    async fn carry_out(
        &self,
        write: Write,
        state: &State,
        now: Timestamp,
    ) -> Result<Option<CookieRecord>, Unavailable> {
        let expiry = self.expiry(state.record.as_deref(), now);
        let cookie = expiry.slid(&state.cookie);
        match write {
            Write::Nothing => Ok(Some(cookie)),
            Write::Withhold => self.withhold(state).await.map(|()| None),
            Write::Insert | Write::Update => {
                let record = self.write(state, now).await?;
                Ok(record.map(|record| record.content.cookie))
            }
            Write::Touch => {
                let touched = self.touch_now(state, expiry.times(&state.cookie)).await;
                Ok(touched.then_some(cookie))
            }
            Write::Delete => {
                let document = state.replaces.as_ref().unwrap_or(&state.sid);
                self.engine.store.destroy(document).await?;
                Ok(Some(cookie))
            }
        }
    }

    /// Moves the end. A failure costs nothing but time, so the page need not fail for it.
    async fn touch_now(&self, state: &State, times: Times) -> bool {
        let Some(record) = &state.record else { return false };
        let touched = self.engine.store.touch(&state.sid, record, times).await;
        touched.unwrap_or_else(|error| {
            log::warn!("a session's end could not be moved: {error}");
            false
        })
    }

    /// Does not store a new session whose cookie would never come back. Express stores it.
    async fn withhold(&self, state: &State) -> Result<(), Unavailable> {
        let (name, why) = (&self.engine.options.name, self.obstacle(state).unwrap_or_default());
        log::warn!("a session was not stored: browsers do not keep its cookie {name}: {why}");
        self.end_replaced(state).await
    }

    /// Ends what the new session would have taken the place of.
    async fn end_replaced(&self, state: &State) -> Result<(), Unavailable> {
        match &state.replaces {
            Some(old) => self.engine.store.destroy(old).await.map(drop),
            None => Ok(()),
        }
    }

    /// Inserts or updates the document; returns it as it stands then. `None` when the session has
    /// ended meanwhile.
    async fn write(&self, state: &State, now: Timestamp) -> Result<Option<Record>, Unavailable> {
        match &state.record {
            None => self.insert(state, now).await,
            Some(record) => self.update(state, record.clone(), now).await,
        }
    }

    /// First the new document, then the old one's end: if the second fails, the browser gets no
    /// cookie for the first, and keeps what it had.
    async fn insert(&self, state: &State, now: Timestamp) -> Result<Option<Record>, Unavailable> {
        let store = &self.engine.store;
        let (content, times) = self.to_store(state, None, now);
        let user_agent = self.ticket.user_agent.as_deref();
        let record = store.insert(&state.sid, &content, times, user_agent).await?;
        match (&state.replaces, &state.renews) {
            (Some(old), Some(loaded)) => self.take_over(state, old, loaded, record, now).await,
            (Some(old), None) => store.destroy(old).await.map(|_| Some(record)),
            (None, _) => Ok(Some(record)),
        }
    }

    /// Ends the document whose values go on in `record`, and brings along what other requests have
    /// changed in it since it was loaded. `None` when the session has ended since.
    async fn take_over(
        &self,
        state: &State,
        old: &Sid,
        loaded: &Record,
        record: Record,
        now: Timestamp,
    ) -> Result<Option<Record>, Unavailable> {
        let store = &self.engine.store;
        let Some(latest) = store.take(old).await? else {
            store.destroy(&state.sid).await?;
            return Ok(None);
        };
        if latest.stored == loaded.stored {
            return Ok(Some(record));
        }
        let values = state.changes.apply(&latest.content.values);
        let content = Content { cookie: record.content.cookie.clone(), values };
        let times = self.expiry(Some(&record), now).times(&content.cookie);
        // No other request knows the new id yet.
        store.update(&state.sid, &record, &content, times).await
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
        let turn = self.engine.save_lock(&state.sid).await?;
        // Whoever went before has changed it: the first try would be in vain.
        let mut is_stale = turn.waited;
        for tries in 0..TRIES {
            back_off(tries).await;
            if is_stale {
                // Logged out meanwhile: nothing brings it back.
                let Some(newer) = store.load(&state.sid).await? else { return Ok(None) };
                record = Arc::new(newer);
            }
            let (content, times) = self.to_store(state, Some(&record), now);
            if let Some(saved) = store.update(&state.sid, &record, &content, times).await? {
                return Ok(Some(saved));
            }
            is_stale = true;
        }
        Err(Unavailable::new("a session changed under five tries to save it"))
    }

    /// What is to stand in the document in place of `record`. The cookie is a key like the others:
    /// as it stands there, but for a maximum age that this request changed.
    fn to_store(&self, state: &State, record: Option<&Record>, now: Timestamp) -> (Content, Times) {
        let expiry = self.expiry(record, now);
        let mut cookie = record.map_or(&state.cookie, |record| &record.content.cookie).clone();
        if state.is_max_age_changed() {
            cookie.set_max_age(state.cookie.max_age());
        }
        let base = record.map_or(state.base(), |record| &record.content.values);
        let content = Content { cookie: expiry.slid(&cookie), values: state.changes.apply(base) };
        let times = expiry.times(&cookie);
        (content, times)
    }

    fn note(&self, write: Write) {
        trace::note(|| Step::Written {
            name: self.engine.options.name.clone(),
            bytes: self.content().to_json().len(),
            write: match write {
                Write::Nothing => trace::Write::Nothing,
                Write::Insert => trace::Write::Insert,
                Write::Update => trace::Write::Update,
                Write::Withhold => trace::Write::Withheld,
                Write::Touch => trace::Write::Touch,
                Write::Delete => trace::Write::Delete,
            },
        });
    }

    fn expiry<'s>(&'s self, record: Option<&'s Record>, now: Timestamp) -> Expiry<'s> {
        Expiry { options: &self.engine.options, record, now }
    }

    fn facts(&self, state: &State, now: Timestamp) -> Facts {
        let expiry = self.expiry(state.record.as_deref(), now);
        Facts {
            loaded: state.record.is_some() || state.replaces.is_some(),
            modified: !state.changes.is_empty() || state.is_max_age_changed(),
            regenerated: state.regenerated,
            destroyed: state.destroyed,
            had_cookie: self.ticket.bytes > 0,
            max_age_changed: state.is_max_age_changed(),
            has_expiry: state.cookie.has_expiry(),
            touch_due: state.touched || expiry.touch_is_due(&state.cookie),
            saved: state.saved,
            cookie_due: state.cookie_due,
            outdated_signature: self.ticket.outdated_signature,
            undeliverable: self.obstacle(state).is_some(),
        }
    }

    fn obstacle(&self, state: &State) -> Option<String> {
        obstacle(&self.engine.options.name, &state.cookie, &self.ticket)
    }

    fn set_cookie_line(
        &self,
        set_cookie: SetCookie,
        state: &State,
        cookie: &CookieRecord,
    ) -> Option<String> {
        let options = &self.engine.options;
        match set_cookie {
            SetCookie::Nothing => None,
            SetCookie::Send => {
                let value = options.secret.sign(&state.sid);
                Some(cookie::set_line(&options.name, &value, cookie))
            }
            SetCookie::Expire => Some(cookie::expire_line(&options.name, cookie)),
        }
    }
}

/// Waits before a further try, each time longer, and never as long as another instance does.
async fn back_off(tries: u32) {
    if tries > 0 {
        let longest = BACK_OFF * 2_u32.pow(tries - 1);
        sleep(longest.mul_f64(rand::random_range(0.5..1.0))).await;
    }
}
