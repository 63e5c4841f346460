//! The first sentence and the last one: the request, and the response.

use super::effects::in_jar;
use super::sentences::Sentence;
use super::session::is_of_lab;
use crate::names::{DEVICE_COOKIE, FLASH_COOKIE};
use crate::trace::{Cookie, Exchange};

/// The request, with the session cookie of the site and that of a lab.
pub(super) fn request(exchange: &Exchange) -> Sentence {
    // By its form, or because the session engine read it.
    let is_session =
        |cookie: &&Cookie| cookie.sid.is_some() || exchange.written(&cookie.name).is_some();
    let cookies = exchange.cookies.iter().filter(is_session);
    let mut of_site = cookies.clone().filter(|cookie| !is_of_lab(&cookie.name));
    let of_lab = cookies.filter(|cookie| is_of_lab(&cookie.name)).take(1);
    let cookie = of_site.next();
    let key = match (exchange.method.as_str(), cookie) {
        ("POST", None) => "form-request",
        ("POST", Some(_)) => "form-request-with-cookie",
        (_, None) => "page-request",
        (_, Some(_)) => "page-request-with-cookie",
    };
    let sentence = match cookie {
        None => Sentence::new(key),
        Some(cookie) => of_cookie(key, cookie),
    };
    sentence
        .with("method", &exchange.method)
        .with("path", &exchange.path)
        .with_parts("lab", of_lab.map(|cookie| of_cookie("lab-cookie", cookie)))
}

/// The response, with the cookies that it sets.
pub(super) fn response(exchange: &Exchange) -> Sentence {
    let to = exchange.location.as_deref();
    let path = to.and_then(|to| to.split('?').next()).unwrap_or_default();
    let size = exchange.bytes.map(|bytes| Sentence::new("response-size").with("bytes", bytes));
    let set = exchange.set_cookies.iter();
    let set = set.map(|cookie| of_cookie(set_cookie(cookie, exchange), cookie));
    let no_cookie = exchange.set_cookies.is_empty().then(|| Sentence::new("no-set-cookie"));
    Sentence::new(if to.is_some() { "response-redirect" } else { "response" })
        .with("status", exchange.status)
        .with("path", path)
        .with_parts("size", size)
        .with_parts("cookies", set.chain(no_cookie))
}

fn of_cookie(key: &'static str, cookie: &Cookie) -> Sentence {
    Sentence::new(key)
        .with("name", &cookie.name)
        .with("sid", cookie.sid.as_deref().unwrap_or_default())
        .with("bytes", cookie.bytes)
        .with("attributes", &cookie.attributes)
}

fn set_cookie(cookie: &Cookie, exchange: &Exchange) -> &'static str {
    // A lab may write a cookie that no session engine would.
    let is_by_engine = exchange.written(&cookie.name).is_some();
    let name = cookie.name.as_str();
    match (in_jar(cookie, exchange).kind, &cookie.sid) {
        ("deleted", _) => "set-cookie-deleted",
        ("too_long", _) => "set-cookie-too-large",
        (_, Some(_)) if !is_by_engine => "set-cookie-by-lab",
        ("renewed", Some(_)) => "set-cookie-same-session",
        (_, Some(_)) => "set-cookie-session",
        (_, None) if DEVICE_COOKIE.contains(&name) => "set-cookie-device",
        (_, None) if FLASH_COOKIE.contains(&name) => "set-cookie-flash",
        (_, None) => "set-cookie",
    }
}
