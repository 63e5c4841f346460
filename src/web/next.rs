//! Where to go after a login: a path on this site, parsed into a type that cannot lead elsewhere.
//!
//! `//evil.example` and `/\evil.example` look like paths and are other sites to a browser; an open
//! redirect behind a real login page is what phishing needs (OWASP ASVS 3.7.2).

use percent_encoding::percent_decode_str;
use rocket::http::uri::Origin;

/// Bytes of an address to lead back to. It stands in a `Location` header, where a proxy has its own
/// limits, and `%` takes three times its length there.
const LONGEST: usize = 2_048;

/// A path of this site, with its query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalPath(Origin<'static>);

impl LocalPath {
    /// `None` for everything that is not plainly a path on this site, or too long.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() > LONGEST {
            return None;
        }
        let plain = percent_decode_str(text).decode_utf8().ok()?;
        // A space in a query is written %20; any other white space is up to something.
        let is_odd = |c: char| c == '\\' || c.is_control() || c.is_whitespace() && c != ' ';
        let leads_away = |path: &str| !path.starts_with('/') || path.starts_with("//");
        if leads_away(text) || leads_away(&plain) || plain.contains(is_odd) {
            return None;
        }
        Origin::parse_owned(text.to_owned()).ok().map(Self)
    }

    pub fn into_origin(self) -> Origin<'static> {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_this_site_are_followed() {
        for path in
            ["/dashboard", "/", "/a/b?c=d&e=%2Ff", "/caf%C3%A9", "/a//b", "/dashboard?q=a%20b"]
        {
            assert_eq!(LocalPath::parse(path).unwrap().into_origin().to_string(), path);
        }
    }

    #[test]
    fn an_address_that_is_too_long_is_not_led_back_to() {
        let path = |length: usize| format!("/{}", "a".repeat(length - 1));
        assert!(LocalPath::parse(&path(LONGEST)).is_some());
        assert_eq!(LocalPath::parse(&path(LONGEST + 1)), None);
    }

    #[test]
    fn whatever_might_lead_elsewhere_is_not() {
        for text in [
            "",
            "dashboard",
            "//evil",
            "//evil.example/x",
            "/\\evil",
            "\\\\evil",
            "/\t/evil",
            "/%09/evil",
            "/%5Cevil",
            "/%2F/evil",
            "/%2Fevil",
            "https:evil",
            "https://evil",
            "javascript:alert(1)",
            " /x",
            "/x\r\nSet-Cookie: a=b",
            "/%0d%0ax",
            "///evil",
            "/\u{a0}/evil",
            "data:text/html,x",
            "?x",
            "#x",
        ] {
            assert_eq!(LocalPath::parse(text), None, "{text:?}");
        }
    }
}
