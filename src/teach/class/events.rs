//! `/class/events`: what changes, as server-sent events.
//!
//! From MongoDB's change stream: `ledger` for each insert, update and delete of a session, `changed`
//! when the roster is to be fetched again. The id of an event is its place in MongoDB's clock, which the
//! browser sends back when it reconnects, so nothing in between is lost. Not the resume token, which
//! has the whole id of the session in it. Where there is no change
//! stream, on a standalone server and in memory, sessions are compared every two seconds.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use mongodb::Database;
use mongodb::action::Action as _;
use mongodb::bson::Document;
use mongodb::bson::{Timestamp, doc};
use mongodb::change_stream::ChangeStream;
use mongodb::change_stream::event::{ChangeStreamEvent, OperationType};
use rocket::futures::StreamExt as _;
use rocket::request::{FromRequest, Outcome};
use rocket::response::stream::{Event, EventStream};
use rocket::tokio::sync::Semaphore;
use rocket::tokio::time::{Instant, sleep, sleep_until};
use rocket::tokio::{pin, select};
use rocket::{Request, Route, Shutdown, State, get, routes};
use rocket_express_session::{SessionInfo, Sessions};
use serde::Serialize;

use super::room::{Room, SHOWN};
use crate::auth::Admin;
use crate::db::{MAX_STREAMS, Mongo};
use crate::stores::Backing;
use crate::trace;

/// How often sessions are compared where MongoDB cannot tell.
const POLL: Duration = Duration::from_secs(2);

/// The browser comes again after that, and is checked again.
const LIFETIME: Duration = Duration::from_secs(60);

/// Change streams at once, besides the one that follows what the teacher sets. Each holds a
/// connection; a teacher who comes when all are taken gets what is compared.
pub struct Streams(Arc<Semaphore>);

impl Default for Streams {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(MAX_STREAMS as usize - 1)))
    }
}

/// How far back a stream resumes: what is older, the page has fetched again.
const REMEMBERED: Duration = Duration::from_secs(5 * 60);

/// A line of the ledger.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Line {
    /// `insert`, `update` or `delete`.
    what: &'static str,
    /// The start of the session's id.
    hook: String,
    /// The keys that an update has set.
    keys: Vec<String>,
}

/// The last event that this browser has seen.
struct Seen(Option<Timestamp>);

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Seen {
    type Error = std::convert::Infallible;

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, Self::Error> {
        let id = request.headers().get_one("last-event-id");
        let parse = |id: &str| {
            let (time, increment) = id.split_once('-')?;
            Some(Timestamp { time: time.parse().ok()?, increment: increment.parse().ok()? })
        };
        let oldest = SystemTime::now().checked_sub(REMEMBERED);
        let oldest = oldest.and_then(|at| at.duration_since(UNIX_EPOCH).ok()).unwrap_or_default();
        let is_fresh = |seen: &Timestamp| u64::from(seen.time) >= oldest.as_secs();
        Outcome::Success(Self(id.and_then(parse).filter(is_fresh)))
    }
}

#[get("/events")]
async fn events(
    _teacher: Admin<'_>,
    room: Room<'_>,
    backing: &State<Backing>,
    streams: &State<Streams>,
    seen: Seen,
    shutdown: Shutdown,
) -> EventStream![Event] {
    let all = room.sessions.clone();
    let place = streams.0.clone().try_acquire_owned().ok();
    let changes = match &**backing {
        Backing::Mongodb { database, sessions } if place.is_some() => {
            let changes = watch(database, sessions, seen.0).await;
            changes.map(|changes| (changes, sessions.clone()))
        }
        _ => None,
    };
    EventStream! {
        let _place = place;
        let mut source = Source::of(changes, all).await;
        let end = sleep_until(Instant::now() + LIFETIME);
        pin!(shutdown, end);
        // Something may have happened between two connections.
        yield Event::data("").event("changed");
        loop {
            let events = select! {
                events = source.next() => events,
                () = &mut end => break,
                () = &mut shutdown => break,
            };
            let Some(events) = events else { break };
            for event in events {
                yield event;
            }
        }
    }
}

type Changes = ChangeStream<ChangeStreamEvent<Document>>;

/// `None` where there is no such thing.
async fn watch(mongo: &Mongo, sessions: &str, after: Option<Timestamp>) -> Option<Changes> {
    let of_class = doc! { "ns.coll": { "$in": [sessions, "users", "progress", "class"] } };
    let start = |database: Database, mut of_class: Document, after: Option<Timestamp>| async move {
        if let Some(after) = after {
            of_class.insert("clusterTime", doc! { "$gt": after });
        }
        let watch = database.watch().pipeline([doc! { "$match": of_class }]);
        watch.optional(after, |watch, after| watch.start_at_operation_time(after)).await
    };
    // A time that MongoDB no longer remembers is as good as none.
    for after in [after, None] {
        match mongo.run(|database| start(database, of_class.clone(), after)).await {
            Ok(changes) => return Some(changes),
            Err(error) => log::debug!("no change stream: {error}"),
        }
    }
    None
}

