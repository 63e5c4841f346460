//! `/class/events`: the changes of the class, as server-sent events. `watch.rs` notices them.
//!
//! The last changes of sessions stay in memory, so a listener that is slow or that reconnects misses none.
//! `ledger` is a line for each insert, update and delete of a session; `changed` says that the roster is to
//! be fetched again; `beat` comes every five seconds, so that a page notices a server that does not respond.
//! The ID of a line is its time by MongoDB's clock: a resume token would have the whole session ID in it.

use std::collections::VecDeque;
use std::time::{Duration, SystemTime};

use mongodb::bson::{DateTime, Timestamp};
use rocket::futures::StreamExt as _;
use rocket::futures::future::select;
use rocket::futures::stream::{self, BoxStream};
use rocket::response::stream::{Event, EventStream};
use rocket::tokio::sync::watch;
use rocket::tokio::time::{interval, sleep};
use rocket::{Request, Shutdown, State, get};
use serde::Serialize;

use super::class_page::ClassPage;

/// Listeners at the same time. Each has a connection of a browser.
const MAX_LISTENERS: usize = 64;

/// The lines in memory: more than a class makes in five minutes.
const MAX_LINES: usize = 2_000;

/// The browser reconnects after that, and its rights are checked again.
const LIFETIME: Duration = Duration::from_secs(60);

const BEAT: Duration = Duration::from_secs(5);

/// The browser waits that long before it reconnects.
const AGAIN: Duration = Duration::from_millis(500);

/// The browser waits that long if there are too many listeners.
const RETRY: Duration = Duration::from_secs(10);

/// A browser that was away for longer starts from now. Its page has fetched the roster again.
const REMEMBERED: Duration = Duration::from_secs(5 * 60);

/// A line of the ledger: a session has changed.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Line {
    /// `insert`, `update` or `delete`.
    pub what: &'static str,
    pub short_id: String,
    /// The keys that an update has set.
    pub keys: Vec<String>,
    /// The time by MongoDB's clock, if it is known.
    #[serde(skip)]
    pub time: Option<Timestamp>,
}

/// The changes of this process's class: the last lines, numbered from 1. A clone shares them.
#[derive(Clone, Default)]
pub(super) struct Changes(watch::Sender<VecDeque<(usize, Line)>>);

impl Changes {
    /// Tells all listeners that the class has changed, and adds the line to the ledger if there is one.
    pub(super) fn publish(&self, line: Option<Line>) {
        self.0.send_modify(|lines| {
            let number = lines.back().map_or(1, |(last, _)| last + 1);
            lines.extend(line.map(|line| (number, line)));
            let excess = lines.len().saturating_sub(MAX_LINES);
            lines.drain(..excess);
        });
    }

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
        let is_known = |(_, line): &&(usize, Line)| last.is_none() || line.time <= last;
        let known = receiver.borrow().iter().rfind(is_known).map_or(0, |(number, _)| *number);
        let items = stream::unfold((receiver, known), |(mut receiver, mut known)| async move {
            receiver.changed().await.ok()?;
            let mut new = vec![];
            for (number, line) in receiver.borrow_and_update().iter() {
                if *number > known {
                    known = *number;
                    new.push(line.clone());
                }
            }
            Some((new, (receiver, known)))
        });
        Some(items.boxed())
    }
}

/// The time of the last line that this browser knows.
fn last_known(request: &Request<'_>) -> Option<Timestamp> {
    let (time, increment) = request.headers().get_one("last-event-id")?.split_once('-')?;
    let last = Timestamp { time: time.parse().ok()?, increment: increment.parse().ok()? };
    let oldest = DateTime::from(SystemTime::now() - REMEMBERED).timestamp_millis() / 1_000;
    (i64::from(last.time) >= oldest).then_some(last)
}

#[get("/events")]
pub(super) fn events(
    class: ClassPage<'_>,
    changes: &State<Changes>,
    shutdown: Shutdown,
) -> EventStream![Event] {
    let listener = changes.listen(last_known(class.page.request()));
    EventStream! {
        let changed = || Event::data("").event("changed");
        let Some(listener) = listener else {
            yield changed().with_retry(RETRY);
            return;
        };
        let end = select(Box::pin(sleep(LIFETIME)), shutdown);
        let (mut changes, mut beats) = (listener.take_until(end), interval(BEAT));
        yield Event::retry(AGAIN);
        loop {
            rocket::tokio::select! {
                _ = beats.tick() => yield Event::data("").event("beat"),
                lines = changes.next() => {
                    let Some(lines) = lines else { break };
                    for line in lines {
                        yield to_event(&line);
                    }
                    yield changed();
                }
            }
        }
    }
}

fn to_event(line: &Line) -> Event {
    let event = Event::json(line).event("ledger");
    // An empty ID would make the browser forget the last one.
    match line.time {
        Some(Timestamp { time, increment }) => event.id(format!("{time}-{increment}")),
        None => event,
    }
}
