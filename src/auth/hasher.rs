//! The threads that hash passwords: as many as there are cores, each with its own memory.
//!
//! Hashing takes 15 ms of a core and 19 MiB on purpose. On the async workers it would stop every other
//! request. With `spawn_blocking`, a burst of logins takes gigabytes. Here memory stays at cores × 19 MiB. A
//! caller holds a [`QueueSlot`], so the number of waiting jobs has a limit.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rocket::tokio::sync::oneshot;

use super::password::{Buffer, Password, PasswordHash, describe, hash, matches};
use super::queue::QueueSlot;
use super::users::StoredPassword;
use crate::db::Unavailable;
use crate::in_flight::{left, note_cause, within};
use crate::meters::Cause;
use crate::trace::{self, Step};

/// The longest wait for a hash, for a machine that is slow or busy with other work.
const TIMEOUT: Duration = Duration::from_secs(2);

/// The time that a login needs after its hash, to store the result. A job whose request has less time left is
/// skipped: the response would be a 503 anyway.
const TIME_AFTER_HASH: Duration = Duration::from_millis(200);

/// The threads' nice value (nice(2)). They run below the async workers: a page goes before a hash.
#[cfg(target_os = "linux")]
const NICENESS: i32 = 10;

/// After this time without a job, the memory for hashing goes back to the system.
const IDLE_RELEASE: Duration = Duration::from_secs(10);

type Job = Box<dyn FnOnce(&mut Buffer) + Send>;

/// Hashes and verifies passwords off the async workers.
pub struct Hasher {
    jobs: Sender<Job>,
    /// The hash for the password of an unknown user, so that the check takes as long as for a known one
    /// (OWASP ASVS 6.3.8). It is the hash of random text.
    dummy: PasswordHash,
}

impl Hasher {
    /// Starts the threads. They end when the `Hasher` is dropped.
    ///
    /// # Errors
    /// No thread could be started, or the system gives no randomness.
    pub fn start() -> Result<Self, Unavailable> {
        let (jobs, received) = channel();
        let queue =
            Arc::new(JobQueue { jobs: Mutex::new(received), free_buffers: Mutex::default() });
        let cores = thread::available_parallelism().map_or(1, usize::from);
        for number in 0..cores {
            let queue = queue.clone();
            thread::Builder::new()
                .name(format!("password-{number}"))
                .spawn(move || run_jobs(&queue))
                .map_err(Unavailable::new)?;
        }
        let unknown = Password::typed(rocket_express_session::SessionId::generate().as_str());
        let dummy = unknown.and_then(|password| hash(&password, &mut Buffer::new()));
        let dummy = dummy.ok_or_else(|| Unavailable::new("Argon2 does not work here"))?;
        Ok(Self { jobs, dummy })
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
        let job = move |buffer: &mut Buffer| timed(|| hash(&password, buffer));
        let (hash, took) = self.enqueue(job).await?;
        trace::note(|| Step::Hashed { algorithm: describe(), took });
        hash.ok_or_else(|| Unavailable::new("Argon2 refused to hash"))
    }

    /// Whether `password` is the one that was stored. False when none is stored or the hash cannot be
    /// checked; this takes as long as a real check.
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
        let check = move |password: &Password, buffer: &mut Buffer| {
            let checked = match &stored {
                Some(StoredPassword::Argon2(hash)) => matches(password, hash, buffer),
                Some(StoredPassword::Legacy(hash)) => hash.matches(password),
                None => None,
            };
            checked.unwrap_or_else(|| {
                matches(password, &dummy, buffer);
                false
            })
        };
        // One job for all forms, so an unknown name costs as many hashes as a wrong password.
        let job =
            move |buffer: &mut Buffer| timed(|| password.forms().any(|form| check(&form, buffer)));
        let (right, took) = self.enqueue(job).await?;
        trace::note(|| Step::Verified { right, took });
        Ok(right)
    }

    async fn enqueue<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Buffer) -> T + Send + 'static,
    ) -> Result<T, Unavailable> {
        let (sender, result) = oneshot::channel();
        let deadline = Instant::now() + left(TIMEOUT).saturating_sub(TIME_AFTER_HASH);
        let job: Job = Box::new(move |buffer| {
            if !sender.is_closed() && Instant::now() < deadline {
                drop(sender.send(work(buffer)));
            }
        });
        self.jobs.send(job).map_err(|_| Unavailable::new("the password threads are gone"))?;
        if let Some(Ok(result)) = within(TIMEOUT, result).await {
            return Ok(result);
        }
        note_cause(Cause::Logins);
        Err(Unavailable::new("a password was not hashed in time"))
    }
}

