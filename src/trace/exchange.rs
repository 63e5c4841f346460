//! One request and its answer, as they are kept.

use std::time::{Duration, SystemTime};

use super::bounds::{self, cut};
use super::redact;
use super::step::{Command, Step, Write};
use rocket::http::Cookie as SetCookie;

/// A request, what it did, and the answer. Redacted when it was noted.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// Unguessable: the request's id in the log. A browser that knows it may look.
    pub id: String,
    /// Counts all exchanges of this process: short, to talk about.
    pub number: u64,
    /// When it came.
    pub at: SystemTime,
    /// The method that it came with.
    pub method: String,
    /// Without the query, and cut.
    pub path: String,
    /// What the browser sent.
    pub cookies: Vec<Cookie>,
    /// In their order.
    pub steps: Vec<Noted>,
    /// Of the answer.
    pub status: u16,
    /// The address that a redirect leads to, cut.
    pub location: Option<String>,
    /// What the browser is told to keep, or to forget.
    pub set_cookies: Vec<Cookie>,
    /// Of the answer's body, before the X-ray was put in.
    pub bytes: Option<usize>,
    /// From the first fairing to the last.
    pub took: Duration,
    /// The exchange that led to this one.
    pub follows: Option<String>,
    /// The user that was logged in, or became so.
    pub user: Option<String>,
    /// Times are told roughly: they could tell whether an account exists.
    pub is_blurred: bool,
}

/// A step and when it was.
#[derive(Clone, Debug)]
pub struct Noted {
    /// So long after the request came.
    pub at: Duration,
    /// What it was.
    pub step: Step,
}

/// A cookie, without its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cookie {
    /// Its name.
    pub name: String,
    /// Of name, equals sign and value, as far as Rocket has read it.
    pub bytes: usize,
    /// The start of the session id in it.
    pub sid: Option<String>,
    /// Of a `Set-Cookie`: what stands behind the value.
    pub attributes: String,
    /// Of a `Set-Cookie`: that it takes the cookie away.
    pub is_gone: bool,
}

impl Cookie {
    pub(super) fn sent(name: &str, value: &str) -> Self {
        let bytes = name.len() + 1 + value.len();
        let name = cut(name, bounds::NAME);
        let sid = redact::sid_in(value);
        Self { name, bytes, sid, attributes: String::new(), is_gone: false }
    }

    /// From a `Set-Cookie` line.
    pub(super) fn set(line: &str) -> Option<Self> {
        let (pair, attributes) = line.split_once("; ").unwrap_or((line, ""));
        let (name, value) = pair.split_once('=')?;
        let parsed = SetCookie::parse(line.to_owned()).ok()?;
        let ends = parsed.expires_datetime().map(SystemTime::from);
        let is_gone = parsed.max_age().is_some_and(|age| age.is_zero())
            || ends.is_some_and(|ends| ends <= SystemTime::now());
        let attributes = cut(attributes, bounds::ATTRIBUTES);
        Some(Self { attributes, is_gone, ..Self::sent(name, value) })
    }
}

impl Exchange {
    /// The commands that it sent to MongoDB.
    pub fn commands(&self) -> impl Iterator<Item = &Command> {
        self.steps.iter().filter_map(|noted| match &noted.step {
            Step::Command(command) => Some(command),
            _ => None,
        })
    }

    /// What was done with the session of the cookie of this name.
    pub fn written(&self, cookie: &str) -> Option<Write> {
        self.steps.iter().find_map(|noted| match &noted.step {
            Step::Written { name, write, .. } if name == cookie => Some(*write),
            _ => None,
        })
    }

    /// Makes a failed login look the same for an unknown name and a wrong password.
    pub(super) fn blur(&mut self) {
        self.is_blurred = true;
        self.took = bucket(self.took);
        for noted in &mut self.steps {
            noted.at = bucket(noted.at);
            match &mut noted.step {
                Step::Command(Command { reply: Some(reply), .. }) => {
                    (reply.count, reply.bytes) = (None, None);
                    reply.took = bucket(reply.took);
                }
                Step::Verified { took, .. } | Step::Ticket { took, .. } => *took = bucket(*took),
                _ => {}
            }
        }
    }
}

/// The next power of ten, from one millisecond on.
fn bucket(took: Duration) -> Duration {
    let buckets = [1, 10, 100, 1_000].map(Duration::from_millis);
    buckets.into_iter().find(|most| took <= *most).unwrap_or(Duration::from_secs(10))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_is_kept_without_its_value() {
        let line = "connect.sid=s%3AowHENQ0123.sig%2Bnature; Path=/; HttpOnly";
        let cookie = Cookie::set(line).unwrap();
        assert_eq!(cookie.sid.as_deref(), Some("owHENQ…"));
        assert_eq!(cookie.attributes, "Path=/; HttpOnly");
        assert!(!cookie.is_gone);
        assert!(!format!("{cookie:?}").contains("nature"));
        let gone = Cookie::set("connect.sid=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT");
        assert!(gone.unwrap().is_gone);
    }

    #[test]
    fn times_are_told_by_powers_of_ten() {
        assert_eq!(
            [3, 1_000, 1_001, 26_000, 99_999_999].map(Duration::from_micros).map(bucket),
            [1, 1, 10, 100, 10_000].map(Duration::from_millis)
        );
    }
}
