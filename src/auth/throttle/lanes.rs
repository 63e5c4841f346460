//! What is counted, and how often it may happen.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Network {
    address: IpAddr,
    /// How many /64 may fill it.
    subscribers: u32,
}

impl Network {
    /// An IPv4 address, or the /64 of IPv6 that one subscriber has at least.
    pub fn of(address: IpAddr) -> Self {
        Self::new(address, 64, 1)
    }

    /// An IPv4 address alone. Of IPv6 the /64, which one subscriber has at least, and the /56 and /48
    /// around it, which a home line or a tunnel has. They get 4 and 16 times what a /64 gets, so that
    /// going through the /64 of one of them gains little.
    pub fn around(address: IpAddr) -> impl Iterator<Item = Self> {
        let widths: &[(u32, u32)] = match address.to_canonical() {
            IpAddr::V6(_) => &[(64, 1), (56, 4), (48, 16)],
            IpAddr::V4(_) => &[(64, 1)],
        };
        widths.iter().map(move |(bits, subscribers)| Self::new(address, *bits, *subscribers))
    }

    fn new(address: IpAddr, bits: u32, subscribers: u32) -> Self {
        let address = match address.to_canonical() {
            IpAddr::V6(v6) => {
                IpAddr::from((v6.to_bits() >> (128 - bits) << (128 - bits)).to_be_bytes())
            }
            v4 => v4,
        };
        Self { address, subscribers }
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
    /// Guesses at the current password from one session, by its handle. Not by account: a thief
    /// of a ticket must not keep the owner, who logs in again, from changing the password.
    Confirmation(&'a str),
    /// Sessions that visitors in one network store in lessons and labs without logging in.
    GuestSessions(Network),
    /// The large ones among them, of a hundred kilobytes each.
    GuestBigSessions(Network),
    /// Sessions that one account, by its id, stores in the labs.
    LabSessions(&'a str),
    /// The large ones among them.
    BigLabSessions(&'a str),
}

impl Lane<'_> {
    /// The numbers are a bargain: lower, and a person who mistypes is locked out; higher, and a
    /// guesser gets more tries.
    pub(super) fn rate(self) -> Rate {
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
            // A class of 40 in which no student logs in. A session of the labs ends after a day, so
            // less than 20 MB of them are there at any time: 140 large ones and 2,940 small ones.
            Self::GuestSessions(network) => network.share_of(Rate { burst: 1_500, every: MINUTE }),
            Self::GuestBigSessions(network) => {
                network.share_of(Rate { burst: 80, every: MINUTE * 24 })
            }
            Self::LabSessions(_) => Rate { burst: 200, every: MINUTE },
            Self::BigLabSessions(_) => Rate { burst: 20, every: TWO_HOURS },
        }
    }

    /// What tells this lane from all others, before it is sealed.
    pub(super) fn text(self) -> String {
        match self {
            Self::Account(name) => format!("account {name}"),
            Self::Device(nonce) => format!("device {nonce}"),
            Self::Address(network) => format!("address {network}"),
            Self::Registration(network) => format!("registration {network}"),
            Self::Confirmation(session) => format!("confirmation {session}"),
            Self::GuestSessions(network) => format!("guest sessions {network}"),
            Self::GuestBigSessions(network) => format!("guest big sessions {network}"),
            Self::LabSessions(user) => format!("lab sessions {user}"),
            Self::BigLabSessions(user) => format!("big lab sessions {user}"),
        }
    }
}
