//! The background task that notices changes of the class, from the start of the server to its end.
//!
//! It follows one change stream of the database for the whole process. A change of the settings refreshes
//! this instance's copy, and every change is published to the pages that listen. Where there is no change
//! stream, the task refreshes and compares every two seconds.

use std::time::Duration;

use mongodb::Database;
use mongodb::action::Action as _;
use mongodb::bson::{DateTime, Document, Timestamp, doc};
use mongodb::change_stream::ChangeStream;
use mongodb::change_stream::event::{ChangeStreamEvent, OperationType};
use rocket::futures::StreamExt as _;
use rocket::tokio::time::sleep;
use rocket::{Orbit, Rocket};
use rocket_express_session::Sessions;

use super::board::Board;
use super::changes::{Change, Changes, Line};
use super::compare::Comparison;
use super::reset::forget_recordings;
use crate::db::Mongo;
use crate::names::{CLASS, LAB_SESSIONS, PROGRESS, USERS};
use crate::stores::Backend;
use crate::teach::labs::Labs;
use crate::teach::settings::ClassSettings;
use crate::trace::{self, Recorder};

/// How often the task looks where there is no change stream.
const POLL: Duration = Duration::from_secs(2);

/// An event without the whole document, which may hold the hash of a password.
type Event = ChangeStreamEvent<Document>;

/// The task, and what it keeps up to date.
pub(super) struct Watcher {
    /// The database and its collection of sessions; `None` in memory.
    database: Option<(Mongo, String)>,
    sessions: Sessions,
    settings: ClassSettings,
    changes: Changes,
    comparison: Comparison,
    recorder: Recorder,
    labs: Labs,
    board: Board,
    /// The number of resets that this instance knows of.
    resets: Option<i64>,
    /// The time of the last event, from which the next stream goes on.
    last: Option<Timestamp>,
}

impl Watcher {
    /// The task of this server; `None` without teaching.
    pub(super) fn of(rocket: &Rocket<Orbit>) -> Option<Self> {
        let database = match rocket.state::<Backend>()? {
            Backend::Mongodb { database, sessions } => Some((database.clone(), sessions.clone())),
            Backend::Memory => None,
        };
        Some(Self {
            database,
            sessions: rocket.state().cloned()?,
            settings: rocket.state().cloned()?,
            changes: rocket.state().cloned()?,
            comparison: rocket.state().cloned()?,
            recorder: rocket.state().cloned()?,
            labs: rocket.state().cloned()?,
            board: rocket.state().cloned()?,
            resets: None,
            last: None,
        })
    }

    /// Watches for as long as the process lives.
    pub(super) async fn run(mut self) {
        loop {
            if let Some((database, sessions)) = self.database.clone()
                && let Some(stream) = self.open(&database, &sessions).await
            {
                self.follow(stream, &sessions).await;
            }
            self.refresh().await;
            self.compare().await;
            sleep(POLL).await;
        }
    }

    /// A change stream that goes on after the last event; `None` where there are none.
    async fn open(&mut self, mongo: &Mongo, sessions: &str) -> Option<ChangeStream<Event>> {
        let deleted = doc! { "ns.coll": LAB_SESSIONS, "operationType": "delete" };
        let all = doc! { "ns.coll": { "$in": [sessions, USERS, PROGRESS, CLASS] } };
        let filter = doc! { "$or": [all, deleted] };
        let start = |database: Database, mut filter: Document, after: Option<Timestamp>| async move {
            if let Some(after) = after {
                filter.insert("clusterTime", doc! { "$gt": after });
            }
            let pipeline = [doc! { "$match": filter }, doc! { "$unset": "fullDocument" }];
            let watch = database.watch().pipeline(pipeline);
            watch.optional(after, mongodb::action::Watch::start_at_operation_time).await
        };
        // MongoDB may not remember that time any more: then the stream starts now.
        for after in [self.last.take(), None] {
            match mongo.run(|database| start(database, filter.clone(), after)).await {
                Ok(stream) => return Some(stream),
                Err(error) => log::debug!("no change stream: {error}"),
            }
        }
        None
    }

    /// Publishes each event of the stream, until the stream ends.
    async fn follow(&mut self, mut stream: ChangeStream<Event>, sessions: &str) {
        self.comparison.stop().await;
        self.refresh().await;
        // There may have been changes before the stream.
        self.changes.publish(Change::default());
        while let Some(event) = stream.next().await {
            let event = match event {
                Ok(event) => event,
                Err(error) => {
                    log::debug!("the change stream ends: {}", error.kind);
                    return;
                }
            };
            let collection = event.ns.as_ref().and_then(|ns| ns.coll.as_deref());
            if collection == Some(LAB_SESSIONS) {
                self.last = event.cluster_time;
                note_deletion(&self.labs, &event);
                continue;
            }
            if collection == Some(CLASS) {
                self.refresh().await;
            }
            let line = if collection == Some(sessions) { line(&event) } else { None };
            self.changes.publish(Change { line, time: event.cluster_time });
            self.last = event.cluster_time;
        }
        // The database was dropped: a stream from before would end again.
        self.last = None;
    }

    /// Refreshes the settings, and forgets what was recorded of a class that another process has reset.
    async fn refresh(&mut self) {
        if let Err(error) = self.settings.refresh().await {
            log::warn!("the settings of the class cannot be read: {error}");
            return;
        }
        let resets = self.settings.current().resets;
        if self.resets.replace(resets).is_some_and(|before| before != resets) {
            forget_recordings(&self.recorder, &self.labs, &self.board);
        }
    }

    async fn compare(&self) {
        let has_listeners = self.changes.has_listeners();
        let lines = self.comparison.changes(&self.sessions, has_listeners).await;
        let Some(lines) = lines else { return };
        for line in lines {
            self.changes.publish(Change { line: Some(line), time: None });
        }
        // Accounts and progress are not compared.
        self.changes.publish(Change::default());
    }
}

/// Tells the lab of the clocks when one of its sessions was deleted. MongoDB before 6.0 has no `wallTime`.
fn note_deletion(labs: &Labs, event: &Event) {
    let seconds = event.cluster_time.map(|time| i64::from(time.time) * 1_000);
    let millis = event.wall_time.map(DateTime::timestamp_millis).or(seconds);
    let key = event.document_key.as_ref();
    if let Some((sid, millis)) = key.and_then(|key| key.get_str("_id").ok()).zip(millis) {
        labs.clocks.deleted(sid, rocket_express_session::Timestamp::from_millis(millis));
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
    Some(Line { what, short_id: trace::short_id(sid), keys })
}
