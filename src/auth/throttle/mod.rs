//! How many guesses there may be: counted before a password is hashed, given back when it was right.
//!
//! An attempt passes one to four lanes, each with a rate of its own. A stranger who guesses at an
//! account fills the lane of strangers, not that of a browser which has logged in to it before
//! (`device.rs`; OWASP, "Device Cookies"), so an attacker cannot lock a user out of the user's own browser. A class
//! behind one address shares a lane that is wide enough for it. Asked by `strategy.rs`; the counters
//! are in `mongo`, shared by all instances, or in `memory`.

mod lanes;
pub mod memory;
pub mod mongo;

pub use lanes::{Lane, Network, Rate};

use std::sync::Arc;
use std::time::Duration;

use rocket::tokio::runtime::Handle;
use rocket::tokio::sync::Semaphore;
use rocket::tokio::time::sleep;
use rocket_express_session::Secrets;

use crate::db::Unavailable;

/// Where attempts are counted. Both counters keep the same time: of the moment until which the
/// lane is paid for, an attempt adds `every` to it (the "generic cell rate algorithm").
#[rocket::async_trait]
pub trait Counters: Send + Sync {
    /// Counts an attempt, unless there were too many: then how long to wait for the next. One
    /// atomic step, so that attempts side by side gain nothing.
    async fn take(&self, key: &str, rate: Rate) -> Result<Result<(), Duration>, Unavailable>;

    /// Takes one attempt back under each key.
    async fn give_back(&self, keys: &[String]) -> Result<(), Unavailable>;

    /// Forgets all attempts under this key. False when there were none.
    async fn clear(&self, key: &str) -> Result<bool, Unavailable>;

    /// Forgets all attempts.
    async fn clear_all(&self) -> Result<(), Unavailable>;
}

/// Counts attempts.
pub struct Throttle {
    counters: Arc<dyn Counters>,
    /// Keys are sealed: who reads the counters learns no name and no address.
    secrets: Secrets,
    late: Arc<Semaphore>,
}

impl Throttle {
    /// Keys are sealed with the first of `secrets`: with a new one, all counts start at zero.
    pub fn new(counters: Arc<dyn Counters>, secrets: Secrets) -> Self {
        Self { counters, secrets, late: Arc::new(Semaphore::new(MAX_LATE)) }
    }

