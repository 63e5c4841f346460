//! Requests whose head is too large: refused before any route, and before the rest of us reads it.
//!
//! hyper takes heads of about 400 KB, and Rocket has no setting for that; both have read the head
//! when this runs. What costs more than its length with either is not asked of them (`accept.rs`).
//! A proxy in front refuses earlier (docs/deploy.md).

use rocket::fairing::AdHoc;
use rocket::http::{Method, Status};
use rocket::{Request, Route, get, routes, uri};

/// Bytes of the address and of all header lines. Browsers send 1 to 4 KB, and a cookie has at most 4.
const MAX_HEAD: usize = 32 * 1024;

/// Attaches the check, behind the first line of the log and in front of all else.
pub fn stage() -> AdHoc {
    AdHoc::on_request("Head limit", |request, _| {
        Box::pin(async move {
            if length(request) > MAX_HEAD {
                request.set_method(Method::Get);
                request.set_uri(uri!(refused));
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

/// Where refused requests end: Rocket's fairings cannot answer.
#[get("/request-head-too-large")]
fn refused() -> Status {
    Status::RequestHeaderFieldsTooLarge
}

/// The address of the refusal.
pub fn routes() -> Vec<Route> {
    routes![refused]
}
