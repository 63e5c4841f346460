//! The threads that hash passwords: as many as there are cores, each with its own memory.
//!
//! Hashing takes 15 ms of a core and 19 MiB on purpose. On the async workers it would stop every
//! other request; through `spawn_blocking` a storm of logins takes gigabytes. Here memory stays at
//! cores × 19 MiB. A caller holds a [`QueueSlot`] of `queue.rs`, so that few enough wait here.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rocket::tokio::sync::oneshot;

use super::password::{Memory, Password, PasswordHash, describe, hash, matches};
use super::queue::QueueSlot;
use super::users::StoredPassword;
use crate::db::Unavailable;
use crate::in_flight::{left, within};
use crate::trace::{self, Step};

/// How long a hash may be waited for, on a machine that is slower or busy with other things.
const TIMEOUT: Duration = Duration::from_secs(2);

/// What a login still needs after its hash, to store what came of it. With less time left it gives
/// up, and the thread hashes for the next one: it would have answered 503 all the same.
const NEEDED_AFTERWARDS: Duration = Duration::from_millis(200);

/// How far below the async workers the threads run (nice(2)): a page goes before a hash.
#[cfg(target_os = "linux")]
const NICENESS: i32 = 10;

/// So long after the last of a row of logins, the memory for hashing goes back to the system.
const REST: Duration = Duration::from_secs(10);

type Work = Box<dyn FnOnce(&mut Memory) + Send>;

/// Hashes and verifies passwords off the async workers.
pub struct Hasher {
    waiting: Sender<Work>,
    /// What an unknown user's password is compared with, so that the answer takes as long as for a
    /// known one (OWASP ASVS 6.3.8). No one knows the password to it.
    dummy: PasswordHash,
}

impl Hasher {
    /// Starts the threads. They end when the `Hasher` is dropped.
    ///
    /// # Errors
    /// No thread could be started, or the system gives no randomness.
    pub fn start() -> Result<Self, Unavailable> {
        let (waiting, work) = channel();
        let line = Arc::new(Line { work: Mutex::new(work), spare: Mutex::default() });
        let cores = thread::available_parallelism().map_or(1, usize::from);
        for number in 0..cores {
            let line = line.clone();
            thread::Builder::new()
                .name(format!("password-{number}"))
                .spawn(move || run(&line))
                .map_err(Unavailable::new)?;
        }
        let unknown = Password::typed(rocket_express_session::SessionId::generate().as_str());
        let dummy = unknown.and_then(|password| hash(&password, &mut Memory::new()));
        let dummy = dummy.ok_or_else(|| Unavailable::new("Argon2 does not work here"))?;
        Ok(Self { waiting, dummy })
    }

    /// The hash of a new password.
    ///
    /// # Errors
    /// It takes too long.
    pub async fn hash(
        &self,
        _slot: &QueueSlot,
        password: Password,
    ) -> Result<PasswordHash, Unavailable> {
        let (hash, took) = self.queue(move |memory| timed(|| hash(&password, memory))).await?;
        trace::note(|| Step::Hashed { algorithm: describe(), took });
        hash.ok_or_else(|| Unavailable::new("Argon2 refused to hash"))
    }

    /// Whether `password` is what was stored. With nothing stored, or nothing that can be checked,
    /// it takes as long, and says no.
    ///
    /// # Errors
    /// It takes too long.
    pub async fn verify(
        &self,
        _slot: &QueueSlot,
        password: Password,
        stored: Option<StoredPassword>,
    ) -> Result<bool, Unavailable> {
        let dummy = self.dummy.clone();
        let check = move |password: &Password, memory: &mut Memory| {
            let checked = match &stored {
                Some(StoredPassword::Argon2(hash)) => matches(password, hash, memory),
                Some(StoredPassword::Legacy(hash)) => hash.matches(password),
                None => None,
            };
            checked.unwrap_or_else(|| {
                matches(password, &dummy, memory);
                false
            })
        };
        // One job for all forms: as many hashes for an unknown name as for a wrong password.
        let work = move |memory: &mut Memory| password.forms().any(|form| check(&form, memory));
        let (right, took) = self.queue(move |memory| timed(|| work(memory))).await?;
        trace::note(|| Step::Verified { right, took });
        Ok(right)
    }

