//! `Set-Cookie` lines that the session crate would not write: typed values, giant cookies, wrong dates.

use rocket::Request;
use rocket_express_session::{CookieRecord, Timestamp, cookie};

use super::PATH;
use crate::names::LAB_COOKIE;

/// `lab.sid` with this value, which is encoded already. Without a date, it lasts until the browser is closed.
pub(super) fn ticket(value: &str, expires: Option<Timestamp>) -> String {
    let expires = expires.map_or(String::new(), |at| format!("; Expires={}", at.to_http_date()));
    format!("{LAB_COOKIE}={value}; Path={PATH}{expires}; HttpOnly; SameSite=Lax")
}

pub(super) fn no_ticket() -> String {
    ticket("", Some(Timestamp::from_millis(0)))
}

pub(super) fn plain(name: &str, value: &str) -> String {
    with(name, value, "; HttpOnly; SameSite=Lax")
}

/// A cookie of the lab. Its value is encoded as Express does it, so it cannot end the line.
pub(super) fn with(name: &str, value: &str, attributes: &str) -> String {
    let pair = cookie::set_line(name, value, &CookieRecord::default());
    format!("{pair}; Path={PATH}{attributes}")
}

/// The decoded value of this cookie, if the browser has sent it.
pub(super) fn received(request: &Request<'_>, name: &str) -> Option<String> {
    let value = cookie::request_values(request, name).next()?;
    Some(cookie::decode(value).into_owned())
}

/// The ticket in a `Set-Cookie` line; `None` if the line is about another cookie, or deletes the ticket.
pub(super) fn ticket_in(line: &str) -> Option<&str> {
    let value = line.strip_prefix(LAB_COOKIE)?.strip_prefix('=')?.split(';').next();
    value.filter(|value| !value.is_empty())
}

/// The session ID in the value, without its prefix and its signature.
pub(super) fn without_signature(value: &str) -> String {
    let id = value.trim_start_matches("s%3A").split('.').next();
    id.unwrap_or_default().to_owned()
}
