//! The three clocks of a learner's ticket, as the page of the lesson shows them.

use rocket_express_session::{SessionId, Timestamp};
use serde::Serialize;

use super::clocks::Times;
use super::sessions::Labs;
use super::{cookies, note};
use crate::db::Unavailable;
use crate::teach::lessons::{BY_FIND, BY_STREAM, IN_MEMORY};

/// The three clocks of the learner's last ticket, for the page. Moments are ISO dates.
#[derive(Serialize)]
pub(super) struct ClocksView {
    /// The time of this request, in milliseconds since 1970.
    now: i64,
    cookie: Option<String>,
    document: Option<String>,
    /// `valid`, `expired` or `gone`.
    state: &'static str,
    is_logged_out: bool,
    /// The document has expired, and the lab knows what the third clock has done about it.
    is_cleared: bool,
    deleted: Option<String>,
    is_memory: bool,
    /// Seconds from the expiry to the delete, or to this request.
    late: i64,
}

impl ClocksView {
    /// Reads the clocks of this ticket, and notes for the checks what they show. `is_sent`: this request has
    /// brought a ticket.
    ///
    /// # Errors
    /// The store does not answer.
    pub(super) async fn read(
        labs: &Labs,
        slug: &'static str,
        ticket: &str,
        is_sent: bool,
    ) -> Result<Self, Unavailable> {
        let id = SessionId::stored(&cookies::without_signature(ticket));
        let (found, now) = (labs.expires(&id).await?, Timestamp::now());
        let change = |times: &mut Times| times.document = found.or(times.document);
        let Times { cookie, document, deleted, is_logged_out } = labs.clocks.change(ticket, change);
        let has_expired = document.is_some_and(|expires| expires <= now) && !is_logged_out;
        let is_memory = labs.is_memory();
        let state = match found {
            Some(expires) if expires > now => "valid",
            Some(_) => "expired",
            // Memory returns no expired session, but does not delete it either.
            None if is_memory && has_expired => "expired",
            None => "gone",
        };
        let is_cleared = has_expired && (is_memory || found.is_none());
        let late = document.map_or(0, |expires| deleted.unwrap_or(now).since(expires) / 1_000);
        // A cookie that the learner has deleted has no clock any more.
        let cookie = cookie.filter(|expires| is_sent || *expires <= now);
        note(slug, "is kept", i64::from(state == "valid"));
        if is_cleared {
            let by_stream = if deleted.is_some() { BY_STREAM } else { BY_FIND };
            note(slug, if is_memory { IN_MEMORY } else { by_stream }, late);
        }
        let [cookie, document, deleted] =
            [cookie, document, deleted].map(|at| at.map(Timestamp::to_iso));
        let now = now.as_millis();
        Ok(Self {
            now,
            cookie,
            document,
            state,
            is_logged_out,
            is_cleared,
            deleted,
            is_memory,
            late,
        })
    }
}
