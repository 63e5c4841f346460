//! The address after a login, in a type that can only be a path on this site.
//!
//! `//evil.example` and `/\evil.example` look like paths, but browsers take them for other sites. A real
//! login page that redirects to other sites helps phishing (OWASP ASVS 3.7.2).

use percent_encoding::percent_decode_str;
use rocket::http::uri::Origin;

/// The most bytes of an address to lead back to. A `Location` header repeats the address, and there `%` takes
/// three bytes. Proxies limit such headers.
const LONGEST: usize = 2_048;

/// A path of this site, with its query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LocalPath(Origin<'static>);

impl LocalPath {
    /// Parses a path. `None` for a text that is too long, or not clearly a path on this site.
    pub(super) fn parse(text: &str) -> Option<Self> {
        if text.len() > LONGEST {
            return None;
        }
        let plain = percent_decode_str(text).decode_utf8().ok()?;
        // A space in a query is written %20. Any other white space is suspicious.
        let is_odd = |c: char| c == '\\' || c.is_control() || c.is_whitespace() && c != ' ';
        let leads_away = |path: &str| !path.starts_with('/') || path.starts_with("//");
        if leads_away(text) || leads_away(&plain) || plain.contains(is_odd) {
            return None;
        }
        Origin::parse_owned(text.to_owned()).ok().map(Self)
    }

    /// The path as Rocket writes it into a `Location` header.
    pub(super) fn into_origin(self) -> Origin<'static> {
        self.0
    }
}

/// The address of the login page that leads back to `next`. A `next` that is no valid path is left out.
///
/// This function does not use `uri!`, which would escape the slash. The address is to be
/// `/login?next=/dashboard`.
pub(super) fn login_with_next(next: Option<&str>) -> Origin<'static> {
    let next = next.and_then(LocalPath::parse).map(LocalPath::into_origin);
    let login = next.map(|next| format!("/login?next={}", escape(&next.to_string())));
    let login = login.and_then(|login| Origin::parse_owned(login).ok());
    login.unwrap_or_else(|| Origin::const_new("/login", None))
}

/// Escapes the characters of a path that would end the value in a query, or that mean a space there.
fn escape(path: &str) -> String {
    path.replace('%', "%25").replace('&', "%26").replace('+', "%2B").replace('#', "%23")
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
