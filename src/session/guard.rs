//! THE WAY IN: a route that takes `&Session` gets the one that the request's cookie names.
//!
//! Looked up once in a request, and only when somebody asks: a page that takes no session costs
//! no command. What is found waits in the request's cache for `fairing.rs`.

use std::sync::Arc;

use rocket::Request;
use rocket::http::Status;
use rocket::request::{FromRequest, Outcome};
use rocket::tokio::sync::OnceCell;

use super::cookie::find_all;
use super::deliver::is_host_name;
use super::engine::{Circumstances, Engine};
use super::handle::Session;
use super::sid::Sid;
use crate::db::Unavailable;
use crate::proxy::is_https;
use crate::trace;

/// The place in the request's cache. The failure is kept as well: one that asks twice does not
/// wait twice.
#[derive(Default)]
struct Slot(OnceCell<Result<Session, Unavailable>>);

fn slot<'r>(request: &'r Request<'_>) -> &'r Slot {
    request.local_cache(Slot::default)
}

/// The session, if anybody asked for it during this request.
pub(super) fn opened<'r>(request: &'r Request<'_>) -> Option<&'r Session> {
    slot(request).0.get()?.as_ref().ok()
}

async fn find(request: &Request<'_>) -> Result<Session, Unavailable> {
    let engine: &Arc<Engine> = request
        .rocket()
        .state()
        .ok_or_else(|| Unavailable::new("no session engine is attached"))?;
    let session = resume(engine, request).await?;
    if session.is_stored() {
        trace::own(session.id().as_str());
    }
    Ok(session)
}

/// The session of `engine` that the request's cookie names, or a new one: for an engine beside the
/// site's own. Whoever calls this commits it as well ([`Session::finish`]).
///
/// # Errors
/// The store does not answer.
pub async fn resume(engine: &Arc<Engine>, request: &Request<'_>) -> Result<Session, Unavailable> {
    engine.resume(request.headers().get("cookie"), circumstances(request)).await
}

/// Whether the session's cookie is called `__Host-…`, so that the site's other cookies are as well.
pub fn has_host_prefix(request: &Request<'_>) -> bool {
    let engine: Option<&Arc<Engine>> = request.rocket().state();
    engine.is_some_and(|engine| is_host_name(&engine.options.name))
}

/// The values of the cookies that have this name, as the browser sent them.
pub fn cookies_called<'r>(
    request: &'r Request<'_>,
    name: &'static str,
) -> impl Iterator<Item = &'r str> {
    find_all(request.headers().get("cookie"), name)
}

/// A new session of `engine`, whatever cookie came.
pub fn begin(engine: &Arc<Engine>, request: &Request<'_>) -> Session {
    engine.begin(circumstances(request))
}

/// As [`resume`], as if the browser had sent this `Cookie` header.
///
/// # Errors
/// The store does not answer.
pub async fn resume_with(
    engine: &Arc<Engine>,
    request: &Request<'_>,
    header: &str,
) -> Result<Session, Unavailable> {
    engine.resume(std::iter::once(header), circumstances(request)).await
}

/// The ID that the request's cookie names, if its signature is genuine. The store is not asked, so
/// there may be no such session any more.
pub fn presented_id(request: &Request<'_>) -> Option<Sid> {
    let engine: &Arc<Engine> = request.rocket().state()?;
    engine.presented_id(request.headers().get("cookie"))
}

fn circumstances<'r>(request: &'r Request<'_>) -> Circumstances<'r> {
    Circumstances {
        path: request.uri().path().as_str(),
        https: is_https(request),
        user_agent: request.headers().get_one("user-agent"),
    }
}

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