    /// Passes all lanes, or none: `Err` says how long to wait.
    ///
    /// # Errors
    /// The counters do not answer: no attempt passes uncounted.
    pub(super) async fn take(
        &self,
        lanes: &[Lane<'_>],
    ) -> Result<Result<Taken, Duration>, Unavailable> {
        let (counters, late) = (self.counters.clone(), self.late.clone());
        let mut taken = Taken::none(counters, late);
        for lane in lanes {
            let key = self.key(*lane);
            if let Err(wait) = self.counters.take(&key, lane.rate()).await? {
                taken.give_back().await;
                return Ok(Err(wait));
            }
            taken.add(key);
        }
        Ok(Ok(taken))
    }

    /// Counts something that is never taken back: `Err` says how long to wait for the next.
    ///
    /// # Errors
    /// The counters do not answer.
    pub async fn pass(&self, lanes: &[Lane<'_>]) -> Result<Result<(), Duration>, Unavailable> {
        Ok(self.take(lanes).await?.map(Taken::keep))
    }

    /// Lets strangers try again at the account of this key. False when nothing was counted.
    ///
    /// # Errors
    /// The counters do not answer.
    pub async fn unlock(&self, username_key: &str) -> Result<bool, Unavailable> {
        self.counters.clear(&self.key(Lane::Account(username_key))).await
    }

    /// Forgets all that was counted, at whatever account, from whatever address.
    ///
    /// # Errors
    /// The counters do not answer.
    pub async fn forget_all(&self) -> Result<(), Unavailable> {
        self.counters.clear_all().await
    }

    fn key(&self, lane: Lane<'_>) -> String {
        self.secrets.sign_for("cloakroom throttle", &lane.text())
    }
}

/// Attempts that were counted. Given back when dropped, unless they were wrong guesses
/// ([`Taken::keep`]): also when the request has no time left, or is cut off.
#[derive(Default)]
pub struct Taken {
    keys: Vec<String>,
    /// `None` for attempts that are not counted.
    counters: Option<(Arc<dyn Counters>, Arc<Semaphore>)>,
}

impl Taken {
    fn none(counters: Arc<dyn Counters>, late: Arc<Semaphore>) -> Self {
        Self { keys: vec![], counters: Some((counters, late)) }
    }

    fn add(&mut self, key: String) {
        self.keys.push(key);
    }

    /// They stay counted.
    pub fn keep(mut self) {
        self.keys.clear();
    }

    /// Takes them back now. What fails is tried again behind the request.
    pub async fn give_back(mut self) {
        if let Some((counters, _)) = &self.counters
            && !self.keys.is_empty()
            && counters.give_back(&self.keys).await.is_ok()
        {
            self.keys.clear();
        }
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        let keys = std::mem::take(&mut self.keys);
        let Some((counters, late)) = self.counters.take().filter(|_| !keys.is_empty()) else {
            return;
        };
        match (Handle::try_current(), late.try_acquire_owned()) {
            (Ok(runtime), Ok(permit)) => {
                runtime.spawn(async move {
                    give_back_late(&*counters, &keys).await;
                    drop(permit);
                });
            }
            _ => log::warn!("an attempt stays counted: too many wait to be given back"),
        }
    }
}

/// Tries for half a minute, which is longer than most outages.
async fn give_back_late(counters: &dyn Counters, keys: &[String]) {
    for pause in [0, 1, 2, 4, 8, 16] {
        sleep(Duration::from_secs(pause)).await;
        match counters.give_back(keys).await {
            Ok(()) => return,
            Err(error) => log::warn!("an attempt could not be given back yet: {error}"),
        }
    }
}

/// Attempts that wait at once to be given back behind their requests.
const MAX_LATE: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

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
        type Kind = fn(Network) -> Lane<'static>;
        let kinds: [(Kind, u32, u32); 4] = [
            (Lane::Address, 1000, 10),
            (Lane::Registration, 150, 30),
            (Lane::GuestSessions, 1500, 60),
            (Lane::GuestBigSessions, 80, 24 * 60),
        ];
        for (kind, burst, seconds) in kinds {
            let secrets = Secrets::new(vec!["secret".to_owned()]).unwrap();
            let throttle = Throttle::new(Arc::new(memory::MemoryCounters::default()), secrets);
            let take = async |address: &str, times: u32| {
                let lanes: Vec<_> = Network::around(address.parse().unwrap()).map(kind).collect();
                for number in 0..times {
                    if let Err(wait) = throttle.pass(&lanes).await.unwrap() {
                        return (number, wait.as_secs_f64());
                    }
                }
                (times, 0.0)
            };
            // Lanes empty while this test runs.
            let started = std::time::Instant::now();
            let is_full = async |address: &str, subscribers: f64| {
                let every = f64::from(seconds) / subscribers;
                let (passed, wait) = take(address, burst).await;
                let emptied = (started.elapsed().as_secs_f64() / every).ceil();
                f64::from(passed) <= emptied && wait > 0.0 && wait <= every
            };
            // Each /64 of a /56 in turn: the fifth finds the /56 full. Refused ones are not counted.
            for subnet in 0..4 {
                let address = format!("2001:db8:1:{subnet:x}::1");
                assert_eq!(take(&address, burst).await.0, burst);
                assert!(is_full(&address, 1.0).await, "{subnet}");
            }
            assert!(is_full("2001:db8:1:4::1", 4.0).await);
            // The same of three further /56 of the /48, which is full then.
            for subnet in 4..16 {
                let address = format!("2001:db8:1:{:x}::1", subnet / 4 * 256 + subnet % 4);
                assert_eq!(take(&address, burst).await.0, burst);
            }
            assert!(is_full("2001:db8:1:ff00::1", 16.0).await);
            assert_eq!(take("2001:db8:2::1", burst).await.0, burst, "another /48");
            assert_eq!(take("203.0.113.7", burst).await.0, burst);
            assert!(is_full("203.0.113.7", 1.0).await, "IPv4 has one lane");
        }
    }

    #[test]
    fn visitors_at_one_address_store_less_than_twenty_megabytes_of_lab_sessions() {
        let in_a_day = |lane: Lane<'_>| {
            let Rate { burst, every } = lane.rate();
            u64::from(burst) + 24 * 60 * 60 / every.as_secs()
        };
        let network = Network::of(std::net::IpAddr::from([203, 0, 113, 7]));
        // Each with a `User-Agent` as long as one is kept.
        let big = in_a_day(Lane::GuestBigSessions(network)) * 103_900;
        let small = in_a_day(Lane::GuestSessions(network)) * 1_500;
        assert!(big + small < 20_000_000, "{big} and {small} bytes");
    }

    #[test]
    fn nobody_gets_more_than_a_hundred_guesses_a_day_at_one_account() {
        let a_day = |lane: Lane<'_>| {
            let Rate { burst, every } = lane.rate();
            u64::from(burst) + 24 * 60 * 60 / every.as_secs()
        };
        let lanes = [Lane::Account("rosa"), Lane::Device("x"), Lane::Confirmation("y")];
        assert!(lanes.into_iter().map(a_day).sum::<u64>() <= 100);
    }
}
