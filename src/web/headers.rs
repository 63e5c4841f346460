//! What every answer carries, errors and static files included: one place, so that none is missed.
//!
//! Attached after the sessions, whose fairing may have put another response in place. From here the
//! response goes to the browser.

use rocket::fairing::AdHoc;
use rocket::http::{Method, Status};
use rocket::{Request, Response};

use crate::proxy::is_https;

/// Scripts, styles, images and requests from this site only, and none of them inline. `frame-
/// ancestors` keeps us out of other sites' frames (OWASP ASVS 3.4.3, 3.4.6).
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; \
    frame-ancestors 'none'";

const ALWAYS: [(&str, &str); 6] = [
    ("Content-Security-Policy", CONTENT_SECURITY_POLICY),
    ("X-Content-Type-Options", "nosniff"),
    // Not `no-referrer`: browsers would send `Origin: null` with our own forms.
    ("Referrer-Policy", "same-origin"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
];

/// A year, for this host and all hosts below it (OWASP ASVS 3.4.1). Over https only: a class on a
/// laptop has none.
const STRICT_TRANSPORT_SECURITY: &str = "max-age=31536000; includeSubDomains";

/// Long enough to save requests while a visitor clicks around, short enough for an update to show.
const STATIC_CACHE: &str = "public, max-age=600";

/// Attaches the headers.
pub fn stage() -> AdHoc {
    AdHoc::on_response("Headers", |request, response| {
        Box::pin(async move {
            set(request, response);
            in_one_piece(response).await;
        })
    })
}

/// Bytes of an answer that are handed to the connection at once.
const PIECE: usize = 64 * 1024;

/// A page goes to the connection in one piece, and not four kilobytes at a time: then it is ready
/// when its head is written, and goes with it. An instance that is killed leaves all of the page or
/// nothing, and of nothing the proxy asks another instance (docs/reliability.md).
async fn in_one_piece(response: &mut Response<'_>) {
    if let Some(size) = response.body_mut().size().await
        && size <= PIECE
    {
        response.set_max_chunk_size(size.max(1));
    }
}

/// Sets them all; a second time changes nothing.
pub fn set(request: &Request<'_>, response: &mut Response<'_>) {
    for (name, value) in ALWAYS {
        response.set_raw_header(name, value);
    }
    if is_https(request) {
        response.set_raw_header("Strict-Transport-Security", STRICT_TRANSPORT_SECURITY);
    }
    // A page may show who is logged in, and Back must not show it after the logout. So pages are
    // never kept; static files are the same for all visitors.
    let cache = if is_static_file(request, response) { STATIC_CACHE } else { "no-store" };
    response.set_raw_header("Cache-Control", cache);
}

fn is_static_file(request: &Request<'_>, response: &Response<'_>) -> bool {
    let is_read = matches!(request.method(), Method::Get | Method::Head);
    is_read && request.uri().path().starts_with("/static/") && response.status() == Status::Ok
}
