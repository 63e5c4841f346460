//! Few slots for each key, and a bounded queue for each: what one account, one address or one
//! browser asks for cannot take all that there is.
//!
//! Used in front of what is slow on purpose (`auth/queue.rs`) and what is heavy (`web/heavy.rs`).

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher as _, Hash};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rocket::tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::deadline::within;

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

#[cfg(test)]
mod tests {
    use super::*;
    use rocket::futures::FutureExt as _;

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
}
