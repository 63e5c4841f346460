//! The cookie on the wire: reads the `Cookie` header and writes the `Set-Cookie` line.
//!
//! Handlers do not need this module; tests, tools, and apps with raw cookies of their own do. It does to the
//! letter what the npm packages `cookie` and `express-session` do, so that an Express app with the same
//! database takes our cookies and we take its. Rocket's jar cannot do this: it leaves `+` raw, forces
//! `SameSite`, and lets the last duplicate win.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use rocket::Request;

use crate::cookie_record::CookieRecord;
use crate::javascript::Timestamp;

/// The characters that `encodeURIComponent` does not encode: letters, digits and `-_.!~*'()`.
const ENCODE_URI_COMPONENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'!')
    .remove(b'~')
    .remove(b'*')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')');

/// Prefixes whose cookies must be Secure. `__Host-Http-` begins with the first.
const SECURE_PREFIXES: [&str; 3] = ["__host-", "__secure-", "__http-"];

/// HTTP's white space, and nothing else (RFC 6265, section 5.2): a browser keeps a cookie whose name
/// begins with U+2000, and that must not pass for one of ours.
const WHITE_SPACE: [char; 2] = [' ', '\t'];

/// The values of the request's cookies of this name, as the browser sent them.
pub fn request_values<'r>(request: &'r Request<'_>, name: &str) -> impl Iterator<Item = &'r str> {
    find_all(request.headers().get("cookie"), name)
}

/// The values of the cookies called `name` in these `Cookie` headers, as they were sent.
/// Names are compared as they are, not decoded.
pub fn find_all<'h>(
    headers: impl Iterator<Item = &'h str>,
    name: &str,
) -> impl Iterator<Item = &'h str> {
    headers
        .flat_map(|header| header.split(';'))
        .filter_map(|pair| pair.split_once('='))
        .filter(move |(key, _)| key.trim_matches(WHITE_SPACE) == name)
        .map(|(_, value)| value.trim_matches(WHITE_SPACE))
}

/// The plain value: without one pair of double quotes and without percent escapes. A value whose
/// escapes are broken is taken as it stands, because `decodeURIComponent` throws there.
pub fn decode(sent: &str) -> Cow<'_, str> {
    let value = unquote(sent);
    if !value.contains('%') || !escapes_are_whole(value.as_bytes()) {
        return Cow::Borrowed(value);
    }
    percent_decode_str(value).decode_utf8().unwrap_or(Cow::Borrowed(value))
}

/// The value without its double quotes. To the npm package, one double quote alone is both of them.
fn unquote(value: &str) -> &str {
    if value.starts_with('"') && value.ends_with('"') {
        value.get(1..value.len() - 1).unwrap_or_default()
    } else {
        value
    }
}

fn escapes_are_whole(bytes: &[u8]) -> bool {
    let is_hex = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_hexdigit);
    let mut percents = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'%');
    percents.all(|(at, _)| is_hex(at + 1) && is_hex(at + 2))
}

/// The `Set-Cookie` line for a signed value, with the attributes the session's record holds.
pub fn set_line(name: &str, value: &str, record: &CookieRecord) -> String {
    let value = utf8_percent_encode(value, ENCODE_URI_COMPONENT);
    format!("{name}={value}{}", attributes(record, record.expires()))
}

/// The line that makes a browser forget the cookie: the same name, domain and path, long expired.
/// (Express leaves the dead cookie with the browser.)
pub fn expire_line(name: &str, record: &CookieRecord) -> String {
    format!("{name}={}", attributes(record, Some(Timestamp::from_millis(0))))
}

/// Whether a browser sends a cookie of this `Path` with a request for `path` (RFC 6265, 5.1.4).
pub fn path_matches(path: &str, cookie_path: &str) -> bool {
    path.strip_prefix(cookie_path)
        .is_some_and(|rest| rest.is_empty() || cookie_path.ends_with('/') || rest.starts_with('/'))
}

/// Whether the name begins with `__Host-`, in upper or lower case. A browser takes such a cookie only with
/// `Secure` and `Path=/`, and without `Domain` (RFC 6265bis, 4.1.3.2), so no other host can set it.
pub fn is_host_name(name: &str) -> bool {
    has_prefix(name, "__host-")
}

/// Whether browsers take a cookie of this name only when it is Secure.
pub(crate) fn needs_secure(name: &str) -> bool {
    SECURE_PREFIXES.iter().any(|prefix| has_prefix(name, prefix))
}

/// Whether browsers take a cookie of this name only when it is `HttpOnly`.
pub(crate) fn needs_http_only(name: &str) -> bool {
    has_prefix(name, "__http-") || has_prefix(name, "__host-http-")
}

