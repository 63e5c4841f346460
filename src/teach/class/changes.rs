//! The changes of the class, from the task that notices them (`watch.rs`) to the pages that listen
//! (`events.rs`).
//!
//! There is one source for all listeners. The last changes of sessions stay in memory, so that a listener who
//! was away for a moment misses none. Everything here is limited: the listeners, the changes that a slow
//! listener may lag behind, and the changes in memory.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mongodb::bson::Timestamp;
use rocket::futures::StreamExt as _;
use rocket::futures::stream::{self, BoxStream};
use rocket::tokio::sync::{Semaphore, broadcast};
use serde::Serialize;

/// Listeners at the same time. Each has a connection of a browser.
const MAX_LISTENERS: usize = 64;

/// The changes that a listener may lag behind.
const MAX_LAG: usize = 256;

/// The changes of sessions in memory: more than a class makes in five minutes.
const MAX_RECENT: usize = 2_000;

/// A change of the class: the roster is to be fetched again.
#[derive(Clone, Debug, Default)]
pub(super) struct Change {
    /// The line of the ledger, if a session has changed.
    pub line: Option<Line>,
    /// The time by MongoDB's clock, if it is known.
    pub time: Option<Timestamp>,
}

/// A line of the ledger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Line {
    /// `insert`, `update` or `delete`.
    pub what: &'static str,
    /// The first characters of the session ID.
    pub short_id: String,
    /// The keys that an update has set.
    pub keys: Vec<String>,
}

/// The changes of this process's class. A clone shares them.
#[derive(Clone)]
pub(super) struct Changes {
    sender: broadcast::Sender<Change>,
    recent: Arc<Mutex<VecDeque<Change>>>,
    listeners: Arc<Semaphore>,
}

impl Default for Changes {
    fn default() -> Self {
        Self {
            sender: broadcast::Sender::new(MAX_LAG),
            recent: Arc::default(),
            listeners: Arc::new(Semaphore::new(MAX_LISTENERS)),
        }
    }
}

impl Changes {
    /// Tells all listeners of a change.
    pub(super) fn publish(&self, change: Change) {
        let mut recent = self.recent();
        if change.line.is_some() && change.time.is_some() {
            recent.push_back(change.clone());
            let excess = recent.len().saturating_sub(MAX_RECENT);
            recent.drain(..excess);
        }
        // It fails when there is no listener.
        let _ = self.sender.send(change);
    }

    /// Whether any page listens.
    pub(super) fn has_listeners(&self) -> bool {
        self.sender.receiver_count() > 0
    }

    /// The changes for a new listener, first those after `last`; `None` if there are too many listeners.
    pub(super) fn listen(&self, last: Option<Timestamp>) -> Option<BoxStream<'static, Change>> {
        let permit = self.listeners.clone().try_acquire_owned().ok()?;
        let recent = self.recent();
        let is_later = |change: &&Change| last.is_some() && change.time > last;
        let missed: Vec<Change> = recent.iter().filter(is_later).cloned().collect();
        let receiver = self.sender.subscribe();
        let new = stream::unfold((receiver, permit), |(mut receiver, permit)| async {
            // A listener that lags too far ends. Its browser comes again, and resumes after its last change.
            Some((receiver.recv().await.ok()?, (receiver, permit)))
        });
        Some(stream::iter(missed).chain(new).boxed())
    }

    fn recent(&self) -> MutexGuard<'_, VecDeque<Change>> {
        self.recent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(time: u32) -> Change {
        let line = Line { what: "insert", short_id: time.to_string(), keys: vec![] };
        Change { line: Some(line), time: Some(at(time)) }
    }

    fn at(time: u32) -> Timestamp {
        Timestamp { time, increment: 1 }
    }

    #[rocket::async_test]
    async fn slow_listeners_old_changes_and_too_many_listeners_have_limits() {
        let changes = Changes::default();
        let mut slow = changes.listen(None).unwrap();
        (1..=3_000).for_each(|time| changes.publish(change(time)));
        assert!(slow.next().await.is_none(), "it lags too far");
        let mut back = changes.listen(Some(at(1))).unwrap();
        assert_eq!(back.next().await.unwrap().time, Some(at(1_001)));
        let mut listeners = vec![back];
        while let Some(listener) = changes.listen(None) {
            listeners.push(listener);
        }
        assert_eq!(listeners.len(), MAX_LISTENERS);
        listeners.pop();
        assert!(changes.listen(None).is_some());
    }
}
