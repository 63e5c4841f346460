//! One rule of the contract, the store that is to keep it, and the sessions that the rules are tried with.

use std::fmt::Display;
use std::panic::resume_unwind;
use std::sync::{Arc, Barrier};
use std::thread;

use rocket::tokio::runtime::Handle;
use rocket::tokio::task::spawn_blocking;
use serde_json::Value;

use crate::data::SessionData;
use crate::error::Unavailable;
use crate::javascript::Timestamp;
use crate::signature::SessionId;
use crate::store::{Record, Store, Times};

/// Calls that a race makes at once.
const CONCURRENT: usize = 20;

/// How often each race is run: a store that is wrong may win one by luck.
pub(super) const ROUNDS: usize = 10;

/// Milliseconds that a session lives: longer than the slowest database needs for all rules.
const LIFE: i64 = 30 * 60 * 1_000;

/// Characters of a session in a message.
const SHOWN: usize = 500;

/// A rule, and the store that is to keep it. Each method calls the store, and names the rule if it fails.
pub(super) struct Rule<S> {
    pub store: Arc<S>,
    sentence: &'static str,
}

impl<S: Store> Rule<S> {
    pub(super) fn new(store: &Arc<S>, sentence: &'static str) -> Self {
        Self { store: store.clone(), sentence }
    }

    /// Panics with the rule and with what was found.
    pub(super) fn broken(&self, found: impl Display) -> ! {
        panic!("the store breaks the rule \"{}\": {found}", self.sentence)
    }

    /// Panics with the rule and with what was found, unless `holds`.
    pub(super) fn check(&self, holds: bool, found: impl Display) {
        if !holds {
            self.broken(found);
        }
    }

    /// The answer; panics when there is none.
    pub(super) fn answer<T>(&self, method: &str, answer: Result<T, Unavailable>) -> T {
        answer.unwrap_or_else(|error| self.broken(format!("{method} failed: {error}")))
    }

    pub(super) async fn load(&self, id: &SessionId) -> Option<Record> {
        self.answer("load", self.store.load(id).await)
    }

    /// Loads a session that must be there.
    pub(super) async fn loaded(&self, id: &SessionId) -> Record {
        let found = self.load(id).await;
        found.unwrap_or_else(|| self.broken("load found no session"))
    }

    pub(super) async fn insert(&self, id: &SessionId, record: Record) -> Record {
        self.answer("insert", self.store.insert(id, record).await)
    }

    /// Inserts a new session with these values, and loads it.
    pub(super) async fn inserted(&self, values: &str) -> (SessionId, Record) {
        let id = SessionId::generate();
        self.insert(&id, record(values, new_times())).await;
        let loaded = self.loaded(&id).await;
        (id, loaded)
    }

    pub(super) async fn update(&self, id: &SessionId, old: &Record, new: Record) -> Option<Record> {
        self.answer("update", self.store.update(id, old, new).await)
    }

    pub(super) async fn touch(&self, id: &SessionId, old: &Record, times: Times) -> bool {
        self.answer("touch", self.store.touch(id, old, times).await)
    }

    pub(super) async fn destroy(&self, id: &SessionId) -> bool {
        self.answer("destroy", self.store.destroy(id).await)
    }

    pub(super) async fn take(&self, id: &SessionId) -> Option<Record> {
        self.answer("take", self.store.take(id).await)
    }

