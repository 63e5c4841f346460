//! Refuses options with which no browser would keep the cookie, or no session would live.

use super::{CookieOptions, Options, SameSiteName, SameSiteOption, Secure};
use crate::cookie::{is_host_name, needs_http_only, needs_secure};
use crate::cookie_record::is_attribute_value;
use crate::error::OptionsError;

impl Options {
    /// Refuses options with which no browser would keep the cookie, or no session would live.
    ///
    /// [`Builder::build`](crate::Builder::build) calls this; an app that reads its settings earlier may as
    /// well.
    ///
    /// # Errors
    /// The setting that is wrong, and what to write instead.
    pub fn check(&self) -> Result<(), OptionsError> {
        self.find_fault().map_err(OptionsError)
    }

    fn find_fault(&self) -> Result<(), &'static str> {
        if self.secret.iter().next().is_none() {
            return Err("`secret` is missing: set it to a long random text");
        }
        self.check_name()?;
        self.cookie.check()?;
        if self.idle_timeout.is_zero() || self.absolute_timeout.is_zero() {
            return Err("idle_timeout and absolute_timeout must be greater than 0");
        }
        Ok(())
    }

    /// Browsers refuse a cookie that lacks what its name promises (RFC 6265bis, section 4.1.3).
    fn check_name(&self) -> Result<(), &'static str> {
        // RFC 6265, 4.1.1: a cookie's name is a token.
        let is_token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
        let (name, cookie) = (&self.name, &self.cookie);
        if name.is_empty() || !name.chars().all(is_token) {
            Err("`name` may only contain letters, digits and signs such as . - _")
        } else if is_host_name(name)
            && !(cookie.path == "/" && cookie.domain.is_none() && cookie.may_be_secure())
        {
            Err(
                "a `name` that begins with __Host- needs cookie.path = \"/\", no cookie.domain, and \
                 a cookie.secure that is not false",
            )
        } else if needs_secure(name) && !cookie.may_be_secure() {
            Err("a `name` that begins with __Secure- or __Http- needs a cookie.secure that is not \
                 false")
        } else if needs_http_only(name) && !cookie.http_only {
            Err("a `name` that begins with __Http- or __Host-Http- needs cookie.http_only = true")
        } else {
            Ok(())
        }
    }
}

impl CookieOptions {
    fn may_be_secure(&self) -> bool {
        self.secure != Secure::Always(false)
    }

    fn check(&self) -> Result<(), &'static str> {
        let same_site = match self.same_site {
            SameSiteOption::Name(name) => Some(name),
            SameSiteOption::Flag(_) => None,
        };
        let can_be_none = matches!(same_site, Some(SameSiteName::None | SameSiteName::Auto));
        if can_be_none && !self.may_be_secure() {
            return Err(
                "cookie.same_site = \"none\" or \"auto\" needs a cookie.secure that is not \
                        false: browsers reject SameSite=None without Secure",
            );
        }
        if !self.path.starts_with('/') {
            return Err("cookie.path must begin with /, as in \"/\"");
        }
        if !is_attribute_value(&self.path) || self.path.contains(['?', '#', ' ', '\\']) {
            return Err(
                "cookie.path must be a plain path such as \"/\", without spaces, semicolons, a \
                        query or characters outside ASCII",
            );
        }
        self.domain.as_deref().map_or(Ok(()), check_domain)
    }
}

