//! For machines that watch this one: is the process alive, and can it serve?

use std::time::Duration;

use rocket::http::Status;
use rocket::tokio::time::timeout;
use rocket::{Route, State, get, routes};

use crate::db;
use crate::stores::Backing;

/// A store that takes longer is not ready for visitors.
const PATIENCE: Duration = Duration::from_secs(1);

/// The process answers. Asks nobody, so that a watchdog does not restart us for MongoDB's sake.
#[get("/healthz")]
fn alive() -> &'static str {
    "ok\n"
}

/// The store answers, too: a proxy may send visitors here.
#[get("/readyz")]
async fn ready(backing: &State<Backing>) -> (Status, &'static str) {
    let answers = match backing.inner() {
        Backing::Memory => true,
        Backing::Mongodb(database) => {
            matches!(timeout(PATIENCE, db::ping(database)).await, Ok(Ok(())))
        }
    };
    if answers {
        (Status::Ok, "ok\n")
    } else {
        (Status::ServiceUnavailable, "the store does not answer\n")
    }
}

pub fn routes() -> Vec<Route> {
    routes![alive, ready]
}
