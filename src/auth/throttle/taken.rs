//! Attempts that were counted: how they are given back, also behind a request that has ended.

use std::sync::Arc;
use std::time::Duration;

use rocket::tokio::runtime::Handle;
use rocket::tokio::sync::Semaphore;
use rocket::tokio::time::sleep;

use super::Counters;

/// Attempts that were counted. Given back when dropped, unless they were wrong guesses
/// ([`Taken::keep`]): also when the request has no time left, or is cut off.
#[derive(Default)]
pub struct Taken {
    keys: Vec<String>,
    /// `None` for attempts that are not counted.
    counters: Option<(Arc<dyn Counters>, Arc<Semaphore>)>,
}

impl Taken {
    pub(super) fn none(counters: Arc<dyn Counters>, late: Arc<Semaphore>) -> Self {
        Self { keys: vec![], counters: Some((counters, late)) }
    }

    pub(super) fn add(&mut self, key: String) {
        self.keys.push(key);
    }

    /// They stay counted.
    pub fn keep(mut self) {
        self.keys.clear();
    }

    /// Takes them back now. What fails is tried again behind the request.
    pub async fn give_back(mut self) {
        if let Some((counters, _)) = &self.counters
            && !self.keys.is_empty()
            && counters.give_back(&self.keys).await.is_ok()
        {
            self.keys.clear();
        }
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        let keys = std::mem::take(&mut self.keys);
        let Some((counters, late)) = self.counters.take().filter(|_| !keys.is_empty()) else {
            return;
        };
        match (Handle::try_current(), late.try_acquire_owned()) {
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
pub(super) const MAX_LATE: usize = 256;
