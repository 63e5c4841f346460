//! How long a request may take, all of its waiting together.
//!
//! Each wait for MongoDB has a limit of its own (`db.rs`), but a request waits several times, and a
//! database that is slow rather than dead would let it wait each time. So every wait asks here what
//! is left of the request's time. Rocket runs each request in a task of its own, so the task's id
//! tells whose time that is, and no room has to pass anything on. Work of no request (a command, a
//! stream that goes on behind its answer) has the limit of each wait alone.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rocket::fairing::AdHoc;
use rocket::tokio::task::{self, Id};
use rocket::tokio::time::timeout;

/// DESIGN.md promises an answer within 3 seconds; what is left is for making the page.
const OF_A_REQUEST: Duration = Duration::from_millis(2800);

static ENDS: LazyLock<Mutex<HashMap<Id, Instant>>> = LazyLock::new(Mutex::default);

fn ends() -> MutexGuard<'static, HashMap<Id, Instant>> {
    ENDS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Attached first: the request's time begins.
pub fn arrivals() -> AdHoc {
    AdHoc::on_request("Deadlines", |_, _| Box::pin(async { begin() }))
}

/// Attached last: the answer is ready. What still streams behind it may take as long as it likes.
pub fn stage() -> AdHoc {
    AdHoc::on_ignite("Deadlines", |rocket| async {
        rocket.attach(AdHoc::on_response("Deadlines", |_, _| Box::pin(async { end() })))
    })
}

fn begin() {
    if let Some(task) = task::try_id() {
        ends().insert(task, Instant::now() + OF_A_REQUEST);
    }
}

fn end() {
    if let Some(task) = task::try_id() {
        ends().remove(&task);
    }
}

/// What `what` comes to, however long it goes on: for work that is as long as what it works on.
/// Each of its waits has its own limit still, so it ends soon when the database is away. The request's
/// time begins anew behind it.
pub async fn unhurried<T>(what: impl Future<Output = T>) -> T {
    end();
    let done = what.await;
    begin();
    done
}

/// What the request has left of this much time.
pub fn left(limit: Duration) -> Duration {
    let end = task::try_id().and_then(|task| ends().get(&task).copied());
    end.map_or(limit, |end| limit.min(end.saturating_duration_since(Instant::now())))
}

/// What `what` comes to, or `None` when it takes longer than `limit` or than the request that waits
/// for it has left. What is late is dropped; with no time left it is not begun.
pub async fn within<T>(limit: Duration, what: impl Future<Output = T>) -> Option<T> {
    match left(limit) {
        Duration::ZERO => None,
        left => timeout(left, what).await.ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rocket::tokio::time::sleep;
    use rocket::tokio::{join, spawn};

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
            let long = unhurried(async { [wait(1500).await, wait(1500).await] }).await;
            (long, wait(1500).await, wait(3000).await)
        };
        let (done, (long, short, late)) =
            join!(spawn(request), async { spawn(patient).await.unwrap() });
        let (waits, took, afterwards) = done.unwrap();
        assert_eq!((long, short, late), ([true, true], true, false));
        assert_eq!(waits, [true, false, false, false]);
        assert!(took >= OF_A_REQUEST && took < OF_A_REQUEST + Duration::from_millis(500));
        assert!(afterwards, "time of its own");
    }
}
