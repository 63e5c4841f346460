//! The requests in flight: one record for each, from its arrival until its response leaves.
//!
//! The record has the method, the path, the client's address, its IDs and the deadline. Rocket runs each
//! request in a task of its own. So the record is looked up by task ID, and callers pass nothing on
//! ([`PerTask`]). Work without a request has no record: a command in the terminal, or a stream after its
//! response.
//!
//! Each wait for MongoDB has a limit of its own (`db.rs`). But a request waits several times, and a slow
//! database could use up every limit. So the request has a deadline as well.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rocket::Request;
use rocket::fairing::AdHoc;
use rocket::http::{Method, Status};
use rocket::tokio::task::{self, Id};
use rocket::tokio::time::timeout;

use crate::meters::{self, Cause};
use crate::proxy::{client_address, request_id_of_proxy};

/// The time limit of a request. A response takes at most 3 seconds, and rendering the page needs the rest.
const REQUEST_TIMEOUT: Duration = Duration::from_millis(2800);

/// The most characters of a path in the log. Our own paths are shorter.
const LONGEST_PATH: usize = 200;

/// A request as it arrived, before a fairing changes its address.
struct InFlight {
    /// Random and unique. The client cannot choose it.
    id: String,
    /// The ID in the log of a proxy, if the proxy has sent one.
    id_of_proxy: Option<String>,
    begun: Instant,
    method: Method,
    path: String,
    address: IpAddr,
    /// `None` while the request may take as long as it needs.
    deadline: Option<Instant>,
    /// Whether the log has an audit line of this request.
    is_audited: bool,
    /// Why the response is a 503, if it is one.
    cause: Cause,
}

static REQUESTS: PerTask<InFlight> = PerTask::new();

impl InFlight {
    fn new(method: Method, path: &str, address: IpAddr) -> Self {
        let begun = Instant::now();
        Self {
            // 72 random bits are unique, and cannot be guessed.
            id: URL_SAFE_NO_PAD.encode(rand::random::<[u8; 9]>()),
            id_of_proxy: None,
            begun,
            method,
            path: path.chars().take(LONGEST_PATH).collect(),
            address,
            deadline: Some(begun + REQUEST_TIMEOUT),
            is_audited: false,
            cause: Cause::Database,
        }
    }

    /// The ID in the log: that of the proxy, so that both logs have the same one.
    fn request_id(&self) -> &str {
        self.id_of_proxy.as_deref().unwrap_or(&self.id)
    }
}

/// Records the arrival of each request, and comes before all other fairings.
pub fn arrivals() -> AdHoc {
    AdHoc::on_request("Arrivals", |request, _| {
        Box::pin(async move {
            let path = request.uri().path().as_str();
            REQUESTS.insert(InFlight {
                id_of_proxy: request_id_of_proxy(request),
                ..InFlight::new(request.method(), path, client_address(request))
            });
        })
    })
}

/// The response header with the ID of the request in the log.
const REQUEST_ID: &str = "X-Request-Id";

/// Ends the record when the response is ready, sends its ID, and writes the request line into the log. It
/// comes after all other fairings. A stream after the response has no deadline.
pub fn departures() -> AdHoc {
    AdHoc::on_ignite("Departures", |rocket| async {
        rocket.attach(AdHoc::on_response("Departures", |_, response| {
            Box::pin(async move {
                let Some(request) = REQUESTS.remove() else { return };
                response.set_raw_header(REQUEST_ID, request.request_id().to_owned());
                log_line(&request, response.status());
                count(&request, response.status());
            })
        }))
    })
}

fn log_line(request: &InFlight, status: Status) {
    let InFlight { begun, method, path, address, .. } = request;
    let (status, ms) = (status.code, begun.elapsed().as_secs_f64() * 1000.0);
    // Tenths of a millisecond.
    let ms = (ms * 10.0).round() / 10.0;
    let request = request.request_id();
    tracing::info!(target: "request", %method, %path, status, ms, %address, %request);
}

