//! Cookie lines that no proper engine would write: altered tickets, giant cookies, wrong clocks.

use std::time::{Duration, SystemTime};

use time::OffsetDateTime;
use time::macros::format_description;

use super::{COOKIE, PATH};

/// `lab.sid` with this value, until the browser is closed or for so long.
pub fn ticket(value: &str, lives: Option<Duration>) -> String {
    let expires = lives.map_or(String::new(), |lives| {
        let moment = OffsetDateTime::from(SystemTime::now() + lives);
        let format = format_description!(
            "; Expires=[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT"
        );
        moment.format(format).unwrap_or_default()
    });
    format!("{COOKIE}={value}; Path={PATH}{expires}; HttpOnly; SameSite=Lax")
}

/// Takes a cookie of the lab away.
pub fn forget(name: &str) -> String {
    format!("{name}=; Path={PATH}; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; SameSite=Lax")
}

/// A cookie of the lab with any value.
pub fn plain(name: &str, value: &str) -> String {
    format!("{name}={value}; Path={PATH}; HttpOnly; SameSite=Lax")
}

/// The value in a `Set-Cookie` line of the lab's engine.
pub fn value(line: &str) -> Option<&str> {
    line.strip_prefix(COOKIE)?.strip_prefix('=')?.split(';').next()
}

/// Another character in the number.
pub fn with_other_number(value: &str) -> String {
    alter(value, "s%3A".len())
}

/// Another character in the seal.
pub fn with_other_seal(value: &str) -> String {
    value.find('.').map_or_else(String::new, |dot| alter(value, dot + 1))
}

/// The number without any seal.
pub fn without_seal(value: &str) -> String {
    let number = value.trim_start_matches("s%3A").split('.').next();
    number.unwrap_or_default().to_owned()
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
        assert_eq!(with_other_number(genuine), "s%3AAwHENQ.sEal%2B");
        assert_eq!(with_other_seal(genuine), "s%3AowHENQ.AEal%2B");
        assert_eq!(with_other_seal("s%3Ax.A"), "s%3Ax.B");
        assert_eq!(without_seal(genuine), "owHENQ");
    }

    #[test]
    fn a_line_holds_what_was_put_in() {
        let line = ticket("s%3Ax.y", Some(Duration::from_secs(20)));
        assert_eq!(value(&line), Some("s%3Ax.y"));
        assert!(line.contains("; Expires=") && line.contains(" GMT; HttpOnly"), "{line}");
        assert!(!ticket("s%3Ax.y", None).contains("Expires"));
    }
}
