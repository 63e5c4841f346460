//! THE WAY OUT: commits the session and puts its cookie on the answer.
//!
//! Runs after the handler or catcher and before the head of the answer leaves, for each status: a
//! redirect can therefore never overtake the save, as it can in Express. From here the answer goes
//! to the browser.

use std::sync::Arc;

use rocket::fairing::{Fairing, Info, Kind};
use rocket::{Build, Request, Response, Rocket};

use super::engine::Engine;
use super::guard::opened;
use super::handle::Session;
use crate::db::in_time;
use crate::trace;

/// Makes the answer for a session that could not be stored. The pages know how to say that; this
/// room knows no pages.
pub type OnUnavailable = for<'r> fn(&'r Request<'_>) -> Response<'r>;

pub struct SessionFairing {
    pub(super) engine: Arc<Engine>,
    pub(super) on_unavailable: OnUnavailable,
}

/// Beside other cookies, never instead of them; and before them, because this is the one that a
/// simple client which reads a single line wants.
fn put_first(response: &mut Response<'_>, line: String) {
    let others: Vec<String> = response.headers().get("set-cookie").map(str::to_owned).collect();
    response.set_raw_header("Set-Cookie", line);
    for other in others {
        response.adjoin_raw_header("Set-Cookie", other);
    }
}

/// For those who watch: whose cookie that is.
fn own(session: &Session) {
    if !session.is_destroyed() {
        trace::own(session.id().as_str());
    }
}

#[rocket::async_trait]
impl Fairing for SessionFairing {
    fn info(&self) -> Info {
        Info { name: "Sessions", kind: Kind::Ignite | Kind::Response }
    }

    async fn on_ignite(&self, rocket: Rocket<Build>) -> rocket::fairing::Result {
        Ok(rocket.manage(self.engine.clone()))
    }

    async fn on_response<'r>(&self, request: &'r Request<'_>, response: &mut Response<'r>) {
        let Some(session) = opened(request) else {
            return;
        };
        let failed = response.status().class().is_server_error();
        match in_time(session.commit(failed)).await.flatten() {
            Ok(Some(line)) => {
                put_first(response, line);
                own(session);
            }
            Ok(None) => {}
            Err(error) => {
                log::error!("the session could not be stored: {error}");
                *response = (self.on_unavailable)(request);
            }
        }
    }
}
