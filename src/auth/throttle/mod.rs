//! How many guesses there may be: counted before a password is hashed, given back when it was right.
//!
//! An attempt passes one to four lanes, each with a rate of its own. A stranger who guesses at an
//! account fills the lane of strangers, not that of a browser which has logged in to it before
//! (`device.rs`; OWASP, "Device Cookies"), so nobody can be locked out of their own browser. A class
//! behind one address shares a lane that is wide enough for it. Asked by `strategy.rs`; the counters
//! are in `mongo`, shared by all instances, or in `memory`.

pub mod memory;
pub mod mongo;

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::db::Unavailable;
use crate::session::signature::Secrets;

const MINUTE: Duration = Duration::from_secs(60);
const TWO_HOURS: Duration = Duration::from_secs(2 * 60 * 60);

/// So many at once, and then one more each `every`: never more than `burst` + a day / `every` in
/// any day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// How many may come at once.
    pub burst: u32,
    /// Then one more each so often.
    pub every: Duration,
}

impl Rate {
    /// The time in which a full lane empties.
    pub fn span(self) -> Duration {
        self.every * self.burst
    }
}

/// The addresses that are counted as one: an IPv4 address, or an IPv6 prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    /// How many /64 may fill it.
    subscribers: u32,
}

impl Network {
    /// An IPv4 address alone. Of IPv6 the /64, which one subscriber has at least, and the /56 and /48
    /// around it, which a home line or a tunnel has. They get 4 and 16 times what a /64 gets, so that
    /// going through the /64 of one of them gains little.
    pub fn around(address: IpAddr) -> impl Iterator<Item = Self> {
        let network = |address, subscribers| Self { address, subscribers };
        let networks = match address.to_canonical() {
            IpAddr::V6(v6) => {
                let prefix = |bits: u32| {
                    IpAddr::from((v6.to_bits() >> (128 - bits) << (128 - bits)).to_be_bytes())
                };
                vec![network(prefix(64), 1), network(prefix(56), 4), network(prefix(48), 16)]
            }
            v4 => vec![network(v4, 1)],
        };
        networks.into_iter()
    }

    /// What it gets, when a single subscriber gets this.
    fn share_of(self, rate: Rate) -> Rate {
        Rate { burst: rate.burst * self.subscribers, every: rate.every / self.subscribers }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { address, subscribers } = self;
        if *subscribers == 1 {
            write!(f, "{address}")
        } else {
            write!(f, "{address} x{subscribers}")
        }
    }
}

/// What is counted.
#[derive(Clone, Copy, Debug)]
pub enum Lane<'a> {
    /// Guesses at one account, there or not, from browsers that it does not know.
    Account(&'a str),
    /// Guesses from one browser that has logged in to the account before.
    Device(&'a str),
    /// Guesses from one network, at whatever account.
    Address(Network),
    /// New accounts from one network.
    Registration(Network),
    /// Guesses at the current password from one session, by its handle. Not by account: whoever has
    /// stolen a ticket must not keep the owner, who logs in anew, from changing the password.
    Confirmation(&'a str),
}

impl Lane<'_> {
    /// The numbers are a bargain: lower, and a person who mistypes is locked out; higher, and a
    /// guesser gets more tries.
    fn rate(self) -> Rate {
        match self {
            // In any day 52, and 22 more from a known browser, and 22 with a stolen ticket: below
            // the 100 that NIST SP 800-63B allows in a row.
            Self::Account(_) => Rate { burst: 40, every: TWO_HOURS },
            Self::Device(_) | Self::Confirmation(_) => Rate { burst: 10, every: TWO_HOURS },
            // A school with a thousand pupils mistypes as often. Against one password tried at a
            // great many accounts.
            Self::Address(network) => network.share_of(Rate { burst: 1000, every: MINUTE / 6 }),
            // A whole year of a school that registers at once.
            Self::Registration(network) => network.share_of(Rate { burst: 150, every: MINUTE / 2 }),
        }
    }

    /// What tells this lane from all others, before it is sealed.
    fn text(self) -> String {
        match self {
            Self::Account(name) => format!("account {name}"),
            Self::Device(nonce) => format!("device {nonce}"),
            Self::Address(network) => format!("address {network}"),
            Self::Registration(network) => format!("registration {network}"),
            Self::Confirmation(session) => format!("confirmation {session}"),
        }
    }
}

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

/// Attempts that were counted, to be given back when they were no guesses.
#[derive(Debug)]
pub struct Taken(Vec<String>);

/// Counts attempts.
pub struct Throttle {
    counters: Arc<dyn Counters>,
    /// Keys are sealed: who reads the counters learns no name and no address.
    secrets: Secrets,
}

impl Throttle {
    /// Keys are sealed with the first of `secrets`: with a new one, counting starts anew.
    pub fn new(counters: Arc<dyn Counters>, secrets: Secrets) -> Self {
        Self { counters, secrets }
    }

    /// Passes all lanes, or none: `Err` says how long to wait.
    ///
    /// # Errors
    /// The counters do not answer: nobody is let through uncounted.
    pub(super) async fn take(
        &self,
        lanes: &[Lane<'_>],
    ) -> Result<Result<Taken, Duration>, Unavailable> {
        let mut taken = Taken(vec![]);
        for lane in lanes {
            let key = self.key(*lane);
            if let Err(wait) = self.counters.take(&key, lane.rate()).await? {
                self.give_back(taken).await;
                return Ok(Err(wait));
            }
            taken.0.push(key);
        }
        Ok(Ok(taken))
    }

    /// Takes attempts back. If that fails, a lane is fuller than it should be for a while.
    pub(super) async fn give_back(&self, taken: Taken) {
        if taken.0.is_empty() {
            return;
        }
        if let Err(error) = self.counters.give_back(&taken.0).await {
            log::warn!("an attempt stays counted: {error}");
        }
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
        self.secrets.seal("throttle", &lane.text())
    }
}

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
        for (kind, burst, seconds) in
            [(Lane::Address as Kind, 1000, 10), (Lane::Registration as Kind, 150, 30)]
        {
            let secrets = Secrets::new(vec!["secret".to_owned()]).unwrap();
            let throttle = Throttle::new(Arc::new(memory::MemoryCounters::default()), secrets);
            let take = async |address: &str, times: u32| {
                let lanes: Vec<_> = Network::around(address.parse().unwrap()).map(kind).collect();
                for number in 0..times {
                    if let Err(wait) = throttle.take(&lanes).await.unwrap() {
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
    fn nobody_gets_more_than_a_hundred_guesses_a_day_at_one_account() {
        let a_day = |lane: Lane<'_>| {
            let Rate { burst, every } = lane.rate();
            u64::from(burst) + 24 * 60 * 60 / every.as_secs()
        };
        let lanes = [Lane::Account("rosa"), Lane::Device("x"), Lane::Confirmation("y")];
        assert!(lanes.into_iter().map(a_day).sum::<u64>() <= 100);
    }
}
