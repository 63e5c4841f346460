//! THE WAY IN: a handler that takes `&Session` gets the session that the request's cookie names.
//!
//! Find the cookie, verify its signature, load the session, and see whether it has expired. This happens
//! once in a request, and only when a guard or handler asks. What was found waits in the request's cache,
//! where `commit.rs` finds it for the way out.

use std::time::Instant;

use rocket::http::Status;
use rocket::request::{FromRequest, Outcome};
use rocket::tokio::sync::OnceCell;
use rocket::tokio::time::Instant as TokioInstant;
use rocket::{Ignite, Request, Rocket, Sentinel};

use crate::cookie;
use crate::error::Unavailable;
use crate::observe::{Event, Signature};
use crate::session::Session;
use crate::sessions::Sessions;
use crate::signature::{SessionId, Verified};
use crate::state::{CookieInfo, RequestInfo};

/// Characters of a `User-Agent` that are kept: enough to tell browsers apart. The header may be of any
/// length.
const USER_AGENT_KEPT: usize = 256;

/// The place in the request's cache. A failure is kept as well: a request does not wait twice.
#[derive(Default)]
struct Slot(OnceCell<Result<Session, Unavailable>>);

fn slot<'r>(request: &'r Request<'_>) -> &'r Slot {
    request.local_cache(Slot::default)
}

/// The session, if a guard or handler asked for it during this request.
pub(crate) fn opened<'r>(request: &'r Request<'_>) -> Option<&'r Session> {
    slot(request).0.get()?.as_ref().ok()
}

/// Fails with 503 when the store does not answer: whether there is a session is unknown then.
#[rocket::async_trait]
impl<'r> FromRequest<'r> for &'r Session {
    type Error = Unavailable;

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, Unavailable> {
        match slot(request).0.get_or_init(|| find(request)).await {
            Ok(session) => Outcome::Success(session),
            Err(error) => Outcome::Error((Status::ServiceUnavailable, error.clone())),
        }
    }
}

/// A Rocket with a handler that takes `&Session`, but without [`Sessions`], does not start.
impl Sentinel for &Session {
    fn abort(rocket: &Rocket<Ignite>) -> bool {
        rocket.state::<Sessions>().is_none()
    }
}

/// The cookies of a request without a `Cookie` header: Rocket's local client, for tests, has a jar only.
fn jar(request: &Request<'_>) -> Option<String> {
    if request.headers().contains("cookie") {
        return None;
    }
    let sent =
        request.cookies().iter().map(|cookie| format!("{}={}", cookie.name(), cookie.value()));
    Some(sent.collect::<Vec<_>>().join("; "))
}

async fn find(request: &Request<'_>) -> Result<Session, Unavailable> {
    let sessions: Option<&Sessions> = request.rocket().state();
    let not_attached = || Unavailable::refusal("no sessions are attached to this Rocket");
    sessions.ok_or_else(not_attached)?.load(request).await
}

/// For sessions that are not attached, and for tests.
impl Sessions {
    /// The session that the request's cookie names, or a new one. A handler takes `&Session` instead; this is
    /// for another kind of sessions beside, which [`commit`](Self::commit) then writes.
    ///
    /// # Errors
    /// The store does not answer: whether there is a session is unknown.
    pub async fn load(&self, request: &Request<'_>) -> Result<Session, Unavailable> {
        let jar = jar(request);
        self.load_from(request, request.headers().get("cookie").chain(jar.as_deref())).await
    }

