//! Protects all requests and responses: two checks of each request, and headers for each response. All routes
//! have them, so a new route cannot forget one.
//!
//! The head: hyper accepts heads of about 400 KB, and Rocket has no setting for that. Both have read the head
//! when this check runs. So our code avoids functions whose cost grows faster than the head (`accept.rs`). A
//! proxy in front rejects large heads earlier (docs/deploy.md).
//!
//! The site: a form on another site can make the browser send a request with our cookie. The browser also
//! sends `Sec-Fetch-Site` or `Origin`, which say where the form is. These headers decide, as in Go's
//! net/http.CrossOriginProtection (OWASP ASVS 3.5.1). A client that sends neither is not a browser, and
//! carries no visitor's cookie.

use rocket::fairing::AdHoc;
use rocket::http::uri::Origin;
use rocket::http::{Method, Status};
use rocket::response::{self, Responder};
use rocket::{Request, Response, Route, get, routes, uri};

use super::origin::is_same_host;
use crate::audit;
use crate::proxy::is_https;
use crate::trace::{self, Step};

/// The most bytes of the address and all header lines. Browsers send 1 to 4 KB, and a cookie adds at most 4
/// KB.
const MAX_HEAD: usize = 32 * 1024;

/// Attaches the check of the head. It runs first, after the arrival of the request is recorded.
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

/// The path of the one route that takes a POST from another site, if Rocket manages this. The route is part
/// of a lesson about such requests, and changes nothing.
pub struct OpenToOtherSites(pub &'static str);

/// Attaches the check for requests from other sites.
pub fn cross_site_requests() -> AdHoc {
    AdHoc::on_request("Cross-site requests", |request, _| {
        Box::pin(async move {
            let is_foreign = is_unsafe(request) && is_from_elsewhere(request);
            if is_disguised_head(request) || is_foreign && !is_open(request) {
                if is_foreign {
                    trace::note(|| Step::OriginRefused);
                }
                audit::record_cross_site(request);
                let address = refusal(request);
                request.set_method(Method::Get);
                request.set_uri(address);
            } else if is_unsafe(request) && !is_foreign {
                let says = |name| request.headers().contains(name);
                let by = ["sec-fetch-site", "origin"].into_iter().find(|name| says(*name));
                trace::note(|| Step::OriginChecked { by });
            }
        })
    })
}

/// The address of the refusal. The query stays, because it may name the page of a lesson that has sent the
/// request.
fn refusal(request: &Request<'_>) -> Origin<'static> {
    let address = uri!(cross_site);
    let with_query = |query| Origin::parse_owned(format!("{address}?{query}")).ok();
    request.uri().query().and_then(with_query).unwrap_or(address)
}

/// Whether the address is the open one, in exactly this spelling.
fn is_open(request: &Request<'_>) -> bool {
    let open = request.rocket().state::<OpenToOtherSites>();
    let path = request.uri().path().as_str();
    request.method() == Method::Post && open.is_some_and(|open| open.0 == path)
}

/// Whether the request may change something. A GET with a form as its body may: Rocket has replaced the
/// method of a POST with `_method=get`.
fn is_unsafe(request: &Request<'_>) -> bool {
    let is_safe = matches!(request.method(), Method::Get | Method::Head | Method::Options);
    !is_safe || request.content_type().is_some_and(|kind| kind.is_form())
}

/// Whether the request is a POST whose form says `_method=head`. Rocket would respond without a body,
/// although hyper has promised the browser one. The connection would break.
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

/// Whether the request was rejected because it came from another site. The error page says so.
pub fn is_cross_site(request: &Request<'_>) -> bool {
    request.uri().path() == uri!(cross_site).path()
}

/// Rejects a request whose head is too large. A fairing of Rocket cannot respond, so it sends the request to
/// this route.
#[get("/request-head-too-large")]
fn too_large() -> Status {
    Status::RequestHeaderFieldsTooLarge
}

#[get("/cross-site-request-refused")]
fn cross_site() -> Status {
    Status::Forbidden
}

/// Allows scripts, styles, images and requests from this site only, and nothing inline. `frame-ancestors`
/// forbids other sites to show our pages in frames (OWASP ASVS 3.4.3, 3.4.6).
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; \
    frame-ancestors 'none'";

/// For a page that plays another site. Browsers give it an origin of its own, so its requests are cross-site.
/// It may have forms, links and images, and no scripts and styles.
const SANDBOX: &str = "sandbox allow-forms allow-top-navigation; default-src 'none'; \
    img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// A response that is a page of another site for browsers.
pub struct Sandboxed<R>(pub R);

impl<'r, R: Responder<'r, 'static>> Responder<'r, 'static> for Sandboxed<R> {
    fn respond_to(self, request: &'r Request<'_>) -> response::Result<'static> {
        let mut response = self.0.respond_to(request)?;
        response.set_raw_header("Content-Security-Policy", SANDBOX);
        Ok(response)
    }
}

