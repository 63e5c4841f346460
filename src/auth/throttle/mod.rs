//! Rate limits: each attempt is counted before its password is hashed, and refunded if the password is right.
//!
//! An attempt counts in one to four buckets, each with a rate of its own. An attacker who guesses at an
//! account fills the bucket for browsers that are new to it. A browser that has logged in to the account
//! before has a bucket of its own (`device.rs`; OWASP, "Device Cookies"). So the attacker cannot lock the
//! user out of that browser. A class behind one address shares a bucket that is large enough for it.
//! `strategy.rs` and `account.rs` count here. The counters are in `mongo`, shared by all instances, or in
//! `memory`.

mod buckets;
pub mod memory;
pub mod mongo;

pub use buckets::{Bucket, Network, Rate, longest_window};

use std::sync::Arc;
use std::time::Duration;

use rocket::tokio::runtime::Handle;
use rocket::tokio::sync::Semaphore;
use rocket::tokio::time::sleep;
use rocket_express_session::Secrets;

use crate::db::Unavailable;
use crate::meters;

/// Where attempts are counted.
///
/// Both counters store one time for each bucket: when it will be empty. An attempt adds [`Rate::every`] to
/// that time, unless it would then be more than [`Rate::window`] ahead (the "generic cell rate algorithm").
#[rocket::async_trait]
pub trait Counters: Send + Sync {
    /// Counts an attempt. If the bucket is full, nothing is counted, and the result is how long to wait. This
    /// is one atomic step, so concurrent attempts gain nothing.
    async fn count(&self, key: &str, rate: Rate) -> Result<Option<Duration>, Unavailable>;

    /// Removes one attempt under each key.
    async fn refund(&self, keys: &[String]) -> Result<(), Unavailable>;

    /// Removes all attempts under this key. False when there were none.
    async fn clear(&self, key: &str) -> Result<bool, Unavailable>;

    /// Removes all attempts.
    async fn clear_all(&self) -> Result<(), Unavailable>;
}

/// Counts attempts, and rejects what is too much.
pub struct Throttle {
    counters: Arc<dyn Counters>,
    /// They sign the keys, so a reader of the counters learns no name and no address.
    secrets: Secrets,
    pending_refunds: Arc<Semaphore>,
}

/// The result of asking for a [`Permit`].
pub enum Admission {
    /// The attempt is counted, and may be made.
    Granted(Permit),
    /// Too many attempts: this one is not counted, and must not be made.
    Throttled {
        /// How long to wait before the next attempt.
        retry_after: Duration,
    },
}

impl Throttle {
    /// Counts with these counters. The first of `secrets` signs the keys: with a new one, all counts start at
    /// zero.
    pub fn new(counters: Arc<dyn Counters>, secrets: Secrets) -> Self {
        Self { counters, secrets, pending_refunds: Arc::new(Semaphore::new(MAX_PENDING_REFUNDS)) }
    }