/// The result, and how long it took.
fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let started = Instant::now();
    let result = work();
    (result, started.elapsed())
}

/// The jobs and the memory that the threads share.
struct JobQueue {
    jobs: Mutex<Receiver<Job>>,
    /// Memory that no thread is using now.
    free_buffers: Mutex<Vec<Buffer>>,
}

impl JobQueue {
    /// Waits for the next job. `None` when the `Hasher` is gone.
    fn next(&self) -> Option<Job> {
        let jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            match jobs.recv_timeout(IDLE_RELEASE) {
                Ok(job) => return Some(job),
                Err(RecvTimeoutError::Timeout) => self.free_buffers().clear(),
                Err(RecvTimeoutError::Disconnected) => return None,
            }
        }
    }

    fn free_buffers(&self) -> MutexGuard<'_, Vec<Buffer>> {
        self.free_buffers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn run_jobs(queue: &JobQueue) {
    // On Linux this is for one thread; elsewhere it would slow the whole process down.
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::nice(NICENESS) {
        tracing::warn!("the priority of a password thread could not be lowered: {error}");
    }
    while let Some(job) = queue.next() {
        let free = queue.free_buffers().pop();
        let mut buffer = free.unwrap_or_else(Buffer::new);
        // A panic in one hash must not end the thread: with two cores, that is half of all logins.
        if catch_unwind(AssertUnwindSafe(|| job(&mut buffer))).is_err() {
            tracing::error!("a password thread panicked and was kept running");
        }
        queue.free_buffers().push(buffer);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(text: &str) -> Password {
        Password::typed(text).unwrap()
    }

    #[rocket::async_test]
    async fn concurrent_checks_all_get_their_own_result() {
        let hasher = Hasher::start().unwrap();
        let stored = hasher.hash(&QueueSlot::unlimited(), typed("right password")).await.unwrap();
        let stored = StoredPassword::Argon2(stored);
        let verify = async |n: usize| {
            let password = if n.is_multiple_of(2) { "right password" } else { "wrong password" };
            hasher.verify(&QueueSlot::unlimited(), typed(password), Some(stored.clone())).await
        };
        // Few enough for the time limit of a check on a slow machine that does other work.
        let answers = rocket::futures::future::join_all((0..12).map(verify)).await;
        for (n, answer) in answers.into_iter().enumerate() {
            assert_eq!(answer.unwrap(), n.is_multiple_of(2));
        }
    }

    #[rocket::async_test]
    async fn without_a_stored_hash_no_password_is_right() {
        let hasher = Hasher::start().unwrap();
        assert!(!hasher.verify(&QueueSlot::unlimited(), typed("anything"), None).await.unwrap());
    }

    #[rocket::async_test]
    async fn a_hash_of_the_text_as_typed_is_found_and_an_unknown_name_costs_as_much() {
        let (hasher, nfd) = (Hasher::start().unwrap(), "Zoe\u{308} hangs up a coat");
        let slot = QueueSlot::unlimited();
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
        // It takes twice as long. A machine that is busy with other work gets some more attempts.
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
    async fn a_panic_ends_no_thread() {
        let hasher = Hasher::start().unwrap();
        for _ in 0..20 {
            assert!(hasher.enqueue(|_| -> () { panic!("a bad hash") }).await.is_err());
        }
        assert!(hasher.hash(&QueueSlot::unlimited(), typed("still there")).await.is_ok());
    }
}
