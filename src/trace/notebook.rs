//! The notes of the requests in flight: one notebook for each.

use std::time::{Instant, SystemTime};

use rocket::Request;

use super::bounds::{self, Steps, cut};
use super::exchange::{Cookie, Exchange};
use super::recorder::BrowserKey;
use super::step::{Noted, Step};
use crate::in_flight::{PerTask, request_id};

/// First path segments of the requests that are not recorded. They are not interesting, or they show
/// recordings.
const UNRECORDED: [&str; 7] =
    ["static", "healthz", "readyz", "xray", "favicon.ico", "apple-touch-icon.png", "class"];

/// The most browser keys of one request. A login gives the browser a new key.
const MAX_OWNERS: usize = 4;

/// The open notebooks. Without one, a note costs a look at their number.
static NOTEBOOKS: PerTask<Notebook> = PerTask::new();

/// The notes of one request.
#[derive(Clone)]
pub struct Notebook {
    /// The arrival of the request, from which the times of the steps count.
    pub begun: Instant,
    /// The arrival of the request, by the clock.
    pub at: SystemTime,
    /// The method of the request.
    pub method: String,
    /// The path of the request, before a fairing changes it.
    pub path: String,
    /// The cookies that the browser sent.
    pub cookies: Vec<Cookie>,
    /// The steps of the request.
    pub steps: Steps,
    /// The keys of the browser, in the order in which they became known. A login gives the browser a new
    /// session, and so a new key.
    pub owners: Vec<BrowserKey>,
    /// The exchange that led to this one, by its ID.
    pub follows: Option<String>,
    /// Whether exact times could reveal that an account exists.
    pub blurred: bool,
}

impl Notebook {
    /// Opens the notebook of a new request. `None` for a request that is not recorded.
    pub fn of(request: &Request<'_>) -> Option<Self> {
        // Rocket's router also takes `//class` and `/%63lass` for `/class`.
        let mut segments = request.uri().path().segments();
        let first = segments.find(|segment| !segment.is_empty()).unwrap_or_default();
        if UNRECORDED.contains(&first) {
            return None;
        }
        let cookies = request.cookies().iter().take(bounds::COOKIES);
        Some(Self {
            method: cut(request.method().as_str(), bounds::NAME),
            path: cut(request.uri().path().as_str(), bounds::PATH),
            cookies: cookies.map(|cookie| Cookie::sent(cookie.name(), cookie.value())).collect(),
            ..Self::default()
        })
    }

    /// Notes that the request also belongs to this browser.
    pub fn add_owner(&mut self, owner: BrowserKey) {
        if self.owners.last() != Some(&owner) {
            self.owners.truncate(MAX_OWNERS - 1);
            self.owners.push(owner);
        }
    }

    /// Notes which exchange led to this one, by its ID. A text that is too long for an ID is ignored.
    pub fn link_to(&mut self, id: &str) {
        if id.len() <= bounds::ID {
            self.follows = Some(id.to_owned());
        }
    }

    /// The exchange of this ID with these notes, and without its response.
    pub fn into_exchange(self, id: String) -> Exchange {
        let Self { begun, at, method, path, mut cookies, steps, owners: _, follows, blurred } =
            self;
        let steps = steps.finish();
        for cookie in &mut cookies {
            as_sent(cookie, &steps);
        }
        let mut exchange = Exchange {
            id,
            number: 0,
            received: at,
            method,
            path,
            cookies,
            user: user_of(&steps),
            steps,
            status: 200,
            location: None,
            set_cookies: vec![],
            bytes: None,
            took: begun.elapsed(),
            follows,
            has_coarse_times: false,
        };
        if blurred {
            exchange.coarsen_times();
        }
        exchange
    }
}

/// Corrects the size of a session cookie. Rocket has decoded the value, but the session engine knows how many
/// bytes the browser sent.
fn as_sent(cookie: &mut Cookie, steps: &[Noted]) {
    for noted in steps {
        if let Step::CookieRead { name, bytes, .. } = &noted.step
            && *name == cookie.name
        {
            cookie.bytes = *bytes;
        }
    }
}

/// Opens the notebook of this task's request.
pub(super) fn open_notebook(notebook: Notebook) {
    NOTEBOOKS.insert(notebook);
}

/// Closes the notebook of this task's request, and returns it.
pub(super) fn close_notebook() -> Option<Notebook> {
    NOTEBOOKS.remove()
}

/// The exchange of this task's request as it is so far, with the status 200 and without cookies set. The
/// notebook stays open.
pub fn so_far() -> Option<Exchange> {
    Some(NOTEBOOKS.with(|notebook| notebook.clone())?.into_exchange(request_id()))
}

/// Changes the notebook of this task's request, if one is open.
pub(super) fn with_notebook(change: impl FnOnce(&mut Notebook)) {
    NOTEBOOKS.with(change);
}

/// Notes a step, if a notebook is open. `step` is called before the notebook is locked, because it may take a
/// lock itself.
pub fn note(step: impl FnOnce() -> Step) {
    if NOTEBOOKS.is_empty() {
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

fn user_of(steps: &[Noted]) -> Option<String> {
    steps.iter().rev().find_map(|noted| match &noted.step {
        Step::User { id } => Some(id.clone()),
        Step::Login { user } => Some(user.clone()),
        _ => None,
    })
}

impl Default for Notebook {
    fn default() -> Self {
        Self {
            begun: Instant::now(),
            at: SystemTime::now(),
            method: String::new(),
            path: String::new(),
            cookies: vec![],
            steps: Steps::default(),
            owners: vec![],
            follows: None,
            blurred: false,
        }
    }
}
