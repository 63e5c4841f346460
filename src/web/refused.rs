//! Requests that are refused before any route: with a head that is too large, or from another site.
//!
//! hyper takes heads of about 400 KB, and Rocket has no setting for that; both have read the head when this
//! runs. What costs more than its length with either is not asked of them (`accept.rs`). A proxy in front
//! refuses earlier (docs/deploy.md).
//!
//! The browser attaches the cookie to every request, whichever site the form is on. It also says, in
//! `Sec-Fetch-Site` or `Origin`, which site that is: that counts here, after Go's
//! net/http.CrossOriginProtection (OWASP ASVS 3.5.1). A client that sends neither is no browser and carries
//! no visitor's cookie.

use rocket::fairing::AdHoc;
use rocket::http::{Method, Status};
use rocket::{Request, Route, get, routes, uri};

use super::origin::is_same_host;
use crate::audit;
use crate::trace::{self, Step};

/// Bytes of the address and of all header lines. Browsers send 1 to 4 KB, and a cookie has at most 4.
const MAX_HEAD: usize = 32 * 1024;

/// Attaches the check of the head, behind the first line of the log and in front of all else.
pub fn too_large_heads() -> AdHoc {
    AdHoc::on_request("Head limit", |request, _| {
        Box::pin(async move {
            if length(request) > MAX_HEAD {
                request.set_method(Method::Get);
                request.set_uri(uri!(too_large));
            }
        })
    })
}

fn length(request: &Request<'_>) -> usize {
    let lines = request
        .headers()
        .iter()
        .map(|header| header.name().as_str().len() + header.value().len() + ": \r\n".len());
    let query = request.uri().query().map_or(0, |query| query.as_str().len());
    lines.sum::<usize>() + request.uri().path().as_str().len() + query
}

/// Attaches the check of the site. It stands in front of all routes, so a new one cannot forget it.
pub fn cross_site_requests() -> AdHoc {
    AdHoc::on_request("Cross-site requests", |request, _| {
        Box::pin(async move {
            if is_disguised_head(request) || is_unsafe(request) && is_from_elsewhere(request) {
                audit::record_cross_site(request);
                request.set_method(Method::Get);
                request.set_uri(uri!(cross_site));
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
    !headers.get("origin").all(|origin| is_same_host(origin, host))
}

/// Whether the request has been refused because it comes from another site, so that the error page can say so.
pub fn is_cross_site(request: &Request<'_>) -> bool {
    request.uri().path() == uri!(cross_site).path()
}

/// Where refused requests end. Addresses of their own, because Rocket's fairings cannot answer.
#[get("/request-head-too-large")]
fn too_large() -> Status {
    Status::RequestHeaderFieldsTooLarge
}

#[get("/cross-site-request-refused")]
fn cross_site() -> Status {
    Status::Forbidden
}

/// The addresses of the refusals.
pub fn routes() -> Vec<Route> {
    routes![too_large, cross_site]
}
