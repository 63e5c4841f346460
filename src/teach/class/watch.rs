//! The background task that notices changes of the class, from the start of the server to its end.
//!
//! It follows one change stream: it refreshes this instance's copy of the settings, and publishes every
//! change to the pages that listen (`events.rs`). A standalone server and the memory have no change stream.
//! There the task looks every two seconds, and compares the sessions while a page listens.

use std::collections::BTreeMap;
use std::time::Duration;

use mongodb::Database;
use mongodb::bson::{DateTime, Document, doc};
use mongodb::change_stream::ChangeStream;
use mongodb::change_stream::event::{ChangeStreamEvent, OperationType};
use rocket::futures::StreamExt as _;
use rocket::futures::future::select;
use rocket::tokio::time::sleep;
use rocket::{Orbit, Rocket};
use rocket_express_session::{SessionInfo, Sessions, Timestamp};

use super::board::Board;
use super::events::{Changes, Line};
use super::reset::forget_recordings;
use crate::db::Mongo;
use crate::names::{CLASS, LAB_SESSIONS, PROGRESS, USERS};
use crate::stores::Backend;
use crate::teach::class_data::LISTED;
use crate::teach::labs::Labs;
use crate::teach::settings::ClassSettings;
use crate::trace::{self, Recorder};

/// How often the task looks where there is no change stream.
const POLL: Duration = Duration::from_secs(2);

/// An event without the whole document, which may hold the hash of a password.
type Event = ChangeStreamEvent<Document>;

/// The listed sessions by handle: short ID, last use and size.
type Snapshot = BTreeMap<String, (String, Option<Timestamp>, usize)>;

/// The task, and what it keeps up to date.
struct Watcher {
    /// The database and its collection of sessions; `None` in memory.
    database: Option<(Mongo, String)>,
    sessions: Sessions,
    settings: ClassSettings,
    changes: Changes,
    recorder: Recorder,
    labs: Labs,
    board: Board,
    /// The number of resets that this instance knows of.
    resets: Option<i64>,
    before: Option<Snapshot>,
}

/// Starts the task, which ends with the server.
pub(super) fn start(rocket: &Rocket<Orbit>) {
    if let Some(watcher) = Watcher::of(rocket) {
        rocket::tokio::spawn(select(Box::pin(watcher.run()), rocket.shutdown()));
    }
}

impl Watcher {
    fn of(rocket: &Rocket<Orbit>) -> Option<Self> {
        let database = match rocket.state::<Backend>()? {
            Backend::Mongodb { database, sessions } => Some((database.clone(), sessions.clone())),
            Backend::Memory => None,
        };
        Some(Self {
            database,
            sessions: rocket.state().cloned()?,
            settings: rocket.state().cloned()?,
            changes: rocket.state().cloned()?,
            recorder: rocket.state().cloned()?,
            labs: rocket.state().cloned()?,
            board: rocket.state().cloned()?,
            resets: None,
            before: None,
        })
    }

    async fn run(mut self) {
        loop {
            if let Some((mongo, sessions)) = self.database.clone() {
                let open = |database: Database| {
                    let deleted = doc! { "ns.coll": LAB_SESSIONS, "operationType": "delete" };
                    let all = doc! { "ns.coll": { "$in": [&sessions, USERS, PROGRESS, CLASS] } };
                    let filter = doc! { "$match": { "$or": [all, deleted] } };
                    async move {
                        database.watch().pipeline([filter, doc! { "$unset": "fullDocument" }]).await
                    }
                };
                match mongo.run(open).await {
                    Ok(stream) => self.follow(stream, &sessions).await,
                    Err(error) => tracing::debug!("no change stream: {error}"),
                }
            }
            self.refresh().await;
            self.compare().await;
            sleep(POLL).await;
        }
    }

