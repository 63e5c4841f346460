//! How many may be at work at once: few slots for each key, and a bounded queue for each.
//!
//! What one account, one address or one browser asks for cannot take all that there is. [`Slots`] stand in front
//! of heavy pages (`web/heavy.rs`), and of what is slow on purpose: the hash of a password. One client that logs
//! in to one account a thousand times must not keep other accounts out, even with the right password. Nor may it
//! keep the account's owner out, who comes from elsewhere or in a known browser. So a login holds a
//! [`QueueSlot`]: of its own kind, of each network around its address and of all, before MongoDB is asked
//! anything (`strategy.rs`, `account.rs`). `hasher.rs` hashes only for those who hold one.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher as _, Hash};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rocket::tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::throttle::Network;
use crate::db::Unavailable;
use crate::in_flight::within;

/// The longest wait for a slot. Short beside the time of a request: with little left, its work
/// would be for nothing.
const TIMEOUT: Duration = Duration::from_millis(1_500);

/// Slots by key. Keys are kept as hashes, because a key can be as long as a request.
pub struct Slots {
    at_work: usize,
    waiting: usize,
    keys: Keys,
    hash: RandomState,
}

type Keys = Arc<Mutex<HashMap<u64, Key>>>;

/// The slots of one key, for as long as a request is there.
struct Key {
    slots: Arc<Semaphore>,
    present: usize,
}

/// A slot of a key, given back when dropped.
pub struct Slot {
    _permit: OwnedSemaphorePermit,
    _present: Present,
}

/// Counts a request at its key until it is dropped.
struct Present {
    keys: Keys,
    key: u64,
}

impl Slots {
    /// For each key, `at_work` at once, and `waiting` more that wait for that.
    pub fn new(at_work: usize, waiting: usize) -> Self {
        Self { at_work, waiting, keys: Arc::default(), hash: RandomState::new() }
    }

    /// Waits for a slot of `key`; `None` when too many wait already, or it takes too long.
    pub async fn enter(&self, key: impl Hash) -> Option<Slot> {
        let (slots, present) = self.join(self.hash.hash_one(key))?;
        let permit = within(TIMEOUT, slots.acquire_owned()).await?.ok()?;
        Some(Slot { _permit: permit, _present: present })
    }

    fn join(&self, key: u64) -> Option<(Arc<Semaphore>, Present)> {
        let mut keys = locked(&self.keys);
        let none = || Key { slots: Arc::new(Semaphore::new(self.at_work)), present: 0 };
        let found = keys.entry(key).or_insert_with(none);
        if found.present >= self.at_work + self.waiting {
            return None;
        }
        found.present += 1;
        Some((found.slots.clone(), Present { keys: self.keys.clone(), key }))
    }
}

impl Drop for Present {
    fn drop(&mut self) {
        let mut keys = locked(&self.keys);
        if let Some(found) = keys.get_mut(&self.key) {
            found.present -= 1;
            if found.present == 0 {
                keys.remove(&self.key);
            }
        }
    }
}

fn locked(keys: &Keys) -> MutexGuard<'_, HashMap<u64, Key>> {
    keys.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Logins at work in all: at 15 ms on two cores, the last of them waits one second.
const MAX_SLOTS: usize = 128;

/// The slots of all logins of this process.
pub struct Queue {
    /// Of one account, from one network and with one device cookie.
    logins: Slots,
    /// Of an address, or of an IPv6 /64; of the /56; of the /48.
    networks: [Slots; 3],
    all: Slots,
}

/// The right to have passwords hashed; given back when dropped.
pub struct QueueSlot {
    _slots: Vec<Slot>,
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
    pub async fn enter(&self, login: impl Hash, address: IpAddr) -> Result<QueueSlot, Unavailable> {
        let busy = || Unavailable::new("too many logins at once");
        let login = (login, Network::of(address));
        let mut slots = vec![self.logins.enter(login).await.ok_or_else(busy)?];
        for (network, of_width) in Network::around(address).zip(&self.networks) {
            slots.push(of_width.enter(network).await.ok_or_else(busy)?);
        }
        slots.push(self.all.enter(()).await.ok_or_else(busy)?);
        Ok(QueueSlot { _slots: slots })
    }
}

impl QueueSlot {
    /// For a command on the machine itself, which competes with no visitor.
    pub fn of_a_command() -> Self {
        Self { _slots: vec![] }
    }
}

#[cfg(test)]
mod tests {
    use rocket::futures::FutureExt as _;

    use super::*;

    #[rocket::async_test]
    async fn one_key_has_few_slots_and_the_excess_is_refused_at_once() {
        let slots = Slots::new(4, 60);
        let mut waiting: Vec<_> = (0..100).map(|_| Box::pin(slots.enter("rosa"))).collect();
        let mut entered: Vec<_> = waiting.iter_mut().map(|enter| enter.now_or_never()).collect();
        let count = |is: fn(&Option<Slot>) -> bool| {
            entered.iter().flatten().filter(|entered| is(entered)).count()
        };
        assert_eq!((count(Option::is_some), count(Option::is_none)), (4, 36), "and 60 wait");
        assert!(slots.enter("vera").now_or_never().flatten().is_some(), "another key");
        entered.clear();
        let next = waiting[4].as_mut().now_or_never();
        assert!(next.flatten().is_some(), "first come, first served");
    }

    #[rocket::async_test]
    async fn those_who_wait_get_their_turn_and_nothing_is_left_behind() {
        let slots = Slots::new(4, 60);
        let visit = async || {
            let slot = slots.enter("rosa").await;
            rocket::tokio::task::yield_now().await;
            slot.is_some()
        };
        let all = rocket::futures::future::join_all((0..64).map(|_| visit())).await;
        assert_eq!(all, [true; 64]);
        drop(slots.enter("vera").now_or_never());
        assert!(locked(&slots.keys).is_empty());
    }

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
        let waits = within(Duration::from_millis(50), next).await;
        assert!(waits.is_none(), "the /48 has 96");
        drop(held);
    }
}
