//! Who may have a password hashed next: few slots for each account and each address.
//!
//! Hashing is slow on purpose, so logins compete for it. One client that logs in to one account a
//! thousand times must not keep the others out, even with the right password. A login therefore
//! holds a slot of its account, a slot of its address and one of all slots, before MongoDB is asked
//! anything (`strategy.rs`, `account.rs`). `hasher.rs` hashes only for those who hold a slot.

use std::net::IpAddr;
use std::sync::Arc;

use rocket::tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::throttle::Network;
use crate::db::Unavailable;
use crate::slots::{self, Slots};

/// Logins at work in all: at 15 ms on two cores, the last of them waits one second. The next one is
/// refused at once.
const MAX_SLOTS: usize = 128;

/// The slots of this process.
pub struct Queue {
    all: Arc<Semaphore>,
    accounts: Slots,
    addresses: Slots,
}

/// The right to have passwords hashed; given back when dropped.
pub struct Slot {
    _of_all: Option<OwnedSemaphorePermit>,
    _of_keys: [Option<slots::Slot>; 2],
}

/// With all slots free.
impl Default for Queue {
    fn default() -> Self {
        Self {
            all: Arc::new(Semaphore::new(MAX_SLOTS)),
            // A person needs one. A class that logs in to one account at once waits its turn.
            accounts: Slots::new(4, 124),
            // Half of all slots: a class of forty behind one address does not wait.
            addresses: Slots::new(64, 64),
        }
    }
}

impl Queue {
    /// Waits for a slot of the account of this name, there or not, and of the address (IPv6 by
    /// /64); then takes one of all slots.
    ///
    /// # Errors
    /// Too many logins are there already: at this account, from this address, or in all.
    pub async fn enter(&self, name: &str, address: IpAddr) -> Result<Slot, Unavailable> {
        let busy = || Unavailable::new("too many logins at once");
        let account = self.accounts.enter(name).await.ok_or_else(busy)?;
        let address = self.addresses.enter(Network::of(address)).await.ok_or_else(busy)?;
        let all = self.all.clone().try_acquire_owned().map_err(|_| busy())?;
        Ok(Slot { _of_all: Some(all), _of_keys: [Some(account), Some(address)] })
    }
}

impl Slot {
    /// For a command on the machine itself, which competes with no visitor.
    pub fn of_a_command() -> Self {
        Self { _of_all: None, _of_keys: [None, None] }
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
            slots.push(queue.enter(&number.to_string(), address(number)).await.unwrap());
        }
        assert!(queue.enter("one more", address(200)).await.is_err());
        slots.pop();
        assert!(queue.enter("one more", address(200)).await.is_ok());
    }

    #[rocket::async_test]
    async fn the_slots_of_one_account_leave_room_for_others_at_the_same_address() {
        let queue = Queue::default();
        let mut rosas = vec![];
        for _ in 0..4 {
            rosas.push(queue.enter("rosa", address(1)).await.unwrap());
        }
        assert!(queue.enter("vera", address(1)).await.is_ok());
    }
}
