//! The buckets in which attempts are counted, and the rate of each.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);
const TWO_HOURS: Duration = Duration::from_secs(2 * 60 * 60);

/// A rate limit: `burst` at once, then one more each `every`. In any day, that allows `burst` + a day /
/// `every`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// How many an empty bucket takes at once.
    pub burst: u32,
    /// The time after which a full bucket takes one more.
    pub every: Duration,
}

impl Rate {
    /// The time in which a full bucket empties.
    pub fn window(self) -> Duration {
        self.every * self.burst
    }
}

/// The addresses that are counted as one client: an IPv4 address, or an IPv6 prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Network {
    address: IpAddr,
    /// How many /64 networks share its buckets.
    subscribers: u32,
}

impl Network {
    /// An IPv4 address, or the IPv6 /64 around it, which is the least that one subscriber has.
    pub fn of(address: IpAddr) -> Self {
        Self::new(address, 64, 1)
    }

    /// The networks in which an address is counted.
    ///
    /// An IPv4 address is one network. An IPv6 address counts in its /64, and in the /56 and the /48 around
    /// it, which a home line or a tunnel has. These get 4 and 16 times the rate of a /64. So an attacker
    /// gains little by using each /64 of a /56 or a /48 in turn.
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
            IpAddr::V4(v4) => IpAddr::V4(v4),
        };
        Self { address, subscribers }
    }

    /// The rate of this network, when one subscriber has `rate`.
    fn scale(self, rate: Rate) -> Rate {
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

/// The longest time that any bucket needs to empty. No counter is stored for longer.
pub fn longest_window() -> Duration {
    let network = Network::of(Ipv4Addr::LOCALHOST.into());
    let all = [
        Bucket::Account(""),
        Bucket::Device(""),
        Bucket::Address(network),
        Bucket::Registration(network),
        Bucket::Confirmation(""),
        Bucket::GuestSessions(network),
        Bucket::GuestBigSessions(network),
        Bucket::LabSessions(""),
        Bucket::BigLabSessions(""),
    ];
    all.map(|bucket| bucket.rate().window()).into_iter().max().unwrap_or_default()
}

/// A count with one rate limit, such as that of an account or of an address.
#[derive(Clone, Copy, Debug)]
pub enum Bucket<'a> {
    /// Attempts at one username from browsers that are new to the account. The account need not exist.
    Account(&'a str),
    /// Attempts from one browser that has logged in to the account before.
    Device(&'a str),
    /// Attempts from one network, at all accounts together.
    Address(Network),
    /// New accounts from one network.
    Registration(Network),
    /// Attempts to confirm the current password in one session, by its handle. There is no count by account:
    /// a thief with a copied cookie must not keep the owner, who logs in again, from changing the password.
    Confirmation(&'a str),
    /// Sessions that visitors in one network store in lessons and labs without logging in.
    GuestSessions(Network),
    /// The large ones among the guests' sessions, of a hundred kilobytes each.
    GuestBigSessions(Network),
    /// Sessions that one account, by its id, stores in the labs.
    LabSessions(&'a str),
    /// The large ones among the account's sessions.
    BigLabSessions(&'a str),
}

impl Bucket<'_> {
    /// What it counts, as metrics call it.
    pub(super) fn kind(self) -> &'static str {
        match self {
            Self::Account(_) => "account",
            Self::Device(_) => "device",
            Self::Address(_) => "address",
            Self::Registration(_) => "registration",
            Self::Confirmation(_) => "confirmation",
            Self::GuestSessions(_) | Self::GuestBigSessions(_) => "guest_sessions",
            Self::LabSessions(_) | Self::BigLabSessions(_) => "lab_sessions",
        }
    }

    /// The rate limit of this bucket. A lower rate locks out users who mistype; a higher one gives an
    /// attacker more attempts.
    pub(super) fn rate(self) -> Rate {
        match self {
            // In any day 52, 22 more from a known browser, and 22 with a stolen cookie: below the 100
            // that NIST SP 800-63B allows in a row.
            Self::Account(_) => Rate { burst: 40, every: TWO_HOURS },
            Self::Device(_) | Self::Confirmation(_) => Rate { burst: 10, every: TWO_HOURS },
            // A school with a thousand pupils mistypes this often. The limit is for an attacker who tries
            // one password at very many accounts.
            Self::Address(network) => network.scale(Rate { burst: 1000, every: MINUTE / 6 }),
            // Enough for a whole year of a school that registers at once.
            Self::Registration(network) => network.scale(Rate { burst: 150, every: MINUTE / 2 }),
            // Enough for a class of 40 in which no student logs in. Lab sessions expire after a day, so
            // they take less than 20 MB at any time: 140 large ones and 2,940 small ones.
            Self::GuestSessions(network) => network.scale(Rate { burst: 1_500, every: MINUTE }),
            Self::GuestBigSessions(network) => {
                network.scale(Rate { burst: 80, every: MINUTE * 24 })
            }
            Self::LabSessions(_) => Rate { burst: 200, every: MINUTE },
            Self::BigLabSessions(_) => Rate { burst: 20, every: TWO_HOURS },
        }
    }

    /// The unique name of this bucket, before it is signed.
    pub(super) fn name(self) -> String {
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
