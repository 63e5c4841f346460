//! The HTTP side: opens the notebook when a request comes, and keeps the exchange when its answer
//! is ready.

use std::sync::{Arc, OnceLock};
use std::time::SystemTime;

use rocket::fairing::AdHoc;
use rocket::{Request, Response};

use super::bounds::{self, cut};
use super::exchange::{Cookie, Exchange, Noted};
use super::notebook::Notebook;
use super::recorder::Recorder;
use super::step::Step;
use crate::audit::request_id;
use crate::in_flight::{close_notebook, open_notebook};

/// Addresses that are not worth a recording, or would record the looking at recordings.
const UNRECORDED: [&str; 6] = ["static", "healthz", "readyz", "xray", "favicon.ico", "class"];

/// A request as it came, before a fairing sends it elsewhere.
#[derive(Default)]
struct Came {
    at: Option<SystemTime>,
    method: String,
    path: String,
    cookies: Vec<Cookie>,
}

/// The exchange of a request whose answer is ready.
#[derive(Default)]
pub struct Recorded(OnceLock<Arc<Exchange>>);

impl Recorded {
    /// `None` before the answer is ready, and for what is not recorded.
    pub fn of<'r>(request: &'r Request<'_>) -> Option<&'r Arc<Exchange>> {
        request.local_cache(Self::default).0.get()
    }
}

/// Attached first, where lessons are given: opens the notebook.
pub fn arrivals() -> AdHoc {
    AdHoc::on_request("Notebooks", |request, _| {
        Box::pin(async move {
            let path = cut(request.uri().path().as_str(), bounds::PATH);
            // As the router reads it: `//class` and `/%63lass` are that page as well.
            let mut segments = request.uri().path().segments();
            let first = segments.find(|segment| !segment.is_empty()).unwrap_or_default();
            if UNRECORDED.contains(&first) {
                return;
            }
            let sent =
                |cookie: &rocket::http::Cookie<'_>| Cookie::sent(cookie.name(), cookie.value());
            let cookies = request.cookies().iter().take(bounds::COOKIES).map(sent).collect();
            let method = cut(request.method().as_str(), bounds::NAME);
            request.local_cache(|| Came { at: Some(SystemTime::now()), method, path, cookies });
            open_notebook();
        })
    })
}

/// Attached behind everything that changes the answer: closes the notebook and keeps what is in it.
pub fn stage() -> AdHoc {
    AdHoc::on_ignite("Recorder", |rocket| async {
        rocket
            .manage(Recorder::default())
            .attach(AdHoc::on_response("Recorder", |request, response| {
                Box::pin(async move { keep(request, response).await })
            }))
    })
}

async fn keep(request: &Request<'_>, response: &mut Response<'_>) {
    let Some(notebook) = close_notebook() else { return };
    let Some(recorder) = request.rocket().state::<Recorder>() else { return };
    let came = request.local_cache(Came::default);
    let Some(at) = came.at else { return };
    let Notebook { opened, steps, owners, follows, blurred } = notebook;
    let (mut cookies, steps) = (came.cookies.clone(), steps.finish());
    cookies.iter_mut().for_each(|cookie| as_sent(cookie, &steps));
    let mut exchange = Exchange {
        id: request_id(request).to_owned(),
        number: 0,
        at,
        method: came.method.clone(),
        path: came.path.clone(),
        cookies,
        user: user_of(&steps),
        steps,
        status: response.status().code,
        location: response.headers().get_one("location").map(|to| cut(to, bounds::PATH)),
        set_cookies: set_by(response),
        bytes: response.body_mut().size().await,
        took: opened.elapsed(),
        follows,
        is_blurred: false,
    };
    if blurred {
        exchange.blur();
    }
    let kept = recorder.keep(exchange, &owners);
    let _ = request.local_cache(Recorded::default).0.set(kept);
}

fn set_by(response: &Response<'_>) -> Vec<Cookie> {
    let lines = response.headers().get("set-cookie");
    lines.take(bounds::SET_COOKIES).filter_map(Cookie::set).collect()
}

/// Rocket has decoded the value; of a ticket it is known how many bytes it really had.
fn as_sent(cookie: &mut Cookie, steps: &[Noted]) {
    for noted in steps {
        if let Step::Ticket { name, bytes, .. } = &noted.step
            && *name == cookie.name
        {
            cookie.bytes = *bytes;
        }
    }
}

fn user_of(steps: &[Noted]) -> Option<String> {
    steps.iter().rev().find_map(|noted| match &noted.step {
        Step::User { id } => Some(id.clone()),
        Step::Login { user } => Some(user.clone()),
        _ => None,
    })
}
