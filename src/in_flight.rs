//! The requests that are on their way: until when each must be answered, and what happened on its way.
//!
//! Rocket runs each request in a task of its own, and the MongoDB driver reports a command in the task that
//! sent it. So one record for each task is enough: every wait asks here how much time is left, and every step
//! is noted here, and no caller has to pass anything on. Work of no request (a command, a stream that goes on
//! behind its response) has no record.
//!
//! Each wait for MongoDB has a limit of its own (`db.rs`). But a request waits several times, and a database
//! that is slow rather than dead would let it wait each time. That is why the request has a deadline.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rocket::Request;
use rocket::fairing::AdHoc;
use rocket::tokio::task::{self, Id};
use rocket::tokio::time::timeout;

use crate::trace::{Notebook, Noted, Owner, Step};

/// A response is promised within 3 seconds; what is left is for making the page.
const TIME_OF_A_REQUEST: Duration = Duration::from_millis(2800);

/// One request.
#[derive(Default)]
struct InFlight {
    deadline: Option<Instant>,
    /// `None` where no lessons are given.
    notebook: Option<Notebook>,
}

static REQUESTS: LazyLock<Mutex<HashMap<Id, InFlight>>> = LazyLock::new(Mutex::default);

/// How many notebooks are open: at 0, a note costs one look at this counter.
static NOTEBOOKS: AtomicUsize = AtomicUsize::new(0);

fn requests() -> MutexGuard<'static, HashMap<Id, InFlight>> {
    REQUESTS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Changes the record of this task, and removes it when nothing is in it.
fn change<T>(change: impl FnOnce(&mut InFlight) -> T) -> Option<T> {
    let task = task::try_id()?;
    let mut requests = requests();
    let request = requests.entry(task).or_default();
    let changed = change(request);
    if request.deadline.is_none() && request.notebook.is_none() {
        requests.remove(&task);
    }
    Some(changed)
}

/// Attached first: the request's time begins.
pub fn arrivals() -> AdHoc {
    AdHoc::on_request("Deadlines", |_, _| Box::pin(async { begin() }))
}

/// Attached last: the response is ready. What still streams behind it may take as long as it likes.
pub fn stage() -> AdHoc {
    AdHoc::on_ignite("Deadlines", |rocket| async {
        rocket.attach(AdHoc::on_response("Deadlines", |_, _| Box::pin(async { end() })))
    })
}

fn begin() {
    change(|request| request.deadline = Some(Instant::now() + TIME_OF_A_REQUEST));
}

fn end() {
    change(|request| request.deadline = None);
}

/// Runs `work` without the request's deadline, for work whose length depends on its input. Each of its
/// waits still has a limit of its own, so it ends soon when the database is away. The request's time begins
/// again behind it.
pub async fn without_deadline<T>(work: impl Future<Output = T>) -> T {
    end();
    let done = work.await;
    begin();
    done
}

/// When the response to this request must be ready, for the session engine.
pub fn deadline(_: &Request<'_>) -> Option<Instant> {
    of_task()
}

fn of_task() -> Option<Instant> {
    let task = task::try_id()?;
    requests().get(&task)?.deadline
}

/// What the request has left of this much time.
pub fn left(limit: Duration) -> Duration {
    of_task().map_or(limit, |end| limit.min(end.saturating_duration_since(Instant::now())))
}

/// The result of `work`, or `None` when it takes longer than `limit` or than the request that waits for it
/// has left. Late work is dropped; with no time left it is not begun.
pub async fn within<T>(limit: Duration, work: impl Future<Output = T>) -> Option<T> {
    match left(limit) {
        Duration::ZERO => None,
        left => timeout(left, work).await.ok(),
    }
}

/// Opens a notebook for the request that runs in this task.
pub fn open_notebook() {
    let opened = change(|request| request.notebook.replace(Notebook::new()).is_none());
    if opened == Some(true) {
        NOTEBOOKS.fetch_add(1, Ordering::Relaxed);
    }
}

/// Takes the notebook of this task's request away.
pub fn close_notebook() -> Option<Notebook> {
    let notebook = change(|request| request.notebook.take())??;
    NOTEBOOKS.fetch_sub(1, Ordering::Relaxed);
    Some(notebook)
}

/// Does something to the notebook of this task's request, if one is open.
pub fn with_notebook(change: impl FnOnce(&mut Notebook)) {
    if NOTEBOOKS.load(Ordering::Relaxed) == 0 {
        return;
    }
    let Some(task) = task::try_id() else { return };
    if let Some(notebook) = requests().get_mut(&task).and_then(|request| request.notebook.as_mut())
    {
        change(notebook);
    }
}

/// Notes a step. It is only made when a notebook is open, and before anything is locked: to make it may
/// take a lock itself.
pub fn note(step: impl FnOnce() -> Step) {
    if NOTEBOOKS.load(Ordering::Relaxed) == 0 {
        return;
    }
    let step = step().within_bounds();
    with_notebook(|notebook| {
        let at = notebook.opened.elapsed();
        notebook.steps.add(Noted { at, step });
    });
}

/// Notes that this request is of the browser that holds the session of this ID.
pub fn own(session_id: &str) {
    with_notebook(|notebook| notebook.add_owner(Owner::of(session_id)));
}

/// Notes that this request is of a browser that is known already.
pub fn own_as(owner: Owner) {
    with_notebook(|notebook| notebook.owners = vec![owner]);
}

/// Notes which exchange led to this one, by its ID.
pub fn follow(id: &str) {
    with_notebook(|notebook| notebook.follow(id));
}

/// Notes that a login failed: its times are to be told roughly, and what was found not at all.
pub fn blur() {
    with_notebook(|notebook| notebook.blurred = true);
}

#[cfg(test)]
mod tests {
    use rocket::tokio::time::sleep;
    use rocket::tokio::{join, spawn};

    use super::*;

    async fn wait(millis: u64) -> bool {
        within(Duration::from_secs(2), sleep(Duration::from_millis(millis))).await.is_some()
    }

    #[rocket::async_test]
    async fn all_waiting_of_a_request_has_one_end() {
        let request = async {
            begin();
            let begun = Instant::now();
            let waits = [wait(200).await, wait(3000).await, wait(3000).await, wait(1).await];
            end();
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
        assert!(took >= TIME_OF_A_REQUEST && took < TIME_OF_A_REQUEST + Duration::from_millis(500));
        assert!(afterwards, "time of its own");
    }

    #[rocket::async_test]
    async fn a_task_has_a_notebook_of_its_own_while_it_is_open() {
        let noted = |user: &'static str| async move {
            note(|| Step::Login { user: "too early".to_owned() });
            open_notebook();
            task::yield_now().await;
            note(|| Step::Login { user: user.to_owned() });
            let notebook = close_notebook().unwrap();
            note(|| Step::Login { user: "too late".to_owned() });
            let steps = notebook.steps.finish();
            format!("{:?}", steps.iter().map(|noted| &noted.step).collect::<Vec<_>>())
        };
        let (one, two) = (rocket::tokio::spawn(noted("one")), rocket::tokio::spawn(noted("two")));
        assert_eq!(one.await.unwrap(), r#"[Login { user: "one" }]"#);
        assert_eq!(two.await.unwrap(), r#"[Login { user: "two" }]"#);
    }
}
