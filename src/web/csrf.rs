//! Requests that another site makes our visitor's browser send: refused before any route.
//!
//! The browser attaches the ticket to every request, whoever wrote the form. It also says, in
//! `Sec-Fetch-Site` or `Origin`, where the form was: that is what counts here, after Go's
//! net/http.CrossOriginProtection (OWASP ASVS 3.5.1). A client that sends neither is no browser and
//! carries no visitor's cookie.

use rocket::fairing::AdHoc;
use rocket::http::{Method, Status};
use rocket::{Request, Route, get, routes, uri};

use super::origin::is_same_host;
use crate::audit;
use crate::trace::{self, Step};

/// Attaches the check. It stands in front of all routes, so a new one cannot forget it.
pub fn stage() -> AdHoc {
    AdHoc::on_request("Cross-site requests", |request, _| {
        Box::pin(async move {
            if is_disguised_head(request) || is_unsafe(request) && is_from_elsewhere(request) {
                audit::record_cross_site(request);
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
    !headers.get("origin").all(|origin| is_same_host(origin, host))
}

/// Whether the request has been refused here, so that the error page can say why.
pub fn is_refused(request: &Request<'_>) -> bool {
    request.uri().path() == uri!(refused).path()
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
