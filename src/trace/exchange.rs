//! One request and its response, as they are kept.

use std::time::Duration;

use get_size2::GetSize;
use rocket::http::Cookie as SetCookie;
use rocket_express_session::{Timestamp, Write};

use super::bounds::{self, cut};
use super::redact;
use super::step::{Command, Noted, Step};

/// A request, its steps and its response. Each part was redacted when it was noted.
#[derive(Clone, Debug, Default, GetSize)]
pub struct Exchange {
    /// The request's ID in the log. It cannot be guessed, and a browser that knows it may read.
    pub id: String,
    /// Counts the exchanges of its browser, from 1: a short number to talk about. 0 without a browser.
    pub number: u64,
    /// When the request came.
    #[get_size(ignore)]
    pub received: Timestamp,
    /// The method of the request.
    pub method: String,
    /// The path without the query, cut.
    pub path: String,
    /// The cookies that the browser sent.
    pub cookies: Vec<Cookie>,
    /// The steps in their order.
    pub steps: Vec<Noted>,
    /// The status of the response.
    pub status: u16,
    /// The address that a redirect leads to, cut.
    pub location: Option<String>,
    /// The cookies that the response sets or deletes.
    pub set_cookies: Vec<Cookie>,
    /// Bytes of the response's body, before the X-ray was inserted.
    pub bytes: Option<usize>,
    /// The time between the first fairing and the last.
    pub took: Duration,
    /// The exchange that led to this one.
    pub follows: Option<String>,
    /// The user that was logged in, or became so.
    pub user: Option<String>,
    /// Times are coarse: exact ones could tell whether an account exists.
    pub has_coarse_times: bool,
}

/// A cookie, without its value.
#[derive(Clone, Debug, PartialEq, Eq, GetSize)]
pub struct Cookie {
    /// The cookie's name.
    pub name: String,
    /// Bytes of name, equals sign and value, as far as Rocket has read it.
    pub bytes: usize,
    /// The start of the session ID in it.
    pub sid: Option<String>,
    /// The attributes of a `Set-Cookie` line.
    pub attributes: String,
    /// The date in them.
    #[get_size(ignore)]
    pub expires: Option<Timestamp>,
    /// Whether a `Set-Cookie` line deletes the cookie.
    pub is_gone: bool,
}

impl Cookie {
    pub(super) fn sent(name: &str, value: &str) -> Self {
        let bytes = name.len() + 1 + value.len();
        let name = cut(name, bounds::NAME);
        let sid = redact::sid_in(value);
        Self { name, bytes, sid, attributes: String::new(), expires: None, is_gone: false }
    }

    /// From a `Set-Cookie` line.
    pub fn set(line: &str) -> Option<Self> {
        let (pair, attributes) = line.split_once("; ").unwrap_or((line, ""));
        let (name, value) = pair.split_once('=')?;
        let parsed = SetCookie::parse(line.to_owned()).ok()?;
        let expires = parsed.expires_datetime().map(|date| date.unix_timestamp() * 1_000);
        let expires = expires.map(Timestamp::from_millis);
        let is_gone = parsed.max_age().is_some_and(time::SignedDuration::is_zero)
            || expires.is_some_and(|expires| expires <= Timestamp::now());
        let attributes = cut(attributes, bounds::ATTRIBUTES);
        Some(Self { attributes, expires, is_gone, ..Self::sent(name, value) })
    }
}

impl Exchange {
    /// The exchange of a request that arrives now, without steps.
    pub fn new(id: String) -> Self {
        Self { id, received: Timestamp::now(), status: 200, ..Self::default() }
    }

    /// The commands that it sent to MongoDB.
    pub fn commands(&self) -> impl Iterator<Item = &Command> {
        self.steps.iter().filter_map(|noted| match &noted.step {
            Step::Command(command) => Some(command),
            _ => None,
        })
    }

    /// How the session of the cookie of this name was committed.
    pub fn written(&self, cookie: &str) -> Option<Write> {
        self.steps.iter().find_map(|noted| match &noted.step {
            Step::Written { name, write, .. } if name == cookie => Some(*write),
            _ => None,
        })
    }

    /// Makes a failed login look the same for an unknown name and a wrong password.
    pub(super) fn coarsen_times(&mut self) {
        self.took = bucket(self.took);
        for noted in &mut self.steps {
            noted.elapsed = bucket(noted.elapsed);
            match &mut noted.step {
                Step::Command(Command { reply: Some(reply), .. }) => {
                    (reply.count, reply.bytes) = (None, None);
                    reply.took = bucket(reply.took);
                }
                Step::Verified { took, .. } | Step::CookieRead { took, .. } => {
                    *took = bucket(*took);
                }
                _ => {}
            }
        }
    }
}

/// The next power of ten, from one millisecond on.
fn bucket(took: Duration) -> Duration {
    let buckets = [1, 10, 100, 1_000].map(Duration::from_millis);
    buckets.into_iter().find(|bucket| took <= *bucket).unwrap_or(Duration::from_secs(10))
}
