//! A value for each request in flight, found by the task that runs the request.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use rocket::tokio::task::{self, Id};

/// A value for each request in flight, by the task that runs the request.
pub struct PerTask<T> {
    values: LazyLock<Mutex<HashMap<Id, T>>>,
    /// How many there are. Where there is none, asking for one costs a look at this number.
    count: AtomicUsize,
}

impl<T> PerTask<T> {
    /// No values yet.
    #[expect(clippy::new_without_default, reason = "it is for statics")]
    pub const fn new() -> Self {
        Self { values: LazyLock::new(Mutex::default), count: AtomicUsize::new(0) }
    }

    /// Whether no task has a value.
    pub fn is_empty(&self) -> bool {
        self.count.load(Ordering::Relaxed) == 0
    }

    /// Gives this task a value.
    pub fn insert(&self, value: T) {
        if let Some(task) = task::try_id() {
            self.change(|values| values.insert(task, value));
        }
    }

    /// Takes the value of this task away.
    pub fn remove(&self) -> Option<T> {
        let task = task::try_id()?;
        self.change(|values| values.remove(&task))
    }

    /// Reads or changes the value of this task.
    pub fn with<R>(&self, change: impl FnOnce(&mut T) -> R) -> Option<R> {
        if self.is_empty() {
            return None;
        }
        let task = task::try_id()?;
        self.values().get_mut(&task).map(change)
    }

    fn change<R>(&self, change: impl FnOnce(&mut HashMap<Id, T>) -> R) -> R {
        let mut values = self.values();
        let changed = change(&mut values);
        self.count.store(values.len(), Ordering::Relaxed);
        changed
    }

    fn values(&self) -> MutexGuard<'_, HashMap<Id, T>> {
        self.values.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use rocket::tokio::{join, spawn};

    use super::*;

    #[rocket::async_test]
    async fn a_task_has_a_value_of_its_own_from_insert_to_remove() {
        static VALUES: PerTask<String> = PerTask::new();
        let add = |text: &'static str| VALUES.with(|value| value.push_str(text)).is_some();
        let task = move |text: &'static str| async move {
            assert!(!add("too early"));
            VALUES.insert(String::new());
            task::yield_now().await;
            assert!(add(text) && !VALUES.is_empty());
            let value = VALUES.remove();
            assert!(!add("too late"));
            value
        };
        let (one, two) = join!(spawn(task("one")), spawn(task("two")));
        assert_eq!([one.unwrap(), two.unwrap()], ["one", "two"].map(|text| Some(text.to_owned())));
        assert!(VALUES.is_empty());
    }
}
