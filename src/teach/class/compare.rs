//! The changes of sessions where MongoDB reports none: on a standalone server, and in memory.
//!
//! The sessions are listed every few seconds and compared with the list before. One comparison serves all
//! listeners, and without a listener nothing is listed.

use std::collections::BTreeMap;
use std::sync::Arc;

use rocket::tokio::sync::Mutex;
use rocket_express_session::{SessionInfo, Sessions};

use super::changes::Line;
use crate::db::in_time;
use crate::teach::class_data::LISTED;

/// The listed sessions by handle: short ID, last use and size.
type Snapshot = BTreeMap<String, (String, Option<i64>, usize)>;

/// The list of sessions that the next one is compared with. A clone shares it.
#[derive(Clone, Default)]
pub(super) struct Comparison(Arc<Mutex<Before>>);

#[derive(Default)]
enum Before {
    /// There is a change stream, so nothing is compared.
    Unneeded,
    /// No page listens.
    #[default]
    Unknown,
    Known(Snapshot),
}

impl Comparison {
    /// Takes the first list for a listener, so that it hears of all later changes.
    pub(super) async fn prepare(&self, sessions: &Sessions) {
        let Ok(mut before) = in_time(self.0.lock()).await else { return };
        if matches!(*before, Before::Unknown)
            && let Some(now) = snapshot(sessions).await
        {
            *before = Before::Known(now);
        }
    }

    /// Stops comparing, as long as there is a change stream.
    pub(super) async fn stop(&self) {
        *self.0.lock().await = Before::Unneeded;
    }

    /// The changes since the list before; `None` if the sessions cannot be listed or no page listens.
    pub(super) async fn changes(
        &self,
        sessions: &Sessions,
        has_listeners: bool,
    ) -> Option<Vec<Line>> {
        let mut before = self.0.lock().await;
        if !has_listeners {
            *before = Before::Unknown;
            return None;
        }
        let now = snapshot(sessions).await?;
        let lines = match &*before {
            Before::Known(before) => diff(before, &now),
            Before::Unknown | Before::Unneeded => vec![],
        };
        *before = Before::Known(now);
        Some(lines)
    }
}

async fn snapshot(sessions: &Sessions) -> Option<Snapshot> {
    let entry = |info: SessionInfo| {
        let last_use = info.session.last_seen.map(rocket_express_session::Timestamp::as_millis);
        let size = info.record.json().len();
        (info.session.handle, (format!("{}…", info.short_id), last_use, size))
    };
    match sessions.admin().list(LISTED).await {
        Ok(sessions) => Some(sessions.into_iter().map(entry).collect()),
        Err(error) => {
            log::warn!("the sessions cannot be compared: {error}");
            None
        }
    }
}

fn diff(before: &Snapshot, now: &Snapshot) -> Vec<Line> {
    let line = |what, short_id: &str| Line { what, short_id: short_id.to_owned(), keys: vec![] };
    let mut lines = vec![];
    for (handle, session) in now {
        match before.get(handle) {
            None => lines.push(line("insert", &session.0)),
            Some(old) if old != session => lines.push(line("update", &session.0)),
            Some(_) => {}
        }
    }
    let gone = before.iter().filter(|(handle, _)| !now.contains_key(*handle));
    lines.extend(gone.map(|(_, (short_id, ..))| line("delete", short_id)));
    lines
}