    /// There is no session of this ID, and nothing makes one. `old` is what the store has returned before.
    pub(super) async fn check_not_there(&self, id: &SessionId, old: &Record) {
        let loaded = self.load(id).await;
        self.check(loaded.is_none(), format!("load found {}", show(loaded.as_ref())));
        let updated = self.update(id, old, changed(old, r#""n":"back""#)).await;
        self.check(updated.is_none(), format!("update returned {}", show(updated.as_ref())));
        let touched = self.touch(id, old, later(old, 1)).await;
        self.check(!touched, "touch returned true");
        let taken = self.take(id).await;
        self.check(taken.is_none(), format!("take returned {}", show(taken.as_ref())));
        let loaded = self.load(id).await;
        let found = format!("after an update and a touch, load found {}", show(loaded.as_ref()));
        self.check(loaded.is_none(), found);
    }

    /// Both are the same session: the values, the times, the browser and its address.
    pub(super) fn check_same(&self, method: &str, found: &Record, expected: &Record) {
        let (json, expected_json) = (show(Some(found)), show(Some(expected)));
        let is_same = is_same_json(found.json(), expected.json());
        self.check(is_same, format!("{method} returned {json} and not {expected_json}"));
        let (times, expected_times) = (found.times, expected.times);
        let found_times = format!("{method} returned {times:?} and not {expected_times:?}");
        self.check(times == expected_times, found_times);
        let (address, expected_address) = (&found.address, &expected.address);
        let (agent, expected) = (&found.user_agent, &expected.user_agent);
        let found_agent =
            format!("{method} returned the user agent {agent:?} and not {expected:?}");
        self.check(agent == expected, found_agent);
        let found_address =
            format!("{method} returned the address {address:?} and not {expected_address:?}");
        self.check(address == expected_address, found_address);
    }

    /// Makes the calls number 0 to 19 at the same time, each in a thread of its own; returns what they
    /// returned. Tasks would not do: a runtime of one thread runs each to its first wait.
    pub(super) async fn race<T: Send + 'static>(
        &self,
        call: impl AsyncFn(&S, usize) -> T + Send + Sync + 'static,
    ) -> Vec<T> {
        let shared = Arc::new((self.store.clone(), call, Barrier::new(CONCURRENT)));
        let start = |number: usize| {
            let (shared, runtime) = (shared.clone(), Handle::current());
            thread::spawn(move || {
                let (store, call, barrier) = &*shared;
                barrier.wait();
                runtime.block_on(call(store, number))
            })
        };
        let threads: Vec<_> = (0..CONCURRENT).map(start).collect();
        let join = move || threads.into_iter().map(thread::JoinHandle::join).collect::<Vec<_>>();
        let ended = spawn_blocking(join).await.expect("a wait for threads does not panic");
        ended.into_iter().map(|end| end.unwrap_or_else(|panic| resume_unwind(panic))).collect()
    }
}

/// A session with these values, as the members of a JSON object.
pub(super) fn data(values: &str) -> SessionData {
    let expires = r#""expires":"2026-01-02T03:04:05.678Z""#;
    let cookie = format!(r#"{{"originalMaxAge":60000,{expires},"httpOnly":true,"path":"/"}}"#);
    let comma = if values.is_empty() { "" } else { "," };
    let json = format!(r#"{{"cookie":{cookie}{comma}{values}}}"#);
    SessionData::from_json(&json).expect("the values of a rule are JSON")
}

pub(super) fn record(values: &str, times: Times) -> Record {
    let user_agent = Some("A browser (of the contract)".to_owned());
    Record::new(data(values), times, user_agent).with_address(Some("203.0.113.x".to_owned()))
}

/// The times of a session that is created now.
pub(super) fn new_times() -> Times {
    let now = Timestamp::now();
    Times { created: Some(now), last_modified: Some(now), expires: Some(now.plus_millis(LIFE)) }
}

/// The record that a request makes of `old`: other values, and the times of a later save.
pub(super) fn changed(old: &Record, values: &str) -> Record {
    old.updated(data(values), later(old, 1_000))
}

/// The times of `old`, extended; others for each number.
pub(super) fn later(old: &Record, millis: i64) -> Times {
    let before = old.times.last_modified.unwrap_or_else(Timestamp::now);
    Times {
        created: old.times.created,
        last_modified: Some(before.plus_millis(millis)),
        expires: Some(before.plus_millis(LIFE + millis)),
    }
}

/// The number of a call in a race, to compute with.
pub(super) fn millis(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A session for a message.
pub(super) fn show(record: Option<&Record>) -> String {
    let Some(record) = record else { return "no session".to_owned() };
    let json = record.json();
    let start: String = json.chars().take(SHOWN).collect();
    if start.len() < json.len() { format!("{start}…") } else { start }
}

/// Equal JSON, but for members of the cookie that are null.
fn is_same_json(a: &str, b: &str) -> bool {
    let parse = |json: &str| {
        let mut session: Value = serde_json::from_str(json).ok()?;
        session.get_mut("cookie")?.as_object_mut()?.retain(|_, member| !member.is_null());
        Some(session)
    };
    matches!((parse(a), parse(b)), (Some(a), Some(b)) if is_equal(&a, &b))
}

/// Numbers by their value: JavaScript has one kind of number, and no difference between 1000 and 1e3.
fn is_equal(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| is_equal(a, b))
        }
        (Value::Object(a), Value::Object(b)) => {
            let in_b = |(key, a): (&String, &Value)| b.get(key).is_some_and(|b| is_equal(a, b));
            a.len() == b.len() && a.iter().all(in_b)
        }
        _ => a == b,
    }
}
