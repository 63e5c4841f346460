//! One address for each page: `/dashboard/` and `//dashboard` redirect to `/dashboard`.
//!
//! Rocket's router ignores empty parts of a path. So each page would have many addresses, and a search engine
//! or a link check would count each as a page. Only a GET or a HEAD is redirected, and only if a route serves
//! the address; otherwise the slash leads to a 404 as any wrong address does. The status is 308, which keeps
//! the method.
//!
//! The redirect never leads to another site. Its path has no empty part, so it does not begin with `//`. And
//! `LocalPath` rejects what browsers read as a slash, such as a backslash.

use std::convert::Infallible;

use rocket::fairing::AdHoc;
use rocket::http::uri::Origin;
use rocket::http::{Method, Status};
use rocket::request::{FromRequest, Outcome};
use rocket::response::Redirect;
use rocket::{Request, Route, get, routes, uri};

use super::methods::has_page;
use super::next::LocalPath;

/// Attaches the redirects. They come after the checks of `protection`, which may reject the request.
pub fn addresses() -> AdHoc {
    AdHoc::on_request("Canonical addresses", |request, _| {
        Box::pin(async move {
            if let Some(target) = canonical(request) {
                request.local_cache(|| Target(Some(target)));
                request.set_uri(uri!(moved));
            }
        })
    })
}

/// The canonical address of a page that was requested by another one.
fn canonical(request: &Request<'_>) -> Option<Origin<'static>> {
    let (path, query) = (request.uri().path().as_str(), request.uri().query());
    let has_empty_part = path.len() > 1 && (path.ends_with('/') || path.contains("//"));
    let is_read = matches!(request.method(), Method::Get | Method::Head);
    if !has_empty_part || !is_read || !has_page(request) {
        return None;
    }
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let path = LocalPath::parse(&format!("/{}", parts.join("/")))?.into_reference();
    let query = query.map_or(String::new(), |query| format!("?{query}"));
    Origin::parse_owned(format!("{path}{query}")).ok()
}

/// The address that a request is redirected to. `None` for a request that no redirect was found for.
#[derive(Clone)]
struct Target(Option<Origin<'static>>);

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Target {
    type Error = Infallible;

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, Infallible> {
        match request.local_cache(|| Self(None)) {
            Self(None) => Outcome::Forward(Status::NotFound),
            target => Outcome::Success(target.clone()),
        }
    }
}

/// Redirects. A fairing of Rocket cannot respond, so it sends the request to this route.
#[get("/canonical-address")]
fn moved(target: Target) -> Option<Redirect> {
    target.0.map(Redirect::permanent)
}

/// The route of redirected requests.
pub(super) fn routes() -> Vec<Route> {
    routes![moved]
}
