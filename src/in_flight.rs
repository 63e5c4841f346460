//! The requests in flight: one record for each, from its arrival until its response leaves.
//!
//! The record has the method, the path, the client's address, its IDs and the deadline. Rocket runs each
//! request in a task of its own. So the record is looked up by task ID, and callers pass nothing on
//! ([`PerTask`]). Work without a request has no record: a command in the terminal, or a stream after its
//! response.
//!
//! Each wait for MongoDB has a limit of its own (`db.rs`). But a request waits several times, and a slow
//! database could use up every limit. So the request has a deadline as well.

mod per_task;

use std::net::{IpAddr, Ipv4Addr};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rocket::Request;
use rocket::fairing::AdHoc;
use rocket::http::{Method, Status};
use rocket::tokio::time::timeout;

use crate::meters::{self, Cause};
use crate::once_per_minute::OncePerMinute;
use crate::proxy::{client_address, request_id_of_proxy};
pub use per_task::PerTask;

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
    fn new(method: Method, path: &str) -> Self {
        let begun = Instant::now();
        Self {
            // 72 bits.
            id: URL_SAFE_NO_PAD.encode(rand::random::<[u8; 9]>()),
            id_of_proxy: None,
            begun,
            method,
            path: path.chars().take(LONGEST_PATH).collect(),
            address: Ipv4Addr::UNSPECIFIED.into(),
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
                ..InFlight::new(request.method(), path)
            });
            // Afterwards, because it may write a warning, which needs the ID.
            let address = client_address(request);
            REQUESTS.with(|request| request.address = address);
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
    static LIMIT: OncePerMinute = OncePerMinute::new();
    let InFlight { method, path, cause, .. } = request;
    meters::responded(*method, path, status, request.begun.elapsed(), *cause);
    // A guard that fails writes no line.
    if status == Status::ServiceUnavailable && LIMIT.is_due() {
        let request = request.request_id();
        tracing::warn!(%request, "{method} {path} is a 503: {cause}. This line is written once a minute");
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

/// The address of this task's request, or `console` for a command. Notes that there is an audit line.
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

#[cfg(test)]
mod tests {
    use rocket::tokio::time::sleep;
    use rocket::tokio::{join, spawn};

    use super::*;

    fn begin() {
        REQUESTS.insert(InFlight::new(Method::Get, "/"));
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
}
