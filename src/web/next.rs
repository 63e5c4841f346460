//! The address after a login, in a type that can only be a path on this site.
//!
//! `//evil.example` and `/\evil.example` look like paths, but browsers take them for other sites. A real
//! login page that redirects to other sites helps phishing (OWASP ASVS 3.7.2).

use percent_encoding::percent_decode_str;
use rocket::Request;
use rocket::http::uri::{Origin, Reference};

use super::methods::has_page;

/// The most bytes of an address to lead back to. A `Location` header repeats the address, and there `%` takes
/// three bytes. Proxies limit such headers.
const LONGEST: usize = 2_048;

/// The pages to which no login leads back: a user who has just logged in wants none of them.
const LOGIN_PAGES: [&str; 3] = ["/login", "/logout", "/register"];

/// A path of this site, with its query and fragment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LocalPath(Reference<'static>);

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
        let parsed = Reference::parse_owned(text.to_owned()).ok()?;
        let is_local = parsed.scheme().is_none() && parsed.authority().is_none();
        is_local.then_some(Self(parsed))
    }

    /// Parses the path to which a login leads. `None` for one of [`LOGIN_PAGES`] as well.
    pub(super) fn after_login(text: &str) -> Option<Self> {
        let local = Self::parse(text)?;
        let plain = percent_decode_str(local.0.path().as_str()).decode_utf8_lossy();
        let is_useful = !LOGIN_PAGES.contains(&plain.trim_end_matches('/'));
        is_useful.then_some(local)
    }

    /// The path as Rocket writes it into a `Location` header.
    pub(super) fn into_reference(self) -> Reference<'static> {
        self.0
    }
}

/// The address of `page`, which leads on to `next`. A `next` that is no valid path is left out.
///
/// This function does not use `uri!`, which would escape the slash. The address is to be
/// `/login?next=/dashboard`.
pub(super) fn with_next(page: &'static str, next: &str) -> Origin<'static> {
    let next = LocalPath::after_login(next).map(LocalPath::into_reference);
    let address = next.map(|next| format!("{page}?next={}", escape(&next.to_string())));
    let address = address.and_then(|address| Origin::parse_owned(address).ok());
    address.unwrap_or_else(|| Origin::const_new(page, None))
}

/// The path of a request, for a link. A link to "//host" would lead to another site.
pub(super) fn local_path(request: &Request<'_>) -> String {
    format!("/{}", request.uri().path().as_str().trim_start_matches('/'))
}

/// The addresses of forms, and the pages that have these forms. An address below one of them is such an
/// address as well.
const FORM_PAGES: [(&str, &str); 3] =
    [("/coat", "/dashboard"), ("/account", "/account"), ("/admin", "/admin")];

/// The page that has the form to which this request was sent: one of [`FORM_PAGES`], the page at the address
/// itself, or the room of a class.
pub(super) fn page_of_form(request: &Request<'_>) -> Option<String> {
    let path = local_path(request);
    let is_below = |parent: &str| {
        path.strip_prefix(parent).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    if let Some((_, page)) = FORM_PAGES.iter().find(|(form, _)| is_below(form)) {
        return Some((*page).to_owned());
    }
    if has_page(request) {
        return Some(path);
    }
    is_below("/class").then(|| "/class".to_owned())
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
        for path in [
            "/dashboard",
            "/",
            "/a/b?c=d&e=%2Ff",
            "/caf%C3%A9",
            "/a//b",
            "/dashboard?q=a%20b",
            "/account?x=1&y=2#change",
            "/logins",
        ] {
            assert_eq!(LocalPath::parse(path).unwrap().into_reference().to_string(), path);
        }
    }

    #[test]
    fn no_login_leads_to_a_page_of_a_login() {
        for path in ["/login", "/log%6Fut", "/logout/", "/register?next=/x#y"] {
            assert!(LocalPath::parse(path).is_some(), "{path}");
            assert_eq!(LocalPath::after_login(path), None, "{path}");
        }
        assert!(LocalPath::after_login("/logins").is_some());
    }

    #[test]
    fn the_address_of_the_login_page_has_the_page_that_follows() {
        let check = |next: &str, expected: &str| {
            assert_eq!(with_next("/login", next).to_string(), expected);
        };
        check("/account?x=1&y=2#change", "/login?next=/account?x=1%26y=2%23change");
        check("//evil", "/login");
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
