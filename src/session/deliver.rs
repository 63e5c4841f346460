//! Would a browser keep this cookie, and send it back? If not, a login leads to the login page again,
//! and the log must say why.
//!
//! The rules are those of RFC 6265bis, section 5.7. Asked by `commit.rs` for each session that is to be
//! stored or sent, and by `options/check.rs` for the settings.

use cookie::SameSite;

use super::record::CookieRecord;
use super::state::Ticket;

/// Prefixes whose cookies must be Secure. `__Host-Http-` begins with the first.
const SECURE_PREFIXES: [&str; 3] = ["__host-", "__secure-", "__http-"];

/// What helps where the browser did come over https.
const CURE: &str = "the request came over plain http, as far as this server can tell. If a proxy ends \
    TLS in front of it, the proxy must send X-Forwarded-Proto: https, and `trusted_proxies` must \
    contain the proxy's address";

/// Why a browser would refuse the session's cookie in the response to a request, or never send it
/// back. `None`: it takes it.
pub fn obstacle(name: &str, cookie: &CookieRecord, request: &Ticket) -> Option<String> {
    let is_secure = cookie.is_secure();
    let needs = if is_secure {
        "it is Secure"
    } else if needs_secure(name) {
        "its name begins with a prefix that only Secure cookies may have"
    } else if cookie.same_site() == Some(SameSite::None) {
        "it has SameSite=None, which only Secure cookies may have"
    } else if cookie.is_partitioned() {
        "it is Partitioned, which only Secure cookies may be"
    } else {
        return (!request.in_path).then(|| "it is for another path than this request".to_owned());
    };
    if !request.https {
        Some(format!("{needs}, and {CURE}"))
    } else if !is_secure {
        Some(format!("{needs}, and it is not Secure"))
    } else if is_host_name(name)
        && (cookie.domain().is_some() || cookie.path().as_deref() != Some("/"))
    {
        Some("its name begins with __Host-, so it needs the path / and no domain".to_owned())
    } else if needs_http_only(name) && !cookie.is_http_only() {
        Some("its name begins with a prefix that only HttpOnly cookies may have".to_owned())
    } else {
        (!request.in_path).then(|| "it is for another path than this request".to_owned())
    }
}

/// Whether browsers hold the name to the rules of `__Host-`. They compare without regard to case.
pub fn is_host_name(name: &str) -> bool {
    has_prefix(name, "__host-")
}

/// Whether browsers take a cookie of this name only when it is Secure.
pub fn needs_secure(name: &str) -> bool {
    SECURE_PREFIXES.iter().any(|prefix| has_prefix(name, prefix))
}

/// Whether browsers take a cookie of this name only when it is HttpOnly.
pub fn needs_http_only(name: &str) -> bool {
    has_prefix(name, "__http-") || has_prefix(name, "__host-http-")
}

fn has_prefix(name: &str, prefix: &str) -> bool {
    name.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(https: bool, in_path: bool) -> Ticket {
        Ticket { https, in_path, ..Ticket::default() }
    }

    fn read(json: &str) -> CookieRecord {
        CookieRecord::read(serde_json::from_str(json).unwrap()).unwrap()
    }

    fn check(name: &str, json: &str, over_http: bool, over_https: bool) {
        let cookie = read(json);
        let takes = |request| obstacle(name, &cookie, &request).is_none();
        let taken = (takes(request(false, true)), takes(request(true, true)));
        assert_eq!(taken, (over_http, over_https), "{name} {json}");
        assert!(!takes(request(true, false)), "{name} {json}");
    }

    #[test]
    fn a_browser_takes_what_it_can_send_back() {
        check("sid", r#"{"path":"/"}"#, true, true);
        check("sid", r#"{"path":"/","secure":true}"#, false, true);
        check("sid", r#"{"path":"/","sameSite":"None"}"#, false, false);
        check("sid", r#"{"path":"/","sameSite":"none","secure":true}"#, false, true);
        check("sid", r#"{"path":"/","partitioned":true}"#, false, false);
        check("sid", r#"{"path":"/","sameSite":"lax"}"#, true, true);
        check("__Hostsid", r#"{"path":"/"}"#, true, true);
        for name in ["__Host-sid", "__host-sid", "__SECURE-sid", "__Secure-sid"] {
            check(name, r#"{"path":"/"}"#, false, false);
            check(name, r#"{"path":"/","secure":true}"#, false, true);
        }
        check("__Host-sid", r#"{"path":"/app","secure":true}"#, false, false);
        check("__HOST-sid", r#"{"path":"/","secure":true,"domain":"a.b"}"#, false, false);
        check("__Secure-sid", r#"{"path":"/app","secure":true,"domain":"a.b"}"#, false, true);
        check("__Http-sid", r#"{"path":"/","secure":true,"httpOnly":false}"#, false, false);
        check("__Http-sid", r#"{"path":"/","secure":true,"httpOnly":true}"#, false, true);
    }

    #[test]
    fn over_plain_http_the_reason_names_the_cure() {
        let cookie = read(r#"{"path":"/","secure":true}"#);
        let why = obstacle("sid", &cookie, &request(false, true)).unwrap();
        assert!(why.contains("trusted_proxies") && why.contains("X-Forwarded-Proto"), "{why}");
        let elsewhere = obstacle("sid", &cookie, &request(true, false)).unwrap();
        assert!(!elsewhere.contains("proxies"), "{elsewhere}");
    }
}
