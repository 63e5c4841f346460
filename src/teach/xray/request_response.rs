//! The first row and the last one: the request, and the response.

use std::time::Duration;

use super::effects::MAX_COOKIE;
use super::row::{Lane, Row};
use super::sentences::Sentence;
use crate::names::{DEVICE_COOKIE, FLASH_COOKIE};
use crate::trace::{Cookie, Exchange};

/// The request.
pub(super) fn request(exchange: &Exchange) -> Row {
    // By its form, or because the session engine read it.
    let is_session =
        |cookie: &&Cookie| cookie.sid.is_some() || exchange.written(&cookie.name).is_some();
    let mut cookies = exchange.cookies.iter().filter(is_session);
    let cookie = cookies.clone().find(|cookie| !cookie.name.starts_with("lab."));
    let of_lab = cookies.find(|cookie| cookie.name.starts_with("lab."));
    let sentence = match (exchange.method.as_str(), cookie) {
        ("POST", None) => Sentence::new("form-request"),
        ("POST", Some(cookie)) => with_cookie("form-request-with-cookie", cookie),
        (_, None) => Sentence::new("page-request"),
        (_, Some(cookie)) => with_cookie("page-request-with-cookie", cookie),
    };
    let sentence = sentence.with("method", &exchange.method).with("path", &exchange.path);
    let sentence = match of_lab {
        Some(cookie) => sentence.with_sentence("lab", with_cookie("lab-cookie", cookie)),
        None => sentence.with("lab", ""),
    };
    Row::new(Duration::ZERO, Lane::Request, sentence)
}

fn with_cookie(key: &'static str, cookie: &Cookie) -> Sentence {
    let sid = cookie.sid.as_deref().unwrap_or_default();
    Sentence::new(key).with("name", &cookie.name).with("sid", sid).with("bytes", cookie.bytes)
}

/// The response.
pub(super) fn response(exchange: &Exchange) -> Row {
    let sentence = match &exchange.location {
        Some(to) => {
            let path = to.split('?').next().unwrap_or_default();
            Sentence::new("response-redirect").with("path", path)
        }
        None => Sentence::new("response"),
    };
    let sentence = match exchange.bytes {
        Some(bytes) => {
            sentence.with_sentence("size", Sentence::new("response-size").with("bytes", bytes))
        }
        None => sentence.with("size", ""),
    };
    let sentence = if exchange.set_cookies.is_empty() {
        sentence.with_sentence("cookies", Sentence::new("no-set-cookie"))
    } else {
        let cookies = exchange.set_cookies.iter().map(|cookie| set_cookie(cookie, exchange));
        sentence.with_all("cookies", cookies.collect(), "between-cookies")
    };
    Row::new(exchange.took, Lane::Reply, sentence.with("status", exchange.status))
}

fn set_cookie(cookie: &Cookie, exchange: &Exchange) -> Sentence {
    let sent = exchange.cookies.iter().find(|sent| sent.name == cookie.name);
    let is_same = sent.is_some_and(|sent| sent.sid == cookie.sid);
    // A lab may write a cookie that no session engine would.
    let is_by_engine = exchange.written(&cookie.name).is_some();
    let name = cookie.name.as_str();
    let key = match &cookie.sid {
        _ if cookie.is_gone => "set-cookie-deleted",
        _ if cookie.bytes > MAX_COOKIE => "set-cookie-too-large",
        Some(_) if !is_by_engine => "set-cookie-by-lab",
        Some(_) if is_same => "set-cookie-same-session",
        Some(_) => "set-cookie-session",
        None if DEVICE_COOKIE.contains(&name) => "set-cookie-device",
        None if FLASH_COOKIE.contains(&name) => "set-cookie-flash",
        None => "set-cookie",
    };
    let sid = cookie.sid.as_deref().unwrap_or_default();
    Sentence::new(key)
        .with("name", name)
        .with("sid", sid)
        .with("bytes", cookie.bytes)
        .with("value", format_args!("{sid}●●●"))
        .with("attributes", &cookie.attributes)
}