    /// As [`load`](Self::load), as if the browser had sent this `Cookie` header.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn load_from_header(
        &self,
        request: &Request<'_>,
        header: &str,
    ) -> Result<Session, Unavailable> {
        self.load_from(request, std::iter::once(header)).await
    }

    /// A new session, whatever cookie came.
    pub fn create(&self, request: &Request<'_>) -> Session {
        Session::new(self.clone(), self.info(request), CookieInfo::default(), None)
    }

    /// The ID in the request's cookie, if its signature is genuine. The store is not asked, so there may be
    /// no such session any more.
    pub fn signed_id(&self, request: &Request<'_>) -> Option<SessionId> {
        let jar = jar(request);
        match self.find_cookie(request.headers().get("cookie").chain(jar.as_deref())).genuine {
            Genuine::One(verified) => Some(verified.id),
            Genuine::None | Genuine::Several(_) => None,
        }
    }

    /// The store is asked only about an ID with a genuine signature. An ID that it does not know is not
    /// adopted: the new session gets a new one.
    async fn load_from<'h>(
        &self,
        request: &Request<'_>,
        headers: impl Iterator<Item = &'h str>,
    ) -> Result<Session, Unavailable> {
        let (request, begun) = (self.info(request), Instant::now());
        let found = self.find_cookie(headers);
        let bytes = found.length.map_or(0, |length| self.options().name.len() + 1 + length);
        let mut cookie = CookieInfo { bytes, ..CookieInfo::default() };
        let (name, signature) = (&*self.options().name, found.signature());
        self.observe(Event::CookieRead { name, bytes, signature, took: begun.elapsed() });
        let Verified { id, is_outdated } = match found.genuine {
            Genuine::One(verified) => verified,
            Genuine::None => return Ok(Session::new(self.clone(), request, cookie, None)),
            Genuine::Several(ids) => {
                log::warn!(
                    "a request came with two different genuine session cookies: neither counts"
                );
                cookie.ambiguous = ids.into();
                return Ok(Session::new(self.clone(), request, cookie, None));
            }
        };
        let load = self.store_for("load", &id).load(&id);
        match self.in_time(request.deadline, load).await? {
            Some(record) if !self.is_past_absolute(&record) => {
                self.observe(Event::Loaded { id: &id });
                cookie.outdated_signature = is_outdated;
                Ok(Session::new(self.clone(), request, cookie, Some((id, record))))
            }
            _ => {
                self.observe(Event::Unknown { id: &id });
                cookie.unknown_id = Some(id);
                Ok(Session::new(self.clone(), request, cookie, None))
            }
        }
    }

    /// The first cookie with a genuine signature counts: what stands before it may have been left by another
    /// program. Two different genuine ones are no session, because another host of the site's domain can have
    /// set one of them (session fixation).
    fn find_cookie<'h>(&self, headers: impl Iterator<Item = &'h str>) -> FoundCookie {
        let mut found = FoundCookie { length: None, is_signed: false, genuine: Genuine::None };
        for value in cookie::find_all(headers, &self.options().name) {
            let plain = cookie::decode(value);
            found.genuine = match (found.genuine, self.options().secret.verify(&plain)) {
                (Genuine::One(first), Some(other)) if first.id != other.id => {
                    Genuine::Several([first.id, other.id])
                }
                (Genuine::None, Some(verified)) => {
                    found.length = Some(value.len());
                    Genuine::One(verified)
                }
                (genuine, _) => genuine,
            };
            found.length.get_or_insert(value.len());
            found.is_signed |= plain.strip_prefix("s:").is_some_and(|value| value.contains('.'));
        }
        found
    }

    fn info(&self, request: &Request<'_>) -> RequestInfo {
        let path = request.uri().path().as_str();
        let user_agent = request.headers().get_one("user-agent");
        RequestInfo {
            https: (self.hooks().is_https)(request),
            in_path: cookie::path_matches(path, &self.options().cookie.path),
            user_agent: user_agent.map(|text| text.chars().take(USER_AGENT_KEPT).collect()),
            address: (self.hooks().address)(request),
            deadline: (self.hooks().deadline)(request).map(TokioInstant::from_std),
        }
    }
}

/// The cookies of our name in a request.
struct FoundCookie {
    /// Bytes of the value that counts, or of the first one; `None`: no cookie has the name.
    length: Option<usize>,
    /// One of them looks as if it was signed, whatever that is worth.
    is_signed: bool,
    genuine: Genuine,
}

enum Genuine {
    None,
    One(Verified),
    /// With different IDs: the first two.
    Several([SessionId; 2]),
}

impl FoundCookie {
    fn signature(&self) -> Signature<'_> {
        match &self.genuine {
            Genuine::One(Verified { id, is_outdated }) => {
                Signature::Genuine { id, is_outdated: *is_outdated }
            }
            Genuine::Several(_) => Signature::Ambiguous,
            Genuine::None if self.length.is_none() => Signature::NoCookie,
            Genuine::None if self.is_signed => Signature::Wrong,
            Genuine::None => Signature::Missing,
        }
    }
}