    /// Publishes each event of the stream, until the stream ends.
    async fn follow(&mut self, mut stream: ChangeStream<Event>, sessions: &str) {
        self.before = None;
        self.refresh().await;
        // There may have been changes before the stream.
        self.changes.publish(None);
        while let Some(event) = stream.next().await {
            let event = match event {
                Ok(event) => event,
                Err(error) => return tracing::debug!("the change stream ends: {}", error.kind),
            };
            let collection = event.ns.as_ref().and_then(|ns| ns.coll.as_deref());
            match collection {
                Some(LAB_SESSIONS) => {
                    note_deletion(&self.labs, &event);
                    continue;
                }
                Some(CLASS) => self.refresh().await,
                _ => {}
            }
            self.changes.publish(line(&event).filter(|_| collection == Some(sessions)));
        }
    }

    /// Refreshes the settings, and forgets what was recorded of a class that another process has reset.
    async fn refresh(&mut self) {
        if let Err(error) = self.settings.refresh().await {
            tracing::warn!("the settings of the class cannot be read: {error}");
            return;
        }
        let resets = self.settings.current().resets;
        if self.resets.replace(resets).is_some_and(|before| before != resets) {
            forget_recordings(&self.recorder, &self.labs, &self.board);
        }
    }

    /// Publishes the changes of the sessions since the last time, while a page listens.
    async fn compare(&mut self) {
        let now = if self.changes.has_listeners() { snapshot(&self.sessions).await } else { None };
        if let (Some(before), Some(now)) = (&self.before, &now) {
            for line in diff(before, now) {
                self.changes.publish(Some(line));
            }
        }
        self.before = now;
        // Accounts and progress are not compared.
        self.changes.publish(None);
    }
}

async fn snapshot(sessions: &Sessions) -> Option<Snapshot> {
    let entry = |info: SessionInfo| {
        let size = info.record.json().len();
        (info.session.handle, (format!("{}…", info.short_id), info.session.last_seen, size))
    };
    let listed = sessions.admin().list(LISTED).await;
    let listed =
        listed.inspect_err(|error| tracing::warn!("the sessions cannot be compared: {error}"));
    Some(listed.ok()?.into_iter().map(entry).collect())
}

/// The lines of the ledger for the changes between two lists.
fn diff(before: &Snapshot, now: &Snapshot) -> Vec<Line> {
    let line = |what, id: &str| Line { what, short_id: id.to_owned(), keys: vec![], time: None };
    let alive = now.iter().filter_map(|(handle, session)| match before.get(handle) {
        None => Some(line("insert", &session.0)),
        Some(old) => (old != session).then(|| line("update", &session.0)),
    });
    let gone = before.iter().filter(|(handle, _)| !now.contains_key(*handle));
    alive.chain(gone.map(|(_, session)| line("delete", &session.0))).collect()
}

/// Tells the lab of the clocks when one of its sessions was deleted. MongoDB before 6.0 has no `wallTime`.
fn note_deletion(labs: &Labs, event: &Event) {
    let seconds = event.cluster_time.map(|time| i64::from(time.time) * 1_000);
    let millis = event.wall_time.map(DateTime::timestamp_millis).or(seconds);
    let key = event.document_key.as_ref();
    if let Some((sid, millis)) = key.and_then(|key| key.get_str("_id").ok()).zip(millis) {
        labs.clocks.deleted(sid, Timestamp::from_millis(millis));
    }
}

/// The line of the ledger for an event in the collection of sessions.
fn line(event: &Event) -> Option<Line> {
    let what = match event.operation_type {
        OperationType::Insert => "insert",
        OperationType::Update | OperationType::Replace => "update",
        OperationType::Delete => "delete",
        _ => return None,
    };
    let sid = event.document_key.as_ref()?.get_str("_id").ok()?;
    let updated = event.update_description.as_ref().map(|update| &update.updated_fields);
    let keys = updated.map(|fields| fields.keys().cloned().collect()).unwrap_or_default();
    Some(Line { what, short_id: trace::short_id(sid), keys, time: event.cluster_time })
}