    async fn queue<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Memory) -> T + Send + 'static,
    ) -> Result<T, Unavailable> {
        let (reply, answer) = oneshot::channel();
        let give_up = Instant::now() + left(TIMEOUT).saturating_sub(NEEDED_AFTERWARDS);
        let work: Work = Box::new(move |memory| {
            if !reply.is_closed() && Instant::now() < give_up {
                drop(reply.send(work(memory)));
            }
        });
        self.waiting.send(work).map_err(|_| Unavailable::new("the password threads are gone"))?;
        match within(TIMEOUT, answer).await {
            Some(Ok(answer)) => Ok(answer),
            Some(Err(_)) => Err(Unavailable::new("a password could not be hashed")),
            None => Err(Unavailable::new("too many passwords are being hashed")),
        }
    }
}

/// The result, and how long it took.
fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let begun = Instant::now();
    let result = work();
    (result, begun.elapsed())
}

/// What the threads share.
struct Line {
    work: Mutex<Receiver<Work>>,
    /// Memory that no thread is using now.
    spare: Mutex<Vec<Memory>>,
}

impl Line {
    /// The next in the line; `None` when the `Hasher` is gone.
    fn next(&self) -> Option<Work> {
        let work = self.work.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            match work.recv_timeout(REST) {
                Ok(next) => return Some(next),
                Err(RecvTimeoutError::Timeout) => self.spare().clear(),
                Err(RecvTimeoutError::Disconnected) => return None,
            }
        }
    }

    fn spare(&self) -> MutexGuard<'_, Vec<Memory>> {
        self.spare.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn run(line: &Line) {
    // For one thread only on Linux; elsewhere it would slow the whole process down.
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::nice(NICENESS) {
        log::warn!("the password threads run at full priority: {error}");
    }
    while let Some(next) = line.next() {
        let spare = line.spare().pop();
        let mut memory = spare.unwrap_or_else(Memory::new);
        // One bad hash must not take the thread, and with it half of all logins.
        if catch_unwind(AssertUnwindSafe(|| next(&mut memory))).is_err() {
            log::error!("a password thread panicked, and goes on");
        }
        line.spare().push(memory);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(text: &str) -> Password {
        Password::typed(text).unwrap()
    }

    #[rocket::async_test]
    async fn forty_at_once_are_all_answered() {
        let hasher = Hasher::start().unwrap();
        let stored =
            hasher.hash(&QueueSlot::of_a_command(), typed("right password")).await.unwrap();
        let stored = StoredPassword::Argon2(stored);
        let verify = async |n: usize| {
            let password = if n.is_multiple_of(2) { "right password" } else { "wrong password" };
            hasher.verify(&QueueSlot::of_a_command(), typed(password), Some(stored.clone())).await
        };
        let answers = rocket::futures::future::join_all((0..40).map(verify)).await;
        for (n, answer) in answers.into_iter().enumerate() {
            assert_eq!(answer.unwrap(), n.is_multiple_of(2));
        }
    }

    #[rocket::async_test]
    async fn with_nothing_stored_the_answer_is_no() {
        let hasher = Hasher::start().unwrap();
        assert!(!hasher.verify(&QueueSlot::of_a_command(), typed("anything"), None).await.unwrap());
    }

    #[rocket::async_test]
    async fn a_hash_of_the_text_as_typed_is_found_and_an_unknown_name_costs_as_much() {
        let (hasher, nfd) = (Hasher::start().unwrap(), "Zoe\u{308} hangs up a coat");
        let slot = QueueSlot::of_a_command();
        let as_typed = typed(nfd).forms().last().unwrap();
        for new in [as_typed, typed(nfd)] {
            let stored = StoredPassword::Argon2(hasher.hash(&slot, new).await.unwrap());
            assert!(hasher.verify(&slot, typed(nfd), Some(stored)).await.unwrap());
        }
        let shortest = async |text: &str| {
            let mut times = vec![];
            for _ in 0..8 {
                let started = Instant::now();
                assert!(!hasher.verify(&slot, typed(text), None).await.unwrap());
                times.push(started.elapsed());
            }
            times.into_iter().min().unwrap()
        };
        // Twice as long; a machine that is busy with other things gets some more tries.
        for _ in 0..5 {
            let (two_forms, one_form) =
                (shortest(nfd).await, shortest("Zoe hangs up a coat").await);
            if two_forms * 2 > one_form * 3 {
                return;
            }
        }
        panic!("an unknown name takes less time than a wrong password");
    }

    #[rocket::async_test]
    async fn a_panic_takes_no_thread_with_it() {
        let hasher = Hasher::start().unwrap();
        for _ in 0..20 {
            assert!(hasher.queue(|_| -> () { panic!("a bad hash") }).await.is_err());
        }
        assert!(hasher.hash(&QueueSlot::of_a_command(), typed("still there")).await.is_ok());
    }
}