/// A host name (RFC 1123, section 2.1), with or without a dot in front (RFC 6265, section 5.2.3).
fn check_domain(domain: &str) -> Result<(), &'static str> {
    if domain.is_empty() {
        return Err(
            "cookie.domain must not be empty. Leave it out to send the cookie to this host only",
        );
    }
    if !domain.is_ascii() {
        return Err("cookie.domain must be written in punycode, such as \"xn--bcher-kva.example\"");
    }
    let is_label = |label: &str| {
        let is_of_label = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        (1..=63).contains(&label.len())
            && label.bytes().all(is_of_label)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let name = domain.strip_prefix('.').unwrap_or(domain);
    if name.len() > 253 || !name.split('.').all(is_label) {
        return Err(
            "cookie.domain must be a host name such as \"example.com\", without http://, a port, a \
                    path or spaces. Leave it out to send the cookie to this host only",
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signature::Secrets;

    fn check(json: &str) -> Result<(), OptionsError> {
        let options: Options = serde_json::from_str(json).unwrap();
        Options { secret: secret(), ..options }.check()
    }

    fn secret() -> Secrets {
        Secrets::new(["a secret".to_owned()]).unwrap()
    }

    #[test]
    fn a_secret_is_needed() {
        assert!(Options::default().check().is_err());
    }

    #[test]
    fn pairs_that_no_browser_takes_are_refused() {
        for json in [
            r#"{"name":"__Host-sid","cookie":{"path":"/app"}}"#,
            r#"{"name":"__host-sid","cookie":{"domain":"example.org"}}"#,
            r#"{"name":"__HOST-sid","cookie":{"secure":false}}"#,
            r#"{"name":"__Secure-sid","cookie":{"secure":false}}"#,
            r#"{"name":"__secure-sid","cookie":{"secure":false}}"#,
            r#"{"name":"__Http-sid","cookie":{"http_only":false}}"#,
            r#"{"name":"__Host-Http-sid","cookie":{"http_only":false}}"#,
            r#"{"cookie":{"same_site":"none","secure":false}}"#,
            r#"{"cookie":{"same_site":"auto","secure":false}}"#,
        ] {
            assert!(check(json).is_err(), "{json}");
        }
        for json in [
            r#"{"name":"__Host-sid"}"#,
            r#"{"name":"__Host-sid","cookie":{"secure":true}}"#,
            r#"{"name":"__Secure-sid","cookie":{"path":"/app","domain":"example.org"}}"#,
            r#"{"cookie":{"same_site":"none"}}"#,
            r#"{"cookie":{"same_site":true,"secure":false}}"#,
        ] {
            assert_eq!(check(json), Ok(()), "{json}");
        }
    }

    #[test]
    fn a_domain_is_a_host_name() {
        let of = |domain: &str| {
            let mut options = Options { secret: secret(), ..Options::default() };
            options.cookie.domain = Some(domain.to_owned());
            options.check()
        };
        let (long, longest) = ("a".repeat(64), format!("{}.a", "abcd.".repeat(52)));
        for bad in [
            "example.com:8000",
            "http://example.com",
            "https://example.com/",
            "//example.com",
            "example.com/app",
            "my site.org",
            " example.com",
            "example.com ",
            "",
            ".",
            "..",
            "..example.com",
            "example..com",
            "example.com.",
            "-example.com",
            "example-.com",
            "*.example.com",
            "user@example.com",
            "example.com;secure",
            "exam\nple.com",
            "[::1]",
            "::1",
            &long,
            &longest,
        ] {
            assert!(of(bad).is_err(), "{bad:?}");
        }
        assert!(of("b\u{fc}cher.example").unwrap_err().0.contains("punycode"));
        for good in
            ["example.com", ".example.com", "EXAMPLE.com", "xn--bcher-kva.example", "my_app.lan"]
        {
            assert_eq!(of(good), Ok(()), "{good}");
        }
    }

    #[test]
    fn a_path_begins_with_a_slash() {
        let of = |path: &str| {
            let mut options = Options { secret: secret(), ..Options::default() };
            options.cookie.path = path.to_owned();
            options.check()
        };
        for bad in
            ["app", "", " /", "\\", "./", "http://x/", "/a;b", "/a b", "/a?b", "/a#b", "/\u{e9}"]
        {
            assert!(of(bad).is_err(), "{bad:?}");
        }
        assert_eq!((of("/"), of("/app"), of("/app/")), (Ok(()), Ok(()), Ok(())));
    }
}