fn has_prefix(name: &str, prefix: &str) -> bool {
    name.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

/// `; Path=/; Expires=…; HttpOnly` and so on, in the order of the npm package `cookie`, which
/// never writes `Max-Age` here because express-session hands it a date.
fn attributes(record: &CookieRecord, expires: Option<Timestamp>) -> String {
    let mut line = String::new();
    let mut add = |text: &str, value: &str| {
        line.push_str("; ");
        line.push_str(text);
        line.push_str(value);
    };
    if let Some(domain) = record.domain() {
        add("Domain=", &domain);
    }
    if let Some(path) = record.path() {
        add("Path=", &path);
    }
    if let Some(expires) = expires {
        add("Expires=", &expires.to_http_date());
    }
    if record.is_http_only() {
        add("HttpOnly", "");
    }
    if record.is_secure() {
        add("Secure", "");
    }
    if record.is_partitioned() {
        add("Partitioned", "");
    }
    if let Some(priority) = record.priority() {
        add("Priority=", priority);
    }
    if let Some(same_site) = record.same_site() {
        add("SameSite=", &same_site.to_string());
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signature::Secrets;
    use crate::signature::SessionId;

    fn record(json: &str) -> CookieRecord {
        CookieRecord::read(serde_json::from_str(json).unwrap()).unwrap()
    }

    fn read_one(header: &str) -> Option<Cow<'_, str>> {
        find_all([header].into_iter(), "connect.sid").next().map(decode)
    }

    #[test]
    fn the_header_is_read_as_the_npm_package_cookie_reads_it() {
        let check = |header: &str, expected: Option<&str>| {
            assert_eq!(read_one(header).as_deref(), expected, "{header}");
        };
        check("connect.sid=a", Some("a"));
        check("other=1;connect.sid = a ; more=2", Some("a"));
        check("connect.sid=first; connect.sid=second", Some("first"));
        check("connect.sid=\"quoted\"", Some("quoted"));
        check("connect.sid=\"", Some(""));
        check("connect.sid=\"\"", Some(""));
        check("connect.sid=\"open", Some("\"open"));
        check("connect.sid=\"\"\"", Some("\""));
        check("connect.sid=s%3Aa.b%2Bc", Some("s:a.b+c"));
        check("connect.sid=s:a.b+c", Some("s:a.b+c"));
        check("connect.sid=broken%2", Some("broken%2"));
        check("connect.sid=broken%zz%41", Some("broken%zz%41"));
        check("connect.sid=%ff", Some("%ff"));
        check("connect.sid=", Some(""));
        check("connect%2Esid=a", None);
        check("connect.sid", None);
        check("\tconnect.sid\t=\ta\t", Some("a"));
        check("\u{2000}connect.sid=a", None);
        check("\u{a0}connect.sid=a", None);
        check("connect.sid=\u{2000}a", Some("\u{2000}a"));
        check("", None);
    }

    #[test]
    fn several_header_lines_are_one_header() {
        let lines = ["a=1", "connect.sid=x; b=2", "connect.sid=y"];
        let found: Vec<_> = find_all(lines.into_iter(), "connect.sid").collect();
        assert_eq!(found, ["x", "y"]);
    }

    #[test]
    fn a_path_ends_at_a_slash() {
        let check = |path, cookie_path, expected| {
            assert_eq!(path_matches(path, cookie_path), expected, "{path} {cookie_path}");
        };
        check("/", "/", true);
        check("/lab/x", "/", true);
        check("/lab", "/lab", true);
        check("/lab/x", "/lab", true);
        check("/lab/x", "/lab/", true);
        check("/labour", "/lab", false);
        check("/", "/lab", false);
    }

    #[test]
    fn the_vectors_encode_exactly() {
        let check = |secret: &str, sid: &str, expected: &str| {
            let secrets = Secrets::new(vec![secret.to_owned()]).unwrap();
            let signed = secrets.sign(&SessionId::verified(sid).unwrap());
            let line = set_line("connect.sid", &signed, &CookieRecord::default());
            assert_eq!(line, format!("connect.sid={expected}"));
            assert_eq!(read_one(&line).as_deref(), Some(&*signed));
        };
        check(
            "keyboard cat",
            "apple",
            "s%3Aapple.D8Y%2BpkTAmeR0PobOhY4G97PRW%2Bj7bUnP%2F5m6%2FOn1MCU",
        );
        check("keyboard cat", "%", "s%3A%25.kzQ6x52kKVdF35Qh62AWk4ZekS28K5XYCXKa%2FOTZ01g");
    }

    #[test]
    fn the_tutorials_settings_give_the_tutorials_line() {
        let record = record(
            r#"{"originalMaxAge":86400000,"expires":"2026-01-02T03:04:05.678Z","httpOnly":true,"path":"/"}"#,
        );
        assert_eq!(
            set_line("connect.sid", "v", &record),
            "connect.sid=v; Path=/; Expires=Fri, 02 Jan 2026 03:04:05 GMT; HttpOnly"
        );
    }

    #[test]
    fn every_attribute_has_its_place() {
        let record = record(
            r#"{"originalMaxAge":1000,"partitioned":true,"priority":"high",
                "expires":"2026-01-02T03:04:05.678Z","secure":true,"httpOnly":true,
                "domain":"example.com","path":"/app","sameSite":"lax"}"#,
        );
        assert_eq!(
            set_line("sid", "v", &record),
            "sid=v; Domain=example.com; Path=/app; Expires=Fri, 02 Jan 2026 03:04:05 GMT; \
             HttpOnly; Secure; Partitioned; Priority=High; SameSite=Lax"
        );
        assert_eq!(
            expire_line("sid", &record),
            "sid=; Domain=example.com; Path=/app; Expires=Thu, 01 Jan 1970 00:00:00 GMT; \
             HttpOnly; Secure; Partitioned; Priority=High; SameSite=Lax"
        );
    }
}
