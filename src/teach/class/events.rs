//! `/class/events`: the changes of the class, as server-sent events.
//!
//! `ledger` is a line for each insert, update and delete of a session; `changed` says that the roster is to
//! be fetched again; `beat` comes every five seconds, so that a page notices a server that does not respond.
//! The ID of a line is its time by MongoDB's clock. The browser sends the last one when it reconnects, so it
//! misses nothing in between. MongoDB's resume token would not do: it has the whole session ID in it.

use std::time::{Duration, SystemTime};

use mongodb::bson::{DateTime, Timestamp};
use rocket::futures::StreamExt as _;
use rocket::futures::future::select;
use rocket::response::stream::{Event, EventStream};
use rocket::tokio::time::{interval, sleep};
use rocket::{Request, Route, Shutdown, State, get, routes};

use super::changes::{Changes, Line};
use crate::auth::Admin;
use crate::web::Page;

/// The browser reconnects after that, and its rights are checked again.
const LIFETIME: Duration = Duration::from_secs(60);

/// The time between two beats.
const BEAT: Duration = Duration::from_secs(5);

/// The browser waits that long before it reconnects.
const AGAIN: Duration = Duration::from_millis(500);

/// The browser waits that long if there are too many listeners.
const RETRY: Duration = Duration::from_secs(10);

/// A browser that was away for longer starts from now. Its page has fetched the roster again.
const REMEMBERED: Duration = Duration::from_secs(5 * 60);

/// The time of the last line that this browser knows.
fn last_known(request: &Request<'_>) -> Option<Timestamp> {
    let (time, increment) = request.headers().get_one("last-event-id")?.split_once('-')?;
    let last = Timestamp { time: time.parse().ok()?, increment: increment.parse().ok()? };
    let oldest = DateTime::from(SystemTime::now() - REMEMBERED).timestamp_millis() / 1_000;
    (i64::from(last.time) >= oldest).then_some(last)
}

#[get("/events")]
fn events(
    _teacher: Admin<'_>,
    page: Page<'_>,
    changes: &State<Changes>,
    shutdown: Shutdown,
) -> EventStream![Event] {
    let listener = changes.listen(last_known(page.request()));
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

pub(super) fn routes() -> Vec<Route> {
    routes![events]
}
