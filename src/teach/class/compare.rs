//! The changes of sessions where MongoDB reports none: on a standalone server, and in memory.
//!
//! The sessions are listed every two seconds, while a page listens, and compared with the list before.

use std::collections::BTreeMap;

use rocket_express_session::{SessionInfo, Sessions, Timestamp};

use super::changes::Line;
use crate::teach::class_data::LISTED;

/// The listed sessions by handle: short ID, last use and size.
pub(super) type Snapshot = BTreeMap<String, (String, Option<Timestamp>, usize)>;

/// The sessions as they are now; `None` if they cannot be listed.
pub(super) async fn snapshot(sessions: &Sessions) -> Option<Snapshot> {
    let entry = |info: SessionInfo| {
        let size = info.record.json().len();
        (info.session.handle, (format!("{}…", info.short_id), info.session.last_seen, size))
    };
    let listed = sessions.admin().list(LISTED).await;
    let listed = listed.inspect_err(|error| log::warn!("the sessions cannot be compared: {error}"));
    Some(listed.ok()?.into_iter().map(entry).collect())
}

/// The lines of the ledger for the changes between two lists.
pub(super) fn diff(before: &Snapshot, now: &Snapshot) -> Vec<Line> {
    let line = |what, id: &str| Line { what, short_id: id.to_owned(), keys: vec![], time: None };
    let alive = now.iter().filter_map(|(handle, session)| match before.get(handle) {
        None => Some(line("insert", &session.0)),
        Some(old) => (old != session).then(|| line("update", &session.0)),
    });
    let gone = before.iter().filter(|(handle, _)| !now.contains_key(*handle));
    alive.chain(gone.map(|(_, session)| line("delete", &session.0))).collect()
}