fn count(request: &InFlight, status: Status) {
    meters::responded(request.method, &request.path, status, request.begun.elapsed());
    if status == Status::ServiceUnavailable {
        meters::unavailable(request.cause);
    }
}

/// Notes why this task's request will get a 503. Otherwise, the cause is [`Cause::Database`].
pub fn note_cause(cause: Cause) {
    REQUESTS.with(|request| request.cause = cause);
}

/// The ID of this task's request in the log. `None` for other work.
pub fn request_id() -> Option<String> {
    REQUESTS.with(|request| request.request_id().to_owned())
}

/// The ID of this task's request that no client can have chosen. `-` for other work.
pub fn own_id() -> String {
    REQUESTS.with(|request| request.id.clone()).unwrap_or_else(|| "-".to_owned())
}

/// The address of this task's request, or `console` for a command in the terminal. Notes that the request has
/// an audit line.
pub fn audited_address() -> String {
    let of_request = REQUESTS.with(|request| {
        request.is_audited = true;
        request.address.to_string()
    });
    of_request.unwrap_or_else(|| "console".to_owned())
}

/// Whether the log has an audit line of this task's request.
pub fn is_audited() -> bool {
    REQUESTS.with(|request| request.is_audited).unwrap_or(false)
}

/// Runs `work` without the request's deadline, for work whose length depends on its input. Each of its waits
/// still has a limit, so it ends soon when the database is down. Afterwards, the request has a new deadline.
pub async fn without_deadline<T>(work: impl Future<Output = T>) -> T {
    REQUESTS.with(|request| request.deadline = None);
    let done = work.await;
    REQUESTS.with(|request| request.deadline = Some(Instant::now() + REQUEST_TIMEOUT));
    done
}

/// The deadline of this request, for the session engine.
pub fn deadline(_: &Request<'_>) -> Option<Instant> {
    of_task()
}

fn of_task() -> Option<Instant> {
    REQUESTS.with(|request| request.deadline).flatten()
}

/// The time that the request has left, and at most `limit`.
pub fn left(limit: Duration) -> Duration {
    of_task().map_or(limit, |end| limit.min(end.saturating_duration_since(Instant::now())))
}

/// Runs `work` for at most `limit`, and at most until the request's deadline. `None` if that is too short.
/// Then `work` is dropped, or not even started.
pub async fn within<T>(limit: Duration, work: impl Future<Output = T>) -> Option<T> {
    match left(limit) {
        Duration::ZERO => None,
        left => timeout(left, work).await.ok(),
    }
}

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
    use rocket::tokio::time::sleep;
    use rocket::tokio::{join, spawn};

    use super::*;

    fn begin() {
        REQUESTS.insert(InFlight::new(Method::Get, "/", [127, 0, 0, 1].into()));
    }

    async fn wait(millis: u64) -> bool {
        within(Duration::from_secs(2), sleep(Duration::from_millis(millis))).await.is_some()
    }

    #[rocket::async_test]
    async fn all_waiting_of_a_request_has_one_end() {
        let request = async {
            begin();
            let begun = Instant::now();
            let waits = [wait(200).await, wait(3000).await, wait(3000).await, wait(1).await];
            drop(REQUESTS.remove());
            (waits, begun.elapsed(), wait(1).await)
        };
        let patient = async {
            begin();
            let long = without_deadline(async { [wait(1500).await, wait(1500).await] }).await;
            (long, wait(1500).await, wait(3000).await)
        };
        let (done, (long, short, late)) =
            join!(spawn(request), async { spawn(patient).await.unwrap() });
        let (waits, took, afterwards) = done.unwrap();
        assert_eq!((long, short, late), ([true, true], true, false));
        assert_eq!(waits, [true, false, false, false]);
        assert!(took >= REQUEST_TIMEOUT && took < REQUEST_TIMEOUT + Duration::from_millis(500));
        assert!(afterwards, "time of its own");
    }

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
