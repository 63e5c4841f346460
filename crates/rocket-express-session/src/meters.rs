//! What the engine counts, through the crate [`metrics`]. It costs next to nothing unless the app installs a
//! recorder, such as `metrics-exporter-prometheus`.
//!
//! | metric | kind | what it is |
//! | --- | --- | --- |
//! | `session_created_total` | counter | sessions that were stored under a new ID, also when the old one goes on in it |
//! | `session_ended_total` | counter | sessions that were deleted: by a logout, for a new ID, or revoked. The store deletes expired ones by itself |
//! | `session_save_retries_total` | counter | saves that loaded the session again, because another request had changed it |
//! | `session_documents_per_find` | histogram | documents that requests waited for in one `find` of [`SharedReads`] |
//! | `session_mongodb_running{lane}` | gauge | operations in the driver, each with a connection |
//! | `session_mongodb_waiting{lane}` | gauge | operations that wait at the [`Gate`] for a connection |
//! | `session_mongodb_refused_total{lane}` | counter | operations that were refused, because too many waited |
//!
//! [`SharedReads`]: crate::mongodb::SharedReads
//! [`Gate`]: crate::mongodb::Gate

use metrics::counter;
#[cfg(feature = "mongodb")]
use metrics::{Gauge, gauge, histogram};

/// A session was stored under a new ID.
pub(crate) fn created() {
    counter!("session_created_total").increment(1);
}

/// So many sessions were deleted.
pub(crate) fn ended(sessions: u64) {
    counter!("session_ended_total").increment(sessions);
}

/// A save loads the session again, because another request has changed it.
pub(crate) fn save_retried() {
    counter!("session_save_retries_total").increment(1);
}

/// A `find` was sent for so many documents.
#[cfg(feature = "mongodb")]
pub(crate) fn found(documents: usize) {
    // At most 100.
    histogram!("session_documents_per_find").record(u32::try_from(documents).unwrap_or(u32::MAX));
}

/// An operation was refused, because too many wait.
#[cfg(feature = "mongodb")]
pub(crate) fn refused(lane: &'static str) {
    counter!("session_mongodb_refused_total", "lane" => lane).increment(1);
}

/// Adds one to a gauge until it is dropped.
#[cfg(feature = "mongodb")]
pub(crate) struct InGauge(Gauge);

#[cfg(feature = "mongodb")]
impl InGauge {
    /// One more operation in the driver.
    pub(crate) fn running(lane: &'static str) -> Self {
        Self::new(gauge!("session_mongodb_running", "lane" => lane))
    }

    /// One more operation that waits.
    pub(crate) fn waiting(lane: &'static str) -> Self {
        Self::new(gauge!("session_mongodb_waiting", "lane" => lane))
    }

    fn new(gauge: Gauge) -> Self {
        gauge.increment(1);
        Self(gauge)
    }
}

#[cfg(feature = "mongodb")]
impl Drop for InGauge {
    fn drop(&mut self) {
        self.0.decrement(1);
    }
}
