//! The requests in flight: one record for each, from its arrival until its response leaves.
//!
//! The record has the method, the path, the client's address, the log ID, the deadline and the steps. Rocket
//! runs each request in a task of its own. The MongoDB driver reports a command in the task that sent it. So
//! the record is looked up by task ID, and callers pass nothing on. Work without a request has no record: a
//! command in the terminal, or a stream after its response.
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

use super::exchange::Exchange;
use super::notebook::Notebook;
use super::recorder::BrowserKey;
use super::step::{Noted, Step};
use crate::proxy::client_address;

/// The time limit of a request. A response takes at most 3 seconds, and rendering the page needs the rest.
const REQUEST_TIMEOUT: Duration = Duration::from_millis(2800);

/// The most characters of a path in the log. Our own paths are shorter.
const LONGEST_PATH: usize = 200;

/// A request as it arrived, before a fairing changes its address.
struct InFlight {
    id: String,
    begun: Instant,
    method: Method,
    path: String,
    address: IpAddr,
    /// `None` while the request may take as long as it needs.
    deadline: Option<Instant>,
    /// Whether the log has an audit line of this request.
    is_audited: bool,
    /// `None` without `teaching`, and for requests that are not recorded.
    notebook: Option<Notebook>,
}

static REQUESTS: LazyLock<Mutex<HashMap<Id, InFlight>>> = LazyLock::new(Mutex::default);

/// The number of open notebooks. At 0, a note costs one look at this counter.
static NOTEBOOKS: AtomicUsize = AtomicUsize::new(0);

fn requests() -> MutexGuard<'static, HashMap<Id, InFlight>> {
    REQUESTS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Reads or changes the record of the request that runs in this task.
fn with<T>(change: impl FnOnce(&mut InFlight) -> T) -> Option<T> {
    let task = task::try_id()?;
    requests().get_mut(&task).map(change)
}

impl InFlight {
    fn new(method: Method, path: &str, address: IpAddr) -> Self {
        let begun = Instant::now();
        Self {
            // 72 random bits are unique, and cannot be guessed.
            id: URL_SAFE_NO_PAD.encode(rand::random::<[u8; 9]>()),
            begun,
            method,
            path: path.chars().take(LONGEST_PATH).collect(),
            address,
            deadline: Some(begun + REQUEST_TIMEOUT),
            is_audited: false,
            notebook: None,
        }
    }
}

/// Records the arrival of each request, and comes before all other fairings. With `teaching`, it opens the
/// notebook.
pub fn arrivals(teaching: bool) -> AdHoc {
    AdHoc::on_request("Arrivals", move |request, _| {
        Box::pin(async move {
            let path = request.uri().path().as_str();
            let mut record = InFlight::new(request.method(), path, client_address(request));
            record.notebook = teaching.then(|| Notebook::of(request)).flatten();
            begin(record);
        })
    })
}

/// Ends the record when the response is ready, and writes the request line into the log. It comes after all
/// other fairings. A stream after the response has no deadline.
pub fn departures() -> AdHoc {
    AdHoc::on_ignite("Departures", |rocket| async {
        rocket.attach(AdHoc::on_response("Departures", |_, response| {
            Box::pin(async move { log_line(response.status()) })
        }))
    })
}

fn begin(record: InFlight) {
    let Some(task) = task::try_id() else { return };
    if record.notebook.is_some() {
        NOTEBOOKS.fetch_add(1, Ordering::Relaxed);
    }
    requests().insert(task, record);
}

fn end() -> Option<InFlight> {
    close_notebook();
    requests().remove(&task::try_id()?)
}

fn log_line(status: Status) {
    let Some(InFlight { id, begun, method, path, address, .. }) = end() else { return };
    let (status, ms) = (status.code, begun.elapsed().as_millis());
    log::info!(target: "request", "{method} {path} {status} {ms} ms address={address} request={id}");
}

/// The ID of this task's request in the log. `-` for other work.
pub fn request_id() -> String {
    with(|request| request.id.clone()).unwrap_or_else(|| "-".to_owned())
}

/// The end of an audit line: the address and the ID of this task's request. Notes that the request has an
/// audit line.
pub fn audit_fields() -> String {
    let of_request = with(|request| {
        request.is_audited = true;
        format!("address={} request={}", request.address, request.id)
    });
    of_request.unwrap_or_else(|| "address=console request=-".to_owned())
}

/// Whether the log has an audit line of this task's request.
pub fn is_audited() -> bool {
    with(|request| request.is_audited).unwrap_or(false)
}