    /// Counts an attempt in all of the buckets, or in none.
    ///
    /// # Errors
    /// The counters do not answer: no attempt is made uncounted.
    pub(super) async fn try_acquire(
        &self,
        buckets: &[Bucket<'_>],
    ) -> Result<Admission, Unavailable> {
        let counters = Some((self.counters.clone(), self.pending_refunds.clone()));
        let mut permit = Permit { keys: vec![], counters };
        for bucket in buckets {
            let key = self.key(*bucket);
            if let Some(retry_after) = self.counters.count(&key, bucket.rate()).await? {
                permit.refund().await;
                meters::throttled(bucket.kind());
                return Ok(Admission::Throttled { retry_after });
            }
            permit.keys.push(key);
        }
        Ok(Admission::Granted(permit))
    }

    /// Counts something that is never refunded, in all of the buckets or in none. If one is full, the result
    /// is how long to wait.
    ///
    /// # Errors
    /// The counters do not answer.
    pub async fn count(&self, buckets: &[Bucket<'_>]) -> Result<Option<Duration>, Unavailable> {
        Ok(match self.try_acquire(buckets).await? {
            Admission::Granted(permit) => {
                permit.consume();
                None
            }
            Admission::Throttled { retry_after } => Some(retry_after),
        })
    }

    /// Resets the failed-login counter of the account of this key. False when nothing was counted.
    ///
    /// # Errors
    /// The counters do not answer.
    pub async fn unlock(&self, username_key: &str) -> Result<bool, Unavailable> {
        self.counters.clear(&self.key(Bucket::Account(username_key))).await
    }

    /// Resets all counters, of accounts and of addresses.
    ///
    /// # Errors
    /// The counters do not answer.
    pub async fn forget_all(&self) -> Result<(), Unavailable> {
        self.counters.clear_all().await
    }

    fn key(&self, bucket: Bucket<'_>) -> String {
        self.secrets.sign_for("cloakroom throttle", &bucket.name())
    }
}

/// An attempt that was counted. Dropping it refunds the attempt, also when the request is cut off or has no
/// time left. After a wrong password it is consumed instead ([`Permit::consume`]).
#[derive(Default)]
pub struct Permit {
    keys: Vec<String>,
    /// `None` for an attempt that is not counted.
    counters: Option<(Arc<dyn Counters>, Arc<Semaphore>)>,
}

impl Permit {
    /// Leaves the attempt counted.
    pub fn consume(mut self) {
        self.keys.clear();
    }

    /// Refunds the attempt now. If that fails, dropping `self` tries again in the background.
    pub async fn refund(mut self) {
        if let Some((counters, _)) = &self.counters
            && !self.keys.is_empty()
            && counters.refund(&self.keys).await.is_ok()
        {
            self.keys.clear();
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let keys = std::mem::take(&mut self.keys);
        let Some((counters, pending)) = self.counters.take().filter(|_| !keys.is_empty()) else {
            return;
        };
        let (Ok(runtime), Ok(pending)) = (Handle::try_current(), pending.try_acquire_owned())
        else {
            tracing::warn!("an attempt stays counted: too many refunds are pending");
            return;
        };
        runtime.spawn(async move {
            refund_later(&*counters, &keys).await;
            drop(pending);
        });
    }
}

/// Tries to refund for half a minute, which is longer than most outages.
async fn refund_later(counters: &dyn Counters, keys: &[String]) {
    for pause in [0, 1, 2, 4, 8, 16] {
        sleep(Duration::from_secs(pause)).await;
        match counters.refund(keys).await {
            Ok(()) => return,
            Err(error) => tracing::warn!("an attempt could not be refunded yet: {error}"),
        }
    }
}

/// The most refunds that may be pending in the background at one time.
const MAX_PENDING_REFUNDS: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    /// The most attempts that a bucket allows in any day.
    fn in_a_day(bucket: Bucket<'_>) -> u64 {
        let Rate { burst, every } = bucket.rate();
        u64::from(burst) + 24 * 60 * 60 / every.as_secs()
    }

    #[test]
    fn an_address_counts_with_its_network() {
        let check = |address: &str, expected: &[&str]| {
            let networks = Network::around(address.parse().unwrap());
            assert_eq!(networks.map(|network| network.to_string()).collect::<Vec<_>>(), expected);
        };
        check("203.0.113.7", &["203.0.113.7"]);
        check("::ffff:203.0.113.7", &["203.0.113.7"]);
        let wide = ["2001:db8:1:200:: x4", "2001:db8:1:: x16"];
        check("2001:db8:1:2ab:3:4:5:6", &["2001:db8:1:2ab::", wide[0], wide[1]]);
        check("2001:db8:1:2ac::1", &["2001:db8:1:2ac::", wide[0], wide[1]]);
        check("2001:db8:1:3ac::1", &["2001:db8:1:3ac::", "2001:db8:1:300:: x4", wide[1]]);
        check("::1", &["::", ":: x4", ":: x16"]);
    }

    #[rocket::async_test]
    async fn wider_networks_get_four_and_sixteen_times_what_a_64_gets() {
        type Kind = fn(Network) -> Bucket<'static>;
        let kinds: [(Kind, u32, u32); 4] = [
            (Bucket::Address, 1000, 10),
            (Bucket::Registration, 150, 30),
            (Bucket::GuestSessions, 1500, 60),
            (Bucket::GuestBigSessions, 80, 24 * 60),
        ];
        for (kind, burst, seconds) in kinds {
            let secrets = Secrets::new(vec!["secret".to_owned()]).unwrap();
            let throttle = Throttle::new(Arc::new(memory::MemoryCounters::default()), secrets);
            let count = async |address: &str, times: u32| {
                let networks = Network::around(address.parse().unwrap());
                let buckets: Vec<_> = networks.map(kind).collect();
                for number in 0..times {
                    if let Some(wait) = throttle.count(&buckets).await.unwrap() {
                        return (number, wait.as_secs_f64());
                    }
                }
                (times, 0.0)
            };
            // Buckets empty while this test runs.
            let started = std::time::Instant::now();
            let is_full = async |address: &str, subscribers: f64| {
                let every = f64::from(seconds) / subscribers;
                let (passed, wait) = count(address, burst).await;
                let emptied = (started.elapsed().as_secs_f64() / every).ceil();
                f64::from(passed) <= emptied && wait > 0.0 && wait <= every
            };
            // Each /64 of a /56 in turn: the fifth finds the /56 full. Throttled ones are not counted.
            for subnet in 0..4 {
                let address = format!("2001:db8:1:{subnet:x}::1");
                assert_eq!(count(&address, burst).await.0, burst);
                assert!(is_full(&address, 1.0).await, "{subnet}");
            }
            assert!(is_full("2001:db8:1:4::1", 4.0).await);
            // Three more /56 fill the /48 in the same way.
            for subnet in 4..16 {
                let address = format!("2001:db8:1:{:x}::1", subnet / 4 * 256 + subnet % 4);
                assert_eq!(count(&address, burst).await.0, burst);
            }
            assert!(is_full("2001:db8:1:ff00::1", 16.0).await);
            assert_eq!(count("2001:db8:2::1", burst).await.0, burst, "another /48");
            assert_eq!(count("203.0.113.7", burst).await.0, burst);
            assert!(is_full("203.0.113.7", 1.0).await, "IPv4 has one bucket");
        }
    }

    #[test]
    fn visitors_at_one_address_store_less_than_twenty_megabytes_of_lab_sessions() {
        let network = Network::of(std::net::IpAddr::from([203, 0, 113, 7]));
        // Each with a `User-Agent` as long as one is kept.
        let big = in_a_day(Bucket::GuestBigSessions(network)) * 103_900;
        let small = in_a_day(Bucket::GuestSessions(network)) * 1_500;
        assert!(big + small < 20_000_000, "{big} and {small} bytes");
    }

    #[test]
    fn an_attacker_gets_at_most_a_hundred_attempts_a_day_at_one_account() {
        let buckets = [Bucket::Account("rosa"), Bucket::Device("x"), Bucket::Confirmation("y")];
        assert!(buckets.into_iter().map(in_a_day).sum::<u64>() <= 100);
    }
}
