//! For machines that watch this one: is the process alive, and can it serve?

use std::time::Duration;

use rocket::http::Header;
use rocket::{Responder, Route, State, get, routes};

use super::error::RETRY_AFTER;
use crate::in_flight::within;
use crate::stores::Backing;

/// A store that takes longer is not ready for visitors.
const PATIENCE: Duration = Duration::from_secs(1);

/// The process answers. It asks no database, so that a watchdog does not restart it when MongoDB is away.
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

/// The store answers, too: a proxy may send visitors here.
#[get("/readyz")]
async fn ready(backing: &State<Backing>) -> Readiness {
    let answers = match backing.inner() {
        Backing::Memory => true,
        Backing::Mongodb { database, .. } => {
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

pub fn routes() -> Vec<Route> {
    routes![alive, ready]
}
