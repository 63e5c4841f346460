//! Requests that another site makes our visitor's browser send: refused before any route.
//!
//! The browser attaches the ticket to every request, whoever wrote the form. It also says, in
//! `Sec-Fetch-Site` or `Origin`, where the form was: that is what counts here, after Go's
//! net/http.CrossOriginProtection (OWASP ASVS 3.5.1). A client that sends neither is no browser and
//! carries no visitor's cookie.

use crate::audit::{self, Decision, Event, Whom};
use crate::trace::{self, Step};
use rocket::fairing::AdHoc;
use rocket::http::{Method, Status};
use rocket::{Request, Route, get, routes, uri};

/// Attaches the check. It stands in front of all routes, so a new one cannot forget it.
pub fn stage() -> AdHoc {
    AdHoc::on_request("Cross-site requests", |request, _| {
        Box::pin(async move {
            if is_disguised_head(request) || is_unsafe(request) && is_from_elsewhere(request) {
                audit::record(request, Event::CrossSiteRequest, Decision::Refused, Whom::Unknown);
                request.set_method(Method::Get);
                request.set_uri(uri!(refused));
            } else if is_unsafe(request) {
                let says = |name| request.headers().contains(name);
                let by = ["sec-fetch-site", "origin"].into_iter().find(|name| says(*name));
                trace::note(|| Step::Origin { by });
            }
        })
    })
}

/// Rocket has already replaced the method of a form whose first field is `_method=get`. A form in
/// the body of a GET is such a POST in disguise.
fn is_unsafe(request: &Request<'_>) -> bool {
    let is_safe = matches!(request.method(), Method::Get | Method::Head | Method::Options);
    !is_safe || request.content_type().is_some_and(|kind| kind.is_form())
}

/// A POST whose form says `_method=head`. Rocket would answer it without a body, hyper promises the
/// browser one, and the connection breaks.
fn is_disguised_head(request: &Request<'_>) -> bool {
    request.method() == Method::Head && request.content_type().is_some_and(|kind| kind.is_form())
}

fn is_from_elsewhere(request: &Request<'_>) -> bool {
    let headers = request.headers();
    if headers.contains("sec-fetch-site") {
        let is_own = |site| site == "same-origin" || site == "none";
        return !headers.get("sec-fetch-site").all(is_own);
    }
    let host = headers.get_one("host").unwrap_or_default();
    // The scheme is not compared: behind a TLS proxy we see http, the browser https.
    let is_ours = |origin: &str| {
        let origin = origin.split_once("://").map_or("", |(_, host)| host);
        !origin.is_empty() && origin.eq_ignore_ascii_case(host)
    };
    !headers.get("origin").all(is_ours)
}

/// Where refused requests end. An address of its own, because Rocket's fairings cannot answer.
#[get("/cross-site-request-refused")]
fn refused() -> Status {
    Status::Forbidden
}

/// The address of the refusal.
pub fn routes() -> Vec<Route> {
    routes![refused]
}
