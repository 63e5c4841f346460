//! Who may have a password hashed next: few slots for each login and each network.
//!
//! Hashing is slow on purpose, so logins compete for it. One client that logs in to one account a
//! thousand times must not keep the others out, even with the right password; nor may it keep the
//! account's owner out, who comes from elsewhere or in a known browser. A login therefore holds a
//! slot of its own kind, a slot of each network around its address and one of all slots, before
//! MongoDB is asked anything (`strategy.rs`, `account.rs`). `hasher.rs` hashes only for those who hold
//! a slot.

use std::hash::Hash;
use std::net::IpAddr;

use super::throttle::Network;
use crate::db::Unavailable;
use crate::slots::{self, Slots};

/// Logins at work in all: at 15 ms on two cores, the last of them waits one second.
const MAX_SLOTS: usize = 128;

/// The slots of this process.
pub struct Queue {
    /// Of one account, from one network and with one device cookie.
    logins: Slots,
    /// Of an address, or of an IPv6 /64; of the /56; of the /48.
    networks: [Slots; 3],
    all: Slots,
}

/// The right to have passwords hashed; given back when dropped.
pub struct Slot {
    _slots: Vec<slots::Slot>,
}

/// With all slots free.
impl Default for Queue {
    fn default() -> Self {
        Self {
            // A person needs one. A class that logs in to one account at once waits its turn.
            logins: Slots::new(4, 124),
            // A class of forty behind one address waits for a moment. Three such addresses leave a
            // quarter of all slots to others.
            networks: [Slots::new(32, 96), Slots::new(64, 128), Slots::new(96, 192)],
            all: Slots::new(MAX_SLOTS, 0),
        }
    }
}

impl Queue {
    /// Waits for a slot of `login` from this network and of each network around the address; then
    /// takes one of all slots. `login` says what the attempt is for: the name of the account, there
    /// or not, and what the browser shows besides.
    ///
    /// # Errors
    /// Too many logins are there already: of this kind, from this network, or in all.
    pub async fn enter(&self, login: impl Hash, address: IpAddr) -> Result<Slot, Unavailable> {
        let busy = || Unavailable::new("too many logins at once");
        let login = (login, Network::of(address));
        let mut slots = vec![self.logins.enter(login).await.ok_or_else(busy)?];
        for (network, of_width) in Network::around(address).zip(&self.networks) {
            slots.push(of_width.enter(network).await.ok_or_else(busy)?);
        }
        slots.push(self.all.enter(()).await.ok_or_else(busy)?);
        Ok(Slot { _slots: slots })
    }
}

impl Slot {
    /// For a command on the machine itself, which competes with no visitor.
    pub fn of_a_command() -> Self {
        Self { _slots: vec![] }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(number: usize) -> IpAddr {
        IpAddr::from([203, 0, 113, u8::try_from(number).unwrap()])
    }

    #[rocket::async_test]
    async fn of_all_accounts_together_the_excess_is_refused_at_once() {
        let queue = Queue::default();
        let mut slots = vec![];
        for number in 0..MAX_SLOTS {
            slots.push(queue.enter(number, address(number)).await.unwrap());
        }
        assert!(queue.enter("one more", address(200)).await.is_err());
        slots.pop();
        assert!(queue.enter("one more", address(200)).await.is_ok());
    }

    #[rocket::async_test]
    async fn a_flood_at_one_account_keeps_out_neither_others_nor_its_known_browser() {
        let queue = Queue::default();
        let flood = ("rosa", None::<&str>);
        let mut held = vec![];
        for _ in 0..4 {
            held.push(queue.enter(flood, address(1)).await.unwrap());
        }
        assert!(queue.enter(("vera", None::<&str>), address(1)).await.is_ok(), "same address");
        assert!(queue.enter(("rosa", Some("device")), address(1)).await.is_ok(), "known browser");
        assert!(queue.enter(flood, address(2)).await.is_ok(), "another address");
    }

    #[rocket::async_test]
    async fn one_ipv6_line_leaves_slots_to_others_whatever_prefix_it_uses() {
        let queue = Queue::default();
        let mut held = vec![];
        for number in 0..96 {
            let address = format!("2001:db8:0:{:x}::1", number % 3 * 256 + number / 32);
            held.push(queue.enter(number, address.parse().unwrap()).await.unwrap());
        }
        assert!(queue.enter("other", address(1)).await.is_ok());
        let next = queue.enter("next", "2001:db8:0:ffff::1".parse().unwrap());
        let waits = crate::deadline::within(std::time::Duration::from_millis(50), next).await;
        assert!(waits.is_none(), "the /48 has 96");
        drop(held);
    }
}
