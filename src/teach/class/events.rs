//! `/class/events`: the changes of the class, as server-sent events.
//!
//! `ledger` is a line for each insert, update and delete of a session; `changed` says that the roster is to
//! be fetched again; `beat` comes every five seconds, so that a page notices a server that is frozen. The ID of an event is its time by MongoDB's clock. The browser sends the last one when
//! it reconnects, so it misses nothing in between. MongoDB's resume token would not do: it has the whole
//! session ID in it.

use std::convert::Infallible;
use std::time::{Duration, SystemTime};

use mongodb::bson::{DateTime, Timestamp};
use rocket::futures::StreamExt as _;
use rocket::futures::future::select;
use rocket::request::{FromRequest, Outcome};
use rocket::response::stream::{Event, EventStream};
use rocket::tokio::time::{interval, sleep};
use rocket::{Request, Route, Shutdown, State, get, routes};
use rocket_express_session::Sessions;

use super::changes::{Change, Changes};
use super::compare::Comparison;
use crate::auth::Admin;

/// The browser reconnects after that, and its rights are checked again.
const LIFETIME: Duration = Duration::from_secs(60);

/// The time between two beats.
const BEAT: Duration = Duration::from_secs(5);

/// The browser reconnects after that when its connection has ended.
const AGAIN: Duration = Duration::from_millis(500);

/// The browser reconnects after that if there are too many listeners. Until then its page is up to date.
const RETRY: Duration = Duration::from_secs(10);

/// A browser that was away for longer starts from now. Its page has fetched the roster again.
const REMEMBERED: Duration = Duration::from_secs(5 * 60);

/// The time of the last event that this browser knows.
struct LastEvent(Option<Timestamp>);

#[rocket::async_trait]
impl<'r> FromRequest<'r> for LastEvent {
    type Error = Infallible;

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, Infallible> {
        let id = request.headers().get_one("last-event-id");
        let parse = |id: &str| {
            let (time, increment) = id.split_once('-')?;
            Some(Timestamp { time: time.parse().ok()?, increment: increment.parse().ok()? })
        };
        let oldest = DateTime::from(SystemTime::now() - REMEMBERED).timestamp_millis() / 1_000;
        let is_recent = |last: &Timestamp| i64::from(last.time) >= oldest;
        Outcome::Success(Self(id.and_then(parse).filter(is_recent)))
    }
}

#[get("/events")]
async fn events(
    _teacher: Admin<'_>,
    changes: &State<Changes>,
    comparison: &State<Comparison>,
    sessions: &State<Sessions>,
    last: LastEvent,
    shutdown: Shutdown,
) -> EventStream![Event] {
    let listener = changes.listen(last.0);
    if listener.is_some() {
        comparison.prepare(sessions).await;
    }
    EventStream! {
        // There may have been changes between two connections.
        yield match listener {
            Some(_) => changed().with_retry(AGAIN),
            None => changed().with_retry(RETRY),
        };
        if let Some(listener) = listener {
            let end = select(Box::pin(sleep(LIFETIME)), shutdown);
            let (mut changes, mut beats) = (listener.take_until(end), interval(BEAT));
            loop {
                let events = rocket::tokio::select! {
                    _ = beats.tick() => vec![Event::data("").event("beat")],
                    change = changes.next() => match change {
                        Some(change) => to_events(change),
                        None => break,
                    },
                };
                for event in events {
                    yield event;
                }
            }
        }
    }
}

fn changed() -> Event {
    Event::data("").event("changed")
}

fn to_events(change: Change) -> Vec<Event> {
    let line = change.line.map(|line| Event::json(&line).event("ledger"));
    // An empty ID would make the browser forget the last one.
    let changed = match change.time {
        Some(Timestamp { time, increment }) => changed().id(format!("{time}-{increment}")),
        None => changed(),
    };
    line.into_iter().chain([changed]).collect()
}

pub(super) fn routes() -> Vec<Route> {
    routes![events]
}
