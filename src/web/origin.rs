//! Compares the `Origin` of a request with its `Host`, for `protection.rs`.
//!
//! A browser leaves the default port of a scheme out of `Origin`. Some proxies write it into `Host`.

use std::net::Ipv6Addr;

/// Whether the host and port of an `Origin` header are those of the `Host` header.
///
/// The scheme is not compared. Behind a TLS proxy, this program sees http, and the browser uses https.
pub(super) fn is_same_host(origin: &str, host: &str) -> bool {
    let Some((scheme, origin)) = origin.split_once("://") else { return false };
    let default_port = match scheme.to_ascii_lowercase().as_str() {
        "https" => 443,
        "http" => 80,
        _ => return false,
    };
    let parts = |text| {
        let (host, port) = split(text)?;
        Some((host, port.unwrap_or(default_port)))
    };
    let origin = parts(origin);
    origin.is_some() && origin == parts(host)
}

/// Splits an authority into the host, in one spelling, and the port if there is one.
fn split(authority: &str) -> Option<(String, Option<u16>)> {
    let end_of_host = match authority.strip_prefix('[') {
        Some(_) => authority.find(']')? + 1,
        None => authority.find(':').unwrap_or(authority.len()),
    };
    let (host, rest) = authority.split_at(end_of_host);
    let port = match rest.strip_prefix(':') {
        Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
            Some(digits.parse().ok()?)
        }
        None if rest.is_empty() => None,
        _ => return None,
    };
    let host = match host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(ip) => format!("[{}]", ip.parse::<Ipv6Addr>().ok()?),
        None => host.to_ascii_lowercase(),
    };
    let is_of_host = |c: char| c.is_ascii_alphanumeric() || "-._~%[]:".contains(c);
    let is_host = !host.is_empty() && host.chars().all(is_of_host);
    is_host.then_some((host, port))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(origin: &str, host: &str, expected: bool) {
        assert_eq!(is_same_host(origin, host), expected, "{origin} {host}");
    }

    #[test]
    fn a_default_port_is_no_difference() {
        for host in ["app.example", "app.example:443", "APP.example:443"] {
            check("https://app.example", host, true);
            check("https://app.example:443", host, true);
            check("HTTPS://App.Example", host, true);
        }
        check("http://app.example", "app.example:80", true);
        check("http://app.example:80", "app.example", true);
        check("http://127.0.0.1:8000", "127.0.0.1:8000", true);
        check("https://app.example:8443", "app.example:8443", true);
        check("https://[2001:db8::1]", "[2001:DB8::1]:443", true);
        check("https://[2001:db8:0:0::1]:443", "[2001:db8::1]", true);
        check("http://[::1]:8000", "[::1]:8000", true);
    }

    #[test]
    fn all_else_is_another_site() {
        check("https://app.example", "app.example:80", false);
        check("http://app.example", "app.example:443", false);
        check("https://app.example:8443", "app.example", false);
        check("https://app.example", "app.example:8443", false);
        check("https://app.example", "other.example", false);
        check("https://app.example.evil.example", "app.example", false);
        check("https://[::1]", "[::2]", false);
        for origin in [
            "",
            "null",
            "http://",
            "https://",
            "app.example",
            "ftp://app.example",
            "https://app.example/",
            "https://app.example:443/",
            "https://user@app.example",
            "https://app.example:",
            "https://app.example:0x1bb",
            "https://app.example:99999",
            "https://app.example:+443",
            "https://app.example https://evil.example",
            "https://app.example\\",
        ] {
            check(origin, "app.example", false);
        }
        for host in
            ["", ":443", "app.example:", "app.example/", "a@app.example", "[::1", "app.example:x"]
        {
            check("https://app.example", host, false);
            check(&format!("https://{host}"), host, false);
        }
    }
}
