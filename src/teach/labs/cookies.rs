//! `Set-Cookie` lines that the session crate would not write: typed values, giant cookies, wrong dates.

use std::time::Duration;

use rocket_express_session::{CookieRecord, Timestamp, cookie};

use super::PATH;
use crate::names::LAB_COOKIE;

/// `lab.sid` with this value, for `lifetime` or until the browser is closed.
pub(super) fn ticket(value: &str, lifetime: Option<Duration>) -> String {
    let expires = lifetime.map_or(String::new(), |lifetime| {
        format!("; Expires={}", Timestamp::now().plus(lifetime).to_http_date())
    });
    format!("{LAB_COOKIE}={value}; Path={PATH}{expires}; HttpOnly; SameSite=Lax")
}

/// Deletes a cookie of the lab.
pub(super) fn forget(name: &str) -> String {
    format!("{name}=; Path={PATH}; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; SameSite=Lax")
}

/// A cookie of the lab with any value.
pub(super) fn plain(name: &str, value: &str) -> String {
    with(name, value, "; HttpOnly; SameSite=Lax")
}

/// A cookie of the lab with any value and these attributes. The value is encoded as Express does it, so it
/// cannot end the line.
pub(super) fn with(name: &str, value: &str, attributes: &str) -> String {
    let pair = cookie::set_line(name, value, &CookieRecord::default());
    format!("{pair}; Path={PATH}{attributes}")
}

/// The value in a `Set-Cookie` line of the lab's sessions.
pub(super) fn value(line: &str) -> Option<&str> {
    line.strip_prefix(LAB_COOKIE)?.strip_prefix('=')?.split(';').next()
}

/// The session ID in the value, without its prefix and its signature.
pub(super) fn without_signature(value: &str) -> String {
    let id = value.trim_start_matches("s%3A").split('.').next();
    id.unwrap_or_default().to_owned()
}