/// Where events come from.
enum Source {
    Changes(Box<Changes>, String),
    Compared(Sessions, Seens),
}

/// What one can see of each session, by handle: the start of its id, and when it was used last.
type Seens = BTreeMap<String, (String, Option<i64>, usize)>;

impl Source {
    async fn of(changes: Option<(Changes, String)>, all: Sessions) -> Self {
        match changes {
            Some((changes, sessions)) => Self::Changes(Box::new(changes), sessions),
            None => {
                let now = look(&all).await.unwrap_or_default();
                Self::Compared(all, now)
            }
        }
    }

    /// `None`: it is over, and the browser is to come again.
    async fn next(&mut self) -> Option<Vec<Event>> {
        match self {
            Self::Changes(changes, sessions) => match changes.next().await? {
                Ok(event) => Some(told(&event, sessions)),
                Err(error) => {
                    log::debug!("the change stream ends: {}", error.kind);
                    None
                }
            },
            Self::Compared(all, before) => {
                sleep(POLL).await;
                let now = look(all).await?;
                let lines = compared(before, &now);
                *before = now;
                let lines = lines.iter().map(|line| Event::json(line).event("ledger"));
                Some(lines.chain([Event::data("").event("changed")]).collect())
            }
        }
    }
}

/// In the words of the page, under its place in MongoDB's clock.
fn told(event: &ChangeStreamEvent<Document>, sessions: &str) -> Vec<Event> {
    let place = event.cluster_time.map(|at| format!("{}-{}", at.time, at.increment));
    let changed = Event::data("").event("changed").id(place.unwrap_or_default());
    let is_session = event.ns.as_ref().and_then(|ns| ns.coll.as_deref()) == Some(sessions);
    let line = if is_session { line(event) } else { None };
    line.map(|line| Event::json(&line).event("ledger")).into_iter().chain([changed]).collect()
}

fn line(event: &ChangeStreamEvent<Document>) -> Option<Line> {
    let what = match event.operation_type {
        OperationType::Insert => "insert",
        OperationType::Update | OperationType::Replace => "update",
        OperationType::Delete => "delete",
        _ => return None,
    };
    let sid = event.document_key.as_ref()?.get_str("_id").ok()?;
    let updated = event.update_description.as_ref().map(|update| &update.updated_fields);
    let keys = updated.map(|fields| fields.keys().cloned().collect()).unwrap_or_default();
    Some(Line { what, hook: trace::start(sid), keys })
}

async fn look(all: &Sessions) -> Option<Seens> {
    let seen = |info: SessionInfo| {
        let last = info.session.last_seen.map(|moment| moment.as_millis());
        let size = info.data.to_json().len();
        (info.session.handle, (format!("{}…", info.short_id), last, size))
    };
    match all.admin().list(SHOWN).await {
        Ok(sessions) => Some(sessions.into_iter().map(seen).collect()),
        Err(error) => {
            log::warn!("the sessions cannot be compared: {error}");
            None
        }
    }
}

fn compared(before: &Seens, now: &Seens) -> Vec<Line> {
    let line = |what, hook: &str| Line { what, hook: hook.to_owned(), keys: vec![] };
    let mut lines = vec![];
    for (handle, seen) in now {
        match before.get(handle) {
            None => lines.push(line("insert", &seen.0)),
            Some(old) if old != seen => lines.push(line("update", &seen.0)),
            Some(_) => {}
        }
    }
    let gone = before.iter().filter(|(handle, _)| !now.contains_key(*handle));
    lines.extend(gone.map(|(_, (hook, ..))| line("delete", hook)));
    lines
}

pub fn routes() -> Vec<Route> {
    routes![events]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compared_sessions_are_told_as_the_change_stream_would() {
        let seen = |all: &[(&str, i64)]| -> Seens {
            all.iter().map(|(n, at)| ((*n).to_owned(), (format!("{n}…"), Some(*at), 5))).collect()
        };
        let (before, now) =
            (seen(&[("a", 1), ("b", 1), ("c", 1)]), seen(&[("b", 2), ("c", 1), ("d", 2)]));
        let told = |line: &Line| format!("{} {}", line.what, line.hook);
        let lines: Vec<String> = compared(&before, &now).iter().map(told).collect();
        assert_eq!(lines, ["update b…", "insert d…", "delete a…"]);
    }
}
