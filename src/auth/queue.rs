//! Limits of concurrent work: few slots for each key, and a bounded queue in front of them.
//!
//! No account, address or browser may use up the whole server. So [`Slots`] limit heavy pages
//! (`web/heavy.rs`) and the hashing of passwords, which is slow on purpose. A client that logs in to one
//! account a thousand times must not keep other accounts out, even with the right password. Nor may it keep
//! out the account's owner, who comes from another network or in a known browser.
//!
//! A login therefore waits for a [`QueueSlot`] before it asks MongoDB anything (`strategy.rs`, `account.rs`).
//! That is a slot of its account and network, one of each wider network, and one of all slots. `hasher.rs`
//! takes a [`QueueSlot`] as an argument, so nothing is hashed without one.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher as _, Hash};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rocket::tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::throttle::Network;
use crate::db::Unavailable;
use crate::in_flight::{note_cause, within};
use crate::meters::{Cause, QueuedLogin};

/// The longest wait for a slot. It is well below the time limit of a request, which also has to do its work.
const TIMEOUT: Duration = Duration::from_millis(1_500);

/// Slots for each key. Keys are stored as hashes, because a key can be as long as a request.
pub struct Slots {
    running: usize,
    waiting: usize,
    keys: Keys,
    hash: RandomState,
}

type Keys = Arc<Mutex<HashMap<u64, KeySlots>>>;

/// The slots of one key, for as long as a request waits for one or holds one.
struct KeySlots {
    semaphore: Arc<Semaphore>,
    requests: usize,
}

/// A slot of a key, released when dropped.
pub struct Slot {
    _permit: OwnedSemaphorePermit,
    _counted: Counted,
}

/// Counts a request for its key, until dropped.
struct Counted {
    keys: Keys,
    key: u64,
}

impl Slots {
    /// For each key, `running` requests have a slot, and `waiting` more wait for one.
    pub fn new(running: usize, waiting: usize) -> Self {
        Self { running, waiting, keys: Arc::default(), hash: RandomState::new() }
    }

    /// Waits for a slot of `key`. `None` when too many requests wait already, or the wait is too long.
    pub async fn enter(&self, key: impl Hash) -> Option<Slot> {
        let (semaphore, counted) = self.enqueue(self.hash.hash_one(key))?;
        let permit = within(TIMEOUT, semaphore.acquire_owned()).await?.ok()?;
        Some(Slot { _permit: permit, _counted: counted })
    }

    fn enqueue(&self, key: u64) -> Option<(Arc<Semaphore>, Counted)> {
        let mut keys = locked(&self.keys);
        let unused = || KeySlots { semaphore: Arc::new(Semaphore::new(self.running)), requests: 0 };
        let slots = keys.entry(key).or_insert_with(unused);
        if slots.requests >= self.running + self.waiting {
            return None;
        }
        slots.requests += 1;
        Some((slots.semaphore.clone(), Counted { keys: self.keys.clone(), key }))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let mut keys = locked(&self.keys);
        if let Some(slots) = keys.get_mut(&self.key) {
            slots.requests -= 1;
            if slots.requests == 0 {
                keys.remove(&self.key);
            }
        }
    }
}

fn locked(keys: &Keys) -> MutexGuard<'_, HashMap<u64, KeySlots>> {
    keys.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The most logins that run at once. At 15 ms each on two cores, the last of them waits one second.
const MAX_SLOTS: usize = 128;

/// The queue of all logins of this process.
pub struct Queue {
    /// Slots by account, network and device cookie.
    logins: Slots,
    /// Slots by IPv4 address or IPv6 /64, by /56, and by /48.
    networks: [Slots; 3],
    all: Slots,
}

/// The right to have passwords hashed, released when dropped.
pub struct QueueSlot {
    _slots: Vec<Slot>,
    _queued: Option<QueuedLogin>,
}

/// Too many logins are in the queue: of this account, from this network, or in all.
#[derive(Debug, thiserror::Error)]
#[error("too many logins at once")]
pub struct Busy;

impl From<Busy> for Unavailable {
    fn from(busy: Busy) -> Self {
        Self::new(busy)
    }
}

impl Default for Queue {
    fn default() -> Self {
        Self {
            // One user needs one slot. A class that logs in to one account at once has to wait.
            logins: Slots::new(4, 124),
            // A class of forty behind one address waits for a moment. Three such addresses together leave
            // a quarter of all slots free.
            networks: [Slots::new(32, 96), Slots::new(64, 128), Slots::new(96, 192)],
            all: Slots::new(MAX_SLOTS, 0),
        }
    }
}

impl Queue {
    /// Waits for a slot of `login` from this network, and for one of each network around the address. Then
    /// takes one of all slots.
    ///
    /// `login` identifies what the attempt is for: the username, which need not exist, and the device cookie.
    ///
    /// # Errors
    /// [`Busy`].
    pub async fn enter(&self, login: impl Hash, address: IpAddr) -> Result<QueueSlot, Busy> {
        let queued = QueuedLogin::new();
        let Some(slots) = self.slots(login, address).await else {
            note_cause(Cause::Logins);
            return Err(Busy);
        };
        Ok(QueueSlot { _slots: slots, _queued: Some(queued) })
    }

    async fn slots(&self, login: impl Hash, address: IpAddr) -> Option<Vec<Slot>> {
        let login = (login, Network::of(address));
        let mut slots = vec![self.logins.enter(login).await?];
        for (network, slots_of_width) in Network::around(address).zip(&self.networks) {
            slots.push(slots_of_width.enter(network).await?);
        }
        slots.push(self.all.enter(()).await?);
        Some(slots)
    }
}

impl QueueSlot {
    /// A slot outside all limits, for the command line and for seats.
    pub fn unlimited() -> Self {
        Self { _slots: vec![], _queued: None }
    }
}

#[cfg(test)]
mod tests {
    use rocket::futures::FutureExt;

    use super::*;

    #[rocket::async_test]
    async fn one_key_has_few_slots_and_the_excess_is_rejected_at_once() {
        let slots = Slots::new(4, 60);
        let mut waiting: Vec<_> = (0..100).map(|_| Box::pin(slots.enter("rosa"))).collect();
        let mut entered: Vec<_> = waiting.iter_mut().map(FutureExt::now_or_never).collect();
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
    async fn waiting_requests_get_a_slot_and_no_key_stays_in_memory() {
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
    async fn over_all_accounts_the_excess_is_rejected_at_once() {
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
    async fn a_flood_at_one_account_keeps_out_neither_other_accounts_nor_its_known_browser() {
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
