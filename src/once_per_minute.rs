//! A limit for warnings that clients can cause.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Limits a warning to one line a minute, however often clients cause it.
pub struct OncePerMinute(Mutex<Option<Instant>>);

impl OncePerMinute {
    /// The limit of a warning that was not written yet.
    #[expect(clippy::new_without_default, reason = "a static needs a const function")]
    pub const fn new() -> Self {
        Self(Mutex::new(None))
    }

    /// Whether the warning may be written now. After `true`, it may be written again in a minute.
    pub fn is_due(&self) -> bool {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due = last.is_none_or(|last| last.elapsed() >= Duration::from_secs(60));
        if is_due {
            *last = Some(Instant::now());
        }
        is_due
    }
}
