//! How many guesses there may be: counted before a password is hashed, given back when it was right.
//!
//! An attempt passes one or two lanes, each with a rate of its own. Somebody who guesses at an
//! account fills the lane of strangers, not that of a browser which has logged in to it before
//! (`device.rs`; OWASP, "Device Cookies"), so nobody can be locked out of their own browser. A class
//! behind one address shares a lane that is wide enough for it. Asked by `strategy.rs`; the counters
//! are in `mongo`, shared by all instances, or in `memory`.

pub mod memory;
pub mod mongo;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use rocket::tokio::runtime::Handle;
use rocket::tokio::sync::Semaphore;
use rocket::tokio::time::sleep;

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

/// What is counted.
#[derive(Clone, Copy, Debug)]
pub enum Lane<'a> {
    /// Guesses at one account, there or not, from browsers that it does not know.
    Account(&'a str),
    /// Guesses from one browser that has logged in to the account before.
    Device(&'a str),
    /// Guesses from one address, at whatever account.
    Address(IpAddr),
    /// New accounts from one address.
    Registration(IpAddr),
    /// Guesses at the current password from one session, by its handle. Not by account: whoever has
    /// stolen a ticket must not keep the owner, who logs in anew, from changing the password.
    Confirmation(&'a str),
    /// Sessions that visitors at one address store in lessons and labs without logging in.
    GuestSessions(IpAddr),
    /// The large ones among them, of a hundred kilobytes each.
    GuestBigSessions(IpAddr),
    /// Sessions that one account, by its id, stores in the labs.
    LabSessions(&'a str),
    /// The large ones among them.
    BigLabSessions(&'a str),
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
            Self::Address(_) => Rate { burst: 1000, every: MINUTE / 6 },
            // A whole year of a school that registers at once.
            Self::Registration(_) => Rate { burst: 150, every: MINUTE / 2 },
            // A class of 40 in which no student logs in. A session of the labs ends after a day, so
            // less than 20 MB of them are there at any time: 140 large ones and 2,940 small ones.
            Self::GuestSessions(_) => Rate { burst: 1_500, every: MINUTE },
            Self::GuestBigSessions(_) => Rate { burst: 80, every: MINUTE * 24 },
            Self::LabSessions(_) => Rate { burst: 200, every: MINUTE },
            Self::BigLabSessions(_) => Rate { burst: 20, every: TWO_HOURS },
        }
    }

    /// What tells this lane from all others, before it is sealed.
    fn text(self) -> String {
        match self {
            Self::Account(name) => format!("account {name}"),
            Self::Device(nonce) => format!("device {nonce}"),
            Self::Address(address) => format!("address {}", network(address)),
            Self::Registration(address) => format!("registration {}", network(address)),
            Self::Confirmation(session) => format!("confirmation {session}"),
            Self::GuestSessions(address) => format!("guest sessions {}", network(address)),
            Self::GuestBigSessions(address) => format!("guest big sessions {}", network(address)),
            Self::LabSessions(user) => format!("lab sessions {user}"),
            Self::BigLabSessions(user) => format!("big lab sessions {user}"),
        }
    }
}

/// What one subscriber has: an IPv4 address, but a whole /64 of IPv6.
pub(super) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::from([a, b, c, d, 0, 0, 0, 0])
        }
        v4 => v4,
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

/// Attempts that were counted. Given back when dropped, unless they were wrong guesses
/// ([`Taken::keep`]): also when the request has no time left, or is cut off.
pub struct Taken {
    keys: Vec<String>,
    counters: Arc<dyn Counters>,
    late: Arc<Semaphore>,
}

impl Taken {
    /// They stay counted.
    pub(super) fn keep(mut self) {
        self.keys.clear();
    }

    /// Takes them back now. What fails is tried again behind the request.
    pub(super) async fn give_back(mut self) {
        if !self.keys.is_empty() && self.counters.give_back(&self.keys).await.is_ok() {
            self.keys.clear();
        }
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        let (keys, counters) = (std::mem::take(&mut self.keys), self.counters.clone());
        if keys.is_empty() {
            return;
        }
        match (Handle::try_current(), self.late.clone().try_acquire_owned()) {
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

/// Counts attempts.
pub struct Throttle {
    counters: Arc<dyn Counters>,
    /// Keys are sealed: who reads the counters learns no name and no address.
    secrets: Secrets,
    late: Arc<Semaphore>,
}

impl Throttle {
    /// Keys are sealed with the first of `secrets`: with a new one, counting starts anew.
    pub fn new(counters: Arc<dyn Counters>, secrets: Secrets) -> Self {
        Self { counters, secrets, late: Arc::new(Semaphore::new(MAX_LATE)) }
    }

    /// Passes all lanes, or none: `Err` says how long to wait.
    ///
    /// # Errors
    /// The counters do not answer: nobody is let through uncounted.
    pub(super) async fn take(
        &self,
        lanes: &[Lane<'_>],
    ) -> Result<Result<Taken, Duration>, Unavailable> {
        let (counters, late) = (self.counters.clone(), self.late.clone());
        let mut taken = Taken { keys: vec![], counters, late };
        for lane in lanes {
            let key = self.key(*lane);
            if let Err(wait) = self.counters.take(&key, lane.rate()).await? {
                taken.give_back().await;
                return Ok(Err(wait));
            }
            taken.keys.push(key);
        }
        Ok(Ok(taken))
    }

    /// Counts something that is never taken back: `Err` says how long to wait for the next.
    ///
    /// # Errors
    /// The counters do not answer.
    pub async fn pass(&self, lane: Lane<'_>) -> Result<Result<(), Duration>, Unavailable> {
        self.counters.take(&self.key(lane), lane.rate()).await
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
        let check = |address: &str, expected: &str| {
            assert_eq!(network(address.parse().unwrap()).to_string(), expected);
        };
        check("203.0.113.7", "203.0.113.7");
        check("::ffff:203.0.113.7", "203.0.113.7");
        check("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::");
        check("2001:db8:1:3::1", "2001:db8:1:3::");
    }

    #[test]
    fn visitors_at_one_address_store_less_than_twenty_megabytes_of_lab_sessions() {
        let in_a_day = |lane: Lane<'_>| {
            let Rate { burst, every } = lane.rate();
            u64::from(burst) + 24 * 60 * 60 / every.as_secs()
        };
        let address = IpAddr::from([203, 0, 113, 7]);
        // Each with a `User-Agent` as long as one is kept.
        let big = in_a_day(Lane::GuestBigSessions(address)) * 103_900;
        let small = in_a_day(Lane::GuestSessions(address)) * 1_500;
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
