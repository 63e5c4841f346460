//! Counters in the memory of this process: not shared with other instances, and lost when it stops.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use super::{Counters, Rate};
use crate::db::Unavailable;

/// From this many buckets on, empty ones are removed before another one is counted.
const SWEEP_FROM: usize = 10_000;

/// How full a bucket is.
struct Level {
    /// When the bucket will be empty.
    empty_at: SystemTime,
    /// See [`Rate::every`].
    every: Duration,
}

/// Counters in memory, by key.
#[derive(Default)]
pub struct MemoryCounters {
    buckets: Mutex<HashMap<String, Level>>,
}

impl MemoryCounters {
    fn buckets(&self) -> MutexGuard<'_, HashMap<String, Level>> {
        self.buckets.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn count_at(&self, now: SystemTime, key: &str, rate: Rate) -> Option<Duration> {
        let mut buckets = self.buckets();
        if buckets.len() >= SWEEP_FROM {
            buckets.retain(|_, level| level.empty_at > now);
        }
        let empty = Level { empty_at: now, every: rate.every };
        let level = buckets.entry(key.to_owned()).or_insert(empty);
        let empty_at = level.empty_at.max(now) + rate.every;
        let overflow = empty_at.duration_since(now + rate.window()).ok();
        let retry_after = overflow.filter(|wait| !wait.is_zero());
        if retry_after.is_none() {
            level.empty_at = empty_at;
        }
        retry_after
    }
}

#[rocket::async_trait]
impl Counters for MemoryCounters {
    async fn count(&self, key: &str, rate: Rate) -> Result<Option<Duration>, Unavailable> {
        Ok(self.count_at(SystemTime::now(), key, rate))
    }

    async fn refund(&self, keys: &[String]) -> Result<(), Unavailable> {
        let mut buckets = self.buckets();
        for key in keys {
            if let Some(level) = buckets.get_mut(key) {
                level.empty_at -= level.every;
            }
        }
        Ok(())
    }

    async fn clear(&self, key: &str) -> Result<bool, Unavailable> {
        Ok(self.buckets().remove(key).is_some())
    }

    async fn clear_all(&self) -> Result<(), Unavailable> {
        self.buckets().clear();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate { burst: 3, every: Duration::from_secs(60) };

    #[test]
    fn a_burst_is_allowed_and_then_one_more_each_interval() {
        let (counters, start) = (MemoryCounters::default(), SystemTime::now());
        let try_after = |seconds| {
            let wait = counters.count_at(start + Duration::from_secs(seconds), "x", RATE);
            wait.map(|wait| wait.as_secs())
        };
        assert_eq!([try_after(0), try_after(0), try_after(0)], [None; 3]);
        // Throttled attempts are not counted: the time to wait only shrinks.
        assert_eq!([try_after(0), try_after(1), try_after(59)], [Some(60), Some(59), Some(1)]);
        assert_eq!([try_after(60), try_after(60)], [None, Some(60)]);
        // After a long time the whole burst is allowed again, and no more.
        assert_eq!([try_after(9_999); 3], [None; 3]);
        assert_eq!([try_after(9_999), try_after(9_999)], [None; 2]);
        assert_eq!(try_after(9_999), Some(60));
    }

    #[rocket::async_test]
    async fn a_refunded_attempt_can_be_made_again() {
        let (counters, now) = (MemoryCounters::default(), SystemTime::now());
        let is_counted = |key: &str| counters.count_at(now, key, RATE).is_none();
        for _ in 0..3 {
            assert!(is_counted("x"));
        }
        assert!(!is_counted("x"));
        counters.refund(&["x".to_owned(), "unknown".to_owned()]).await.unwrap();
        assert!(is_counted("x"));
        assert!(!is_counted("x"));
        assert!(is_counted("y"), "each key has a count of its own");
        assert!(counters.clear("x").await.unwrap());
        assert!(is_counted("x"));
        assert!(!counters.clear("z").await.unwrap());
    }
}