/// Runs `work` without the request's deadline, for work whose length depends on its input. Each of its waits
/// still has a limit, so it ends soon when the database is down. Afterwards, the request has a new deadline.
pub async fn without_deadline<T>(work: impl Future<Output = T>) -> T {
    with(|request| request.deadline = None);
    let done = work.await;
    with(|request| request.deadline = Some(Instant::now() + REQUEST_TIMEOUT));
    done
}

/// The deadline of this request, for the session engine.
pub fn deadline(_: &Request<'_>) -> Option<Instant> {
    of_task()
}

fn of_task() -> Option<Instant> {
    with(|request| request.deadline).flatten()
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

/// Closes the notebook of this task's request, and returns it.
pub fn close_notebook() -> Option<Notebook> {
    let notebook = with(|request| request.notebook.take()).flatten()?;
    NOTEBOOKS.fetch_sub(1, Ordering::Relaxed);
    Some(notebook)
}

/// The exchange of this task's request as it is so far, with the status 200 and without cookies set. The
/// notebook stays open.
pub fn so_far() -> Option<Exchange> {
    let (id, notebook) = with(|request| Some((request.id.clone(), request.notebook.clone()?)))??;
    Some(notebook.into_exchange(id))
}

/// Changes the notebook of this task's request, if one is open.
pub fn with_notebook(change: impl FnOnce(&mut Notebook)) {
    if NOTEBOOKS.load(Ordering::Relaxed) == 0 {
        return;
    }
    with(|request| request.notebook.as_mut().map(change));
}

/// Notes a step, if a notebook is open. `step` is called before the record is locked, because it may take a
/// lock itself.
pub fn note(step: impl FnOnce() -> Step) {
    if NOTEBOOKS.load(Ordering::Relaxed) == 0 {
        return;
    }
    let step = step().within_bounds();
    with_notebook(|notebook| {
        let elapsed = notebook.begun.elapsed();
        notebook.steps.add(Noted { elapsed, step });
    });
}

/// Notes that this request belongs to the browser with the session of this ID.
pub fn assign_to_session(session_id: &str) {
    with_notebook(|notebook| notebook.add_owner(BrowserKey::of_session(session_id)));
}

/// Notes that this request belongs to this browser and to no other.
pub fn assign_to(browser: BrowserKey) {
    with_notebook(|notebook| notebook.owners = vec![browser]);
}

/// Notes which exchange led to this one, by its ID.
pub fn link_to(id: &str) {
    with_notebook(|notebook| notebook.link_to(id));
}

/// Notes that a login failed. The X-ray then shows coarse times, and no counts of MongoDB's replies.
pub fn coarsen_times() {
    with_notebook(|notebook| notebook.blurred = true);
}

#[cfg(test)]
mod tests {
    use rocket::tokio::time::sleep;
    use rocket::tokio::{join, spawn};

    use super::*;

    fn record(notebook: Option<Notebook>) -> InFlight {
        InFlight { notebook, ..InFlight::new(Method::Get, "/", [127, 0, 0, 1].into()) }
    }

    async fn wait(millis: u64) -> bool {
        within(Duration::from_secs(2), sleep(Duration::from_millis(millis))).await.is_some()
    }

    #[rocket::async_test]
    async fn all_waiting_of_a_request_has_one_end() {
        let request = async {
            begin(record(None));
            let begun = Instant::now();
            let waits = [wait(200).await, wait(3000).await, wait(3000).await, wait(1).await];
            drop(end());
            (waits, begun.elapsed(), wait(1).await)
        };
        let patient = async {
            begin(record(None));
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
    async fn a_task_has_a_notebook_of_its_own_while_it_is_open() {
        let noted = |user: &'static str| async move {
            note(|| Step::Login { user: "too early".to_owned() });
            begin(record(Some(Notebook::default())));
            task::yield_now().await;
            note(|| Step::Login { user: user.to_owned() });
            assert_eq!(so_far().unwrap().user.as_deref(), Some(user));
            let notebook = close_notebook().unwrap();
            assert!(so_far().is_none(), "the notebook is closed");
            note(|| Step::Login { user: "too late".to_owned() });
            let steps = notebook.steps.finish();
            format!("{:?}", steps.iter().map(|noted| &noted.step).collect::<Vec<_>>())
        };
        let (one, two) = (rocket::tokio::spawn(noted("one")), rocket::tokio::spawn(noted("two")));
        assert_eq!(one.await.unwrap(), r#"[Login { user: "one" }]"#);
        assert_eq!(two.await.unwrap(), r#"[Login { user: "two" }]"#);
    }
}
