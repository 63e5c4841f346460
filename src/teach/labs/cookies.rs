//! `Set-Cookie` lines that the session crate would not write: altered tickets, giant cookies, wrong dates.

use std::time::Duration;

use rocket_express_session::Timestamp;

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
    format!("{name}={value}; Path={PATH}; HttpOnly; SameSite=Lax")
}

/// The value in a `Set-Cookie` line of the lab's sessions.
pub(super) fn value(line: &str) -> Option<&str> {
    line.strip_prefix(LAB_COOKIE)?.strip_prefix('=')?.split(';').next()
}

/// The value with another character in the session ID.
pub(super) fn with_other_id(value: &str) -> String {
    alter(value, "s%3A".len())
}

/// The value with another character in the signature.
pub(super) fn with_other_signature(value: &str) -> String {
    value.find('.').map_or_else(String::new, |dot| alter(value, dot + 1))
}

/// The session ID without a signature.
pub(super) fn without_signature(value: &str) -> String {
    let id = value.trim_start_matches("s%3A").split('.').next();
    id.unwrap_or_default().to_owned()
}

fn alter(value: &str, at: usize) -> String {
    let replaced = |(n, character): (usize, char)| match character {
        'A' if n == at => 'B',
        _ if n == at => 'A',
        other => other,
    };
    value.char_indices().map(replaced).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_character_is_another_one() {
        let genuine = "s%3AowHENQ.sEal%2B";
        assert_eq!(with_other_id(genuine), "s%3AAwHENQ.sEal%2B");
        assert_eq!(with_other_signature(genuine), "s%3AowHENQ.AEal%2B");
        assert_eq!(with_other_signature("s%3Ax.A"), "s%3Ax.B");
        assert_eq!(without_signature(genuine), "owHENQ");
    }

    #[test]
    fn a_line_holds_what_was_put_in() {
        let line = ticket("s%3Ax.y", Some(Duration::from_secs(20)));
        assert_eq!(value(&line), Some("s%3Ax.y"));
        assert!(line.contains("; Expires=") && line.contains(" GMT; HttpOnly"), "{line}");
        assert!(!ticket("s%3Ax.y", None).contains("Expires"));
    }
}
