//! The notebooks of the requests in flight: one for each, with its steps in their order. Two fairings open
//! the notebook of a request, and store its exchange when its response is ready.

use std::time::Instant;

use get_size2::GetSize;
use rocket::fairing::AdHoc;
use rocket::{Request, Response};

use super::bounds::{self, cut};
use super::exchange::{Cookie, Exchange};
use super::recorder::{BrowserKey, Recorder};
use super::step::{Noted, Step};
use crate::in_flight::{PerTask, own_id};

/// First path segments of the requests that are not recorded: they are of no interest, or show recordings.
const UNRECORDED: [&str; 7] =
    ["static", "healthz", "readyz", "xray", "favicon.ico", "apple-touch-icon.png", "class"];

/// The most browser keys of one request. A login gives the browser a new key.
const MAX_OWNERS: usize = 4;

/// The open notebooks. Without one, a note costs a look at their number.
pub(super) static NOTEBOOKS: PerTask<Notebook> = PerTask::new();

/// The notes of one request.
#[derive(Clone)]
pub(super) struct Notebook {
    /// The arrival of the request, from which the times of the steps count.
    begun: Instant,
    /// The exchange so far, without its response.
    pub(super) exchange: Exchange,
    /// The memory that its steps take.
    bytes: usize,
    /// The keys of the browser, the newest last: a login gives it a new session, and so a new key.
    owners: Vec<BrowserKey>,
}

impl Notebook {
    /// The notebook of a new request. `None` for a request that is not recorded.
    fn of(request: &Request<'_>) -> Option<Self> {
        // Rocket's router also takes `//class` and `/%63lass` for `/class`.
        let mut segments = request.uri().path().segments();
        let first = segments.find(|segment| !segment.is_empty()).unwrap_or_default();
        if UNRECORDED.contains(&first) {
            return None;
        }
        let cookies = request.cookies().iter().take(bounds::COOKIES);
        let exchange = Exchange {
            method: cut(request.method().as_str(), bounds::NAME),
            path: cut(request.uri().path().as_str(), bounds::PATH),
            cookies: cookies.map(|cookie| Cookie::sent(cookie.name(), cookie.value())).collect(),
            ..Exchange::new(own_id())
        };
        Some(Self { begun: Instant::now(), exchange, bytes: 0, owners: vec![] })
    }

    /// The exchange without its response, and the browser's keys.
    fn finish(mut self) -> (Exchange, Vec<BrowserKey>) {
        self.exchange.took = self.begun.elapsed();
        self.exchange.steps.shrink_to_fit();
        if self.exchange.has_coarse_times {
            self.exchange.coarsen_times();
        }
        (self.exchange, self.owners)
    }

    /// Adds a step, unless it is one too many.
    fn add(&mut self, step: Step) {
        let noted = Noted { elapsed: self.begun.elapsed(), step };
        let bytes = self.bytes + noted.get_size();
        if bytes > bounds::STEP_BYTES {
            return;
        }
        match &noted.step {
            Step::User { id: user } | Step::Login { user } => {
                self.exchange.user = Some(user.clone());
            }
            // Rocket has decoded the value, but the session engine knows how many bytes the browser sent.
            Step::CookieRead { name, bytes, .. } => {
                let cookies = self.exchange.cookies.iter_mut();
                cookies.filter(|c| c.name == *name).for_each(|cookie| cookie.bytes = *bytes);
            }
            _ => {}
        }
        self.bytes = bytes;
        self.exchange.steps.push(noted);
    }
}

/// Opens the notebook of each request, if there is a recorder. It precedes fairings that change the request.
pub fn openings() -> AdHoc {
    AdHoc::on_request("Notebooks", |request, _| {
        Box::pin(async move {
            let is_recorded = request.rocket().state::<Recorder>().is_some();
            if let Some(notebook) = Notebook::of(request).filter(|_| is_recorded) {
                NOTEBOOKS.insert(notebook);
            }
        })
    })
}

/// Closes the notebook, and keeps its content. It comes after all fairings that change the response.
pub fn stage() -> AdHoc {
    AdHoc::on_response("Recorder", |request, response| {
        Box::pin(async move { store(request, response).await })
    })
}

async fn store(request: &Request<'_>, response: &mut Response<'_>) {
    let Some(recorder) = request.rocket().state::<Recorder>() else { return };
    let Some((exchange, owners)) = NOTEBOOKS.remove().map(Notebook::finish) else { return };
    let headers = response.headers();
    let set_cookies = headers.get("set-cookie").take(bounds::SET_COOKIES);
    let exchange = Exchange {
        status: response.status().code,
        location: headers.get_one("location").map(|to| cut(to, bounds::PATH)),
        set_cookies: set_cookies.filter_map(Cookie::set).collect(),
        bytes: response.body_mut().size().await,
        ..exchange
    };
    recorder.keep(exchange, &owners);
}

/// The exchange of this task's request so far. Its status is 200, it sets no cookies, and it goes on.
pub fn so_far() -> Option<Exchange> {
    Some(NOTEBOOKS.with(|notebook| notebook.clone())?.finish().0)
}

/// Notes a step, if a notebook is open. `step` may take a lock, so it is called before the notebook's own.
pub fn note(step: impl FnOnce() -> Step) {
    if !NOTEBOOKS.is_empty() {
        let step = step();
        NOTEBOOKS.with(|notebook| notebook.add(step));
    }
}

/// Notes that this request belongs to the browser with the session of this ID.
pub(super) fn assign_to_session(session_id: &str) {
    let owner = BrowserKey::of_session(session_id);
    NOTEBOOKS.with(|Notebook { owners, .. }| {
        if owners.last() != Some(&owner) {
            owners.truncate(MAX_OWNERS - 1);
            owners.push(owner);
        }
    });
}

/// Notes that this request belongs to this browser and to no other.
pub fn assign_to(browser: BrowserKey) {
    NOTEBOOKS.with(|notebook| notebook.owners = vec![browser]);
}

/// Notes which exchange led to this one, by its ID. A text that is too long for an ID is ignored.
pub fn link_to(id: &str) {
    if id.len() <= bounds::ID {
        NOTEBOOKS.with(|notebook| notebook.exchange.follows = Some(id.to_owned()));
    }
}

/// Notes that a login failed. The X-ray then shows coarse times, and no counts of MongoDB's replies.
pub fn coarsen_times() {
    NOTEBOOKS.with(|notebook| notebook.exchange.has_coarse_times = true);
}
