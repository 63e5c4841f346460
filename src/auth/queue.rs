//! Who may have a password hashed next: a queue with few slots for each account and each address.
//!
//! Hashing is slow on purpose, so logins compete for it. One client that logs in to one account a
//! thousand times must not keep the others out, even with the right password. A login therefore
//! holds a slot of its account, a slot of its address and one of all slots, before MongoDB is asked
//! anything (`strategy.rs`, `account.rs`). `hasher.rs` hashes only for those who hold a slot.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher as _;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rocket::tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::throttle::network;
use crate::db::Unavailable;
use crate::deadline::within;

/// Logins at work in all: at 15 ms on two cores, the last of them waits one second. The next one is
/// refused at once.
pub const MAX_SLOTS: usize = 128;

/// The longest that a login waits for a slot of its account or address.
const TIMEOUT: Duration = Duration::from_secs(2);

/// What a login competes for. The key of a limit is a hash: a name can be of any length.
#[derive(Clone, Copy, Debug)]
pub enum Claim<'a> {
    /// The account of this name, there or not.
    Account(&'a str),
    /// This address; IPv6 counts by /64.
    Address(IpAddr),
}

impl Claim<'_> {
    /// How many may be at work, and how many more may wait for that.
    fn limits(self) -> (usize, usize) {
        match self {
            // A person needs one. A class that logs in to one account at once waits its turn.
            Self::Account(_) => (4, 60),
            // A class of forty behind one address is in within half a second.
            Self::Address(_) => (32, 96),
        }
    }
}

/// The slots of this process.
pub struct Queue {
    all: Arc<Semaphore>,
    claimed: Arc<Mutex<HashMap<u64, Claimed>>>,
    hash: RandomState,
}

/// The slots of one account or address, for as long as a login is there.
struct Claimed {
    slots: Arc<Semaphore>,
    present: usize,
}

/// The right to have passwords hashed; given back when dropped.
pub struct Slot {
    _all: Option<OwnedSemaphorePermit>,
    _claims: Vec<(OwnedSemaphorePermit, Present)>,
}

/// Counts a login at an account or address until it is dropped.
struct Present {
    claimed: Arc<Mutex<HashMap<u64, Claimed>>>,
    key: u64,
}

fn busy() -> Unavailable {
    Unavailable::new("too many logins at once")
}

/// With all slots free.
impl Default for Queue {
    fn default() -> Self {
        Self {
            all: Arc::new(Semaphore::new(MAX_SLOTS)),
            claimed: Arc::default(),
            hash: RandomState::new(),
        }
    }
}

impl Queue {
    /// Waits for a slot of each claim, in this order, and then takes one of all slots.
    ///
    /// # Errors
    /// Too many logins are there already, of one of the claims or in all.
    pub async fn enter(&self, claims: &[Claim<'_>]) -> Result<Slot, Unavailable> {
        let mut held = vec![];
        for claim in claims {
            let (slots, present) = self.claim(*claim).ok_or_else(busy)?;
            let permit = within(TIMEOUT, slots.acquire_owned()).await.ok_or_else(busy)?;
            held.push((permit.map_err(|_| busy())?, present));
        }
        let all = self.all.clone().try_acquire_owned().map_err(|_| busy())?;
        Ok(Slot { _all: Some(all), _claims: held })
    }

    /// `None` when as many are there as may be.
    fn claim(&self, claim: Claim<'_>) -> Option<(Arc<Semaphore>, Present)> {
        let (at_work, waiting) = claim.limits();
        let key = match claim {
            Claim::Account(name) => self.hash.hash_one(("account", name)),
            Claim::Address(address) => self.hash.hash_one(("address", network(address))),
        };
        let mut all = locked(&self.claimed);
        let claimed = all
            .entry(key)
            .or_insert_with(|| Claimed { slots: Arc::new(Semaphore::new(at_work)), present: 0 });
        if claimed.present >= at_work + waiting {
            return None;
        }
        claimed.present += 1;
        Some((claimed.slots.clone(), Present { claimed: self.claimed.clone(), key }))
    }
}

impl Slot {
    /// For a command on the machine itself, which competes with no visitor.
    pub fn of_a_command() -> Self {
        Self { _all: None, _claims: vec![] }
    }
}

impl Drop for Present {
    fn drop(&mut self) {
        let mut all = locked(&self.claimed);
        if let Some(claimed) = all.get_mut(&self.key) {
            claimed.present -= 1;
            if claimed.present == 0 {
                all.remove(&self.key);
            }
        }
    }
}

fn locked(all: &Mutex<HashMap<u64, Claimed>>) -> MutexGuard<'_, HashMap<u64, Claimed>> {
    all.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rocket::futures::FutureExt as _;

    fn address(number: u8) -> IpAddr {
        IpAddr::from([203, 0, 113, number])
    }

    #[rocket::async_test]
    async fn of_all_accounts_together_the_excess_is_refused_at_once() {
        let queue = Queue::default();
        let mut slots = vec![];
        for number in 0..MAX_SLOTS {
            slots.push(queue.enter(&[Claim::Account(&number.to_string())]).await.unwrap());
        }
        assert!(queue.enter(&[Claim::Account("one more")]).await.is_err());
        slots.pop();
        assert!(queue.enter(&[Claim::Account("one more")]).await.is_ok());
    }

    #[rocket::async_test]
    async fn one_account_has_few_slots_and_leaves_the_rest_to_others() {
        let queue = Queue::default();
        let rosa = [Claim::Account("rosa"), Claim::Address(address(1))];
        let mut waiting: Vec<_> = (0..100).map(|_| Box::pin(queue.enter(&rosa))).collect();
        let entered: Vec<_> = waiting.iter_mut().map(|enter| enter.now_or_never()).collect();
        let at_work = entered.iter().flatten().filter(|entered| entered.is_ok()).count();
        let refused = entered.iter().flatten().filter(|entered| entered.is_err()).count();
        assert_eq!((at_work, refused), (4, 36), "and 60 wait");
        let vera = [Claim::Account("vera"), Claim::Address(address(1))];
        assert!(queue.enter(&vera).now_or_never().unwrap().is_ok(), "from the same address");
        drop(entered);
        let next = waiting[4].as_mut().now_or_never();
        assert!(next.unwrap().is_ok(), "first come, first served");
    }

    #[rocket::async_test]
    async fn forty_accounts_at_one_address_wait_their_turn_and_nothing_is_left_behind() {
        let queue = Queue::default();
        let names: Vec<String> = (0..40).map(|number| format!("seat-{number}")).collect();
        let log_in = async |name: &String| {
            let claims = [Claim::Account(name), Claim::Address(address(1))];
            let slot = queue.enter(&claims).await;
            rocket::tokio::task::yield_now().await;
            slot.is_ok()
        };
        let all = rocket::futures::future::join_all(names.iter().map(log_in)).await;
        assert_eq!(all, [true; 40]);
        assert!(locked(&queue.claimed).is_empty());
    }
}
