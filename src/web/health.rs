//! Health checks for watchdogs and proxies: the process runs, and the store answers.

use std::time::Duration;

use rocket::http::Header;
use rocket::{Responder, Route, State, get, routes};

use super::error::RETRY_AFTER;
use crate::in_flight::within;
use crate::stores::Backend;

/// The longest wait for the store. A slower store is not ready for visitors.
const PATIENCE: Duration = Duration::from_secs(1);

/// Responds as long as the process runs. It does not ask MongoDB, so a watchdog does not restart the process
/// when MongoDB is down.
#[get("/healthz")]
fn alive() -> &'static str {
    "ok\n"
}

#[derive(Responder)]
enum Readiness {
    Ready(&'static str),
    #[response(status = 503)]
    NotReady(&'static str, Header<'static>),
}

/// Responds with 200 if the store answers as well. Then a proxy may send visitors here.
#[get("/readyz")]
async fn ready(backing: &State<Backend>) -> Readiness {
    let answers = match backing.inner() {
        Backend::Memory => true,
        Backend::Mongodb { database, .. } => {
            matches!(within(PATIENCE, database.ping()).await, Some(Ok(())))
        }
    };
    if answers {
        Readiness::Ready("ok\n")
    } else {
        let later = Header::new("Retry-After", RETRY_AFTER);
        Readiness::NotReady("the store does not answer\n", later)
    }
}

pub(super) fn routes() -> Vec<Route> {
    routes![alive, ready]
}
