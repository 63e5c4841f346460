//! The changes of the class, from the task that notices them (`watch.rs`) to the pages that listen
//! (`events.rs`).
//!
//! The last changes of sessions stay in memory, for a listener that is slow or that reconnects. So no
//! listener misses one, and none keeps others waiting.

use std::collections::VecDeque;

use mongodb::bson::Timestamp;
use rocket::futures::StreamExt as _;
use rocket::futures::stream::{self, BoxStream};
use rocket::tokio::sync::watch;
use serde::Serialize;

/// Listeners at the same time. Each has a connection of a browser.
const MAX_LISTENERS: usize = 64;

/// The lines in memory: more than a class makes in five minutes.
const MAX_LINES: usize = 2_000;

/// A line of the ledger: a session has changed.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Line {
    /// `insert`, `update` or `delete`.
    pub what: &'static str,
    /// The first characters of the session ID.
    pub short_id: String,
    /// The keys that an update has set.
    pub keys: Vec<String>,
    /// The time by MongoDB's clock, if it is known.
    #[serde(skip)]
    pub time: Option<Timestamp>,
}

/// The last lines, and the number of all lines so far.
#[derive(Default)]
struct Ledger {
    lines: VecDeque<Line>,
    count: usize,
}

/// The changes of this process's class. A clone shares them.
#[derive(Clone, Default)]
pub(super) struct Changes(watch::Sender<Ledger>);

impl Changes {
    /// Tells all listeners that the class has changed, and adds the line to the ledger if there is one.
    pub(super) fn publish(&self, line: Option<Line>) {
        self.0.send_modify(|ledger| {
            ledger.count += usize::from(line.is_some());
            ledger.lines.extend(line);
            let excess = ledger.lines.len().saturating_sub(MAX_LINES);
            ledger.lines.drain(..excess);
        });
    }

    /// Whether any page listens.
    pub(super) fn has_listeners(&self) -> bool {
        self.0.receiver_count() > 0
    }

    /// An item for each change, with the new lines. The first item comes at once, with the lines after
    /// `last`. `None` if there are too many listeners.
    pub(super) fn listen(&self, last: Option<Timestamp>) -> Option<BoxStream<'static, Vec<Line>>> {
        let mut receiver = self.0.subscribe();
        if self.0.receiver_count() > MAX_LISTENERS {
            return None;
        }
        receiver.mark_changed();
        let known = {
            let ledger = receiver.borrow();
            let is_missed = |line: &&Line| last.is_some() && line.time > last;
            ledger.count - ledger.lines.iter().filter(is_missed).count()
        };
        let items = stream::unfold((receiver, known), |(mut receiver, known)| async move {
            receiver.changed().await.ok()?;
            let ledger = receiver.borrow_and_update();
            let old = ledger.lines.len().saturating_sub(ledger.count - known);
            let (new, count) = (ledger.lines.iter().skip(old).cloned().collect(), ledger.count);
            drop(ledger);
            Some((new, (receiver, count)))
        });
        Some(items.boxed())
    }
}
