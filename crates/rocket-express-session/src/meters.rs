//! What the engine counts, through the crate [`metrics`]. It costs next to nothing unless the app installs a
//! recorder, such as `metrics-exporter-prometheus`.
//!
//! Counters:
//!
//! - `session_created_total`: sessions that were stored under a new ID, also when an old one goes on in them.
//! - `session_ended_total`: sessions that were deleted by a logout, for a new ID, or by a revocation. The
//!   store deletes expired ones by itself, and they are not counted.
//! - `session_save_retries_total`: saves that loaded the session again, because another request had changed
//!   it.
//! - `session_mongodb_refused_total{lane}`: operations that were refused, because too many waited.
//!
//! Gauges, for each lane of the [`Gate`]:
//!
//! - `session_mongodb_running{lane}`: operations in the driver. Each has a connection.
//! - `session_mongodb_waiting{lane}`: operations that wait for a connection.
//!
//! One histogram, `session_documents_per_find`: the documents that requests of [`SharedReads`] share a `find`
//! for.
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

/// Sessions were deleted.
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
