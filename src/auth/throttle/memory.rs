//! Counters in this process's memory: for trying out, alone in it, gone with it.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use super::{Counters, Rate};
use crate::db::Unavailable;

/// From this size on, what has run out is thrown out first.
const SWEEP_FROM: usize = 10_000;

/// How far ahead of the clock a lane is paid for.
struct Paid {
    until: SystemTime,
    every: Duration,
}

/// The counters, by key.
#[derive(Default)]
pub struct MemoryCounters {
    lanes: Mutex<HashMap<String, Paid>>,
}

impl MemoryCounters {
    fn lanes(&self) -> MutexGuard<'_, HashMap<String, Paid>> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take_at(&self, now: SystemTime, key: &str, rate: Rate) -> Result<(), Duration> {
        let mut lanes = self.lanes();
        if lanes.len() >= SWEEP_FROM {
            lanes.retain(|_, paid| paid.until > now);
        }
        let paid = lanes.entry(key.to_owned()).or_insert(Paid { until: now, every: rate.every });
        let until = paid.until.max(now) + rate.every;
        match until.duration_since(now + rate.span()) {
            Ok(wait) if !wait.is_zero() => Err(wait),
            _ => {
                paid.until = until;
                Ok(())
            }
        }
    }
}

#[rocket::async_trait]
impl Counters for MemoryCounters {
    async fn take(&self, key: &str, rate: Rate) -> Result<Result<(), Duration>, Unavailable> {
        Ok(self.take_at(SystemTime::now(), key, rate))
    }

    async fn give_back(&self, keys: &[String]) -> Result<(), Unavailable> {
        let mut lanes = self.lanes();
        for key in keys {
            if let Some(paid) = lanes.get_mut(key) {
                paid.until -= paid.every;
            }
        }
        Ok(())
    }

    async fn clear(&self, key: &str) -> Result<bool, Unavailable> {
        Ok(self.lanes().remove(key).is_some())
    }

    async fn clear_all(&self) -> Result<(), Unavailable> {
        self.lanes().clear();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate { burst: 3, every: Duration::from_secs(60) };

    #[test]
    fn a_burst_passes_and_then_one_each_so_often() {
        let (counters, start) = (MemoryCounters::default(), SystemTime::now());
        let try_after = |seconds| {
            let wait = counters.take_at(start + Duration::from_secs(seconds), "x", RATE);
            wait.err().map(|wait| wait.as_secs())
        };
        assert_eq!([try_after(0), try_after(0), try_after(0)], [None; 3]);
        // Refused attempts cost nothing: the wait stays true.
        assert_eq!([try_after(0), try_after(1), try_after(59)], [Some(60), Some(59), Some(1)]);
        assert_eq!([try_after(60), try_after(60)], [None, Some(60)]);
        // After a long time the burst is there again, and no more than that.
        assert_eq!([try_after(9_999); 3], [None; 3]);
        assert_eq!([try_after(9_999), try_after(9_999)], [None; 2]);
        assert_eq!(try_after(9_999), Some(60));
    }

    #[rocket::async_test]
    async fn what_is_given_back_can_be_taken_again() {
        let (counters, now) = (MemoryCounters::default(), SystemTime::now());
        for _ in 0..3 {
            counters.take_at(now, "x", RATE).unwrap();
        }
        assert!(counters.take_at(now, "x", RATE).is_err());
        counters.give_back(&["x".to_owned(), "nobody's".to_owned()]).await.unwrap();
        assert!(counters.take_at(now, "x", RATE).is_ok());
        assert!(counters.take_at(now, "x", RATE).is_err());
        assert!(counters.take_at(now, "y", RATE).is_ok(), "each key for itself");
        assert!(counters.clear("x").await.unwrap());
        assert!(counters.take_at(now, "x", RATE).is_ok());
        assert!(!counters.clear("z").await.unwrap());
    }
}