const ALWAYS: [(&str, &str); 5] = [
    ("X-Content-Type-Options", "nosniff"),
    // With `no-referrer`, browsers would send `Origin: null` with our own forms.
    ("Referrer-Policy", "same-origin"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
];

/// One year, for this host and its subdomains (OWASP ASVS 3.4.1). Sent over https only, so a class on a
/// laptop does not get it.
const STRICT_TRANSPORT_SECURITY: &str = "max-age=31536000; includeSubDomains";

/// Ten minutes: long enough to save requests, short enough for an update to show soon.
const STATIC_CACHE: &str = "public, max-age=600";

/// Attaches the headers. The fairing of the sessions runs before, because it may replace the response. A 403
/// also gets its audit line here.
pub fn headers() -> AdHoc {
    AdHoc::on_response("Headers", |request, response| {
        Box::pin(async move {
            if response.status() == Status::Forbidden {
                audit::record_denial(request).await;
            }
            set_headers(request, response);
            in_one_piece(response).await;
        })
    })
}

/// The largest response that is sent in one piece, in bytes.
const PIECE: usize = 64 * 1024;

/// Sends a small response in one piece, together with its head. Rocket's own pieces have 4 KB. An instance
/// that is killed has then sent the whole page or nothing. After nothing, the proxy asks another instance
/// (docs/reliability.md).
async fn in_one_piece(response: &mut Response<'_>) {
    if let Some(size) = response.body_mut().size().await
        && size <= PIECE
    {
        response.set_max_chunk_size(size.max(1));
    }
}

/// Sets all headers. A second call changes nothing.
pub fn set_headers(request: &Request<'_>, response: &mut Response<'_>) {
    let is_sandboxed = response.headers().get_one("Content-Security-Policy") == Some(SANDBOX);
    let policy = if is_sandboxed { SANDBOX } else { CONTENT_SECURITY_POLICY };
    response.set_raw_header("Content-Security-Policy", policy);
    for (name, value) in ALWAYS {
        response.set_raw_header(name, value);
    }
    if is_https(request) {
        response.set_raw_header("Strict-Transport-Security", STRICT_TRANSPORT_SECURITY);
    }
    // A page may show the username, and Back must not show that page after the logout. So browsers store no
    // page. Static files are the same for all visitors, and `assets.rs` has set how long its files are kept.
    if !is_static_file(request, response) {
        response.set_raw_header("Cache-Control", "no-store");
    } else if !response.headers().contains("Cache-Control") {
        response.set_raw_header("Cache-Control", STATIC_CACHE);
    }
}

/// The files outside `/static/` that are the same for all visitors.
const SHARED_FILES: [&str; 4] =
    ["/favicon.ico", "/apple-touch-icon.png", "/robots.txt", "/.well-known/security.txt"];

fn is_static_file(request: &Request<'_>, response: &Response<'_>) -> bool {
    let path = request.uri().path();
    let is_file = path.starts_with("/static/") || SHARED_FILES.iter().any(|file| path == *file);
    let is_read = matches!(request.method(), Method::Get | Method::Head);
    is_read && is_file && response.status() == Status::Ok
}

/// The routes of rejected requests.
pub fn routes() -> Vec<Route> {
    routes![too_large, cross_site]
}
