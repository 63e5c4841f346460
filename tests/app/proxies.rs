//! The headers of proxies: the client's address, and whether a request came over https.

use crate::support::{Answer, Browser, PASSWORD, Running, cloakroom, launch};

/// A server that trusts these networks.
fn behind(trusted: &str) -> (Running, String) {
    let mut command = cloakroom(&[]);
    command.env("SESSION_STORE", "memory").env("ROCKET_LOG_LEVEL", "normal");
    let (running, url, _) = launch(command.env("ROCKET_TRUSTED_PROXIES", trusted));
    (running, url)
}

async fn get(url: &str, headers: &[(&str, &str)]) -> Answer {
    let mut browser = Browser::new(url);
    let mut request = browser.request(reqwest::Method::GET, "/");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    browser.send(request).await
}

/// The headers of a request, the address that it counts as, and whether it came over https.
type Row<'a> = (&'a [(&'a str, &'a str)], &'a str, bool);

/// Sends requests with these headers to a server that trusts these networks. Each must count as one
/// from `address`, over https or not.
async fn check(trusted: &str, rows: &[Row<'_>]) -> String {
    let (running, url) = behind(trusted);
    for (headers, _, https) in rows {
        let answer = get(&url, headers).await;
        let hsts = answer.header("strict-transport-security");
        assert_eq!(hsts.is_some(), *https, "{trusted} {headers:?}");
    }
    let log = running.end();
    let lines: Vec<&str> = log.lines().filter(|line| line.contains("request: GET /")).collect();
    assert_eq!(lines.len(), rows.len(), "{log}");
    for (line, (headers, address, _)) in lines.iter().zip(rows) {
        let seen = line.split(" address=").nth(1).unwrap().split(' ').next().unwrap();
        assert_eq!(seen, *address, "{trusted} {headers:?}");
    }
    log
}

const FOR: &str = "x-forwarded-for";
const PROTO: &str = "x-forwarded-proto";

#[rocket::async_test]
async fn networks_are_trusted_beside_addresses() {
    let headers: &[(&str, &str)] = &[(FOR, "203.0.113.7"), (PROTO, "https")];
    for trusted in [
        r#"["127.0.0.1"]"#,
        r#"["10.0.0.0/8", "127.0.0.0/8"]"#,
        r#"["::ffff:127.0.0.1"]"#,
        r#"["::ffff:127.0.0.0/104"]"#,
        r#"["0.0.0.0/0"]"#,
    ] {
        check(trusted, &[(headers, "203.0.113.7", true)]).await;
    }
    for trusted in [r#"["10.0.0.0/8"]"#, r#"["127.0.0.2"]"#, r#"["128.0.0.0/1", "::/0"]"#, "[]"] {
        check(trusted, &[(headers, "127.0.0.1", false)]).await;
    }
    // Two proxies of one network.
    let chain: &[(&str, &str)] = &[(FOR, "6.6.6.6, 203.0.113.7, 10.9.8.7, 10.1.2.3")];
    check(r#"["127.0.0.1", "10.0.0.0/8"]"#, &[(chain, "203.0.113.7", false)]).await;
}

#[rocket::async_test]
async fn an_address_counts_without_port_brackets_blanks_and_quotes() {
    let words = [
        ("203.0.113.7:51234", "203.0.113.7"),
        ("\"203.0.113.7:51234\"", "203.0.113.7"),
        ("  203.0.113.7\t", "203.0.113.7"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("[2001:db8::1]:443", "2001:db8::1"),
        ("\"[2001:db8::1]:443\"", "2001:db8::1"),
        ("2001:db8::1", "2001:db8::1"),
        ("[::ffff:203.0.113.7]:80", "203.0.113.7"),
        ("6.6.6.6, 203.0.113.7:51234", "203.0.113.7"),
        ("6.6.6.6:1, [2001:db8::1]:2", "2001:db8::1"),
        // An empty element of a list is none (RFC 9110, section 5.6.1).
        ("203.0.113.7, ", "203.0.113.7"),
        ("203.0.113.7,,\t,", "203.0.113.7"),
        // A word that hides the client ends the search at the proxy.
        ("203.0.113.7, unknown", "127.0.0.1"),
        ("203.0.113.7, _hidden", "127.0.0.1"),
        ("203.0.113.7:x", "127.0.0.1"),
        ("unknown", "127.0.0.1"),
    ];
    let headers = words.map(|(word, _)| [(FOR, word)]);
    let rows: Vec<_> = headers.iter().zip(words).map(|(h, (_, at))| (&h[..], at, false)).collect();
    check(r#"["127.0.0.1"]"#, &rows).await;
}

#[rocket::async_test]
async fn the_first_scheme_of_x_forwarded_proto_counts_in_upper_and_lower_case() {
    let schemes = [
        ("https", true),
        ("HTTPS", true),
        ("https,http", true),
        ("https, http", true),
        ("http", false),
        ("http,https", false),
        ("", false),
        ("httpss", false),
    ];
    let headers = schemes.map(|(scheme, _)| [(PROTO, scheme)]);
    let rows = headers.iter().zip(schemes).map(|(h, (_, https))| (&h[..], "127.0.0.1", https));
    check(r#"["127.0.0.1"]"#, &rows.collect::<Vec<_>>()).await;
}

#[rocket::async_test]
async fn the_header_forwarded_counts_as_well() {
    let lines = [
        ("for=203.0.113.7;proto=https", "203.0.113.7", true),
        ("For=\"203.0.113.7:51234\"; PROTO=HTTPS; by=10.0.0.1", "203.0.113.7", true),
        ("for=\"[2001:db8::1]:443\";proto=http", "2001:db8::1", false),
        ("for=[2001:db8::1]", "2001:db8::1", false),
        ("for=\"203.0.113.7\";host=\"a,b;c=\\\"d\\\"\";proto=\"https\"", "203.0.113.7", true),
        // A client can send all that is before the proxy's own element.
        ("for=6.6.6.6;proto=https, for=203.0.113.7;proto=http", "203.0.113.7", false),
        ("for=203.0.113.7;proto=https, for=10.1.2.3;proto=http", "203.0.113.7", true),
        ("for=203.0.113.7;proto=https, for=10.1.2.3", "203.0.113.7", true),
        ("for=6.6.6.6, for=unknown;proto=https", "127.0.0.1", true),
        ("for=6.6.6.6, for=_hidden", "127.0.0.1", false),
        ("for=6.6.6.6;proto=https, by=10.0.0.1", "127.0.0.1", false),
        ("proto=https", "127.0.0.1", true),
        // A quote that the client leaves open must not hide the proxy's element.
        ("for=6.6.6.6;proto=https;a=\", for=203.0.113.7;proto=http", "127.0.0.1", false),
        ("for=\"6.6.6.6, for=\"[2001:db8::1]\";proto=https", "127.0.0.1", false),
        ("garbage", "127.0.0.1", false),
    ];
    let headers = lines.map(|(line, ..)| [("forwarded", line)]);
    let rows = headers.iter().zip(lines).map(|(h, (_, at, https))| (&h[..], at, https));
    let mut rows: Vec<_> = rows.collect();
    // Several lines are one list.
    let two: &[_] =
        &[("forwarded", "for=6.6.6.6;proto=http"), ("forwarded", "for=203.0.113.7;proto=https")];
    let broken: &[_] =
        &[("forwarded", "for=\"6.6.6.6"), ("Forwarded", "for=203.0.113.7;proto=https")];
    rows.extend([(two, "203.0.113.7", true), (broken, "203.0.113.7", true)]);
    let log = check(r#"["127.0.0.1", "10.0.0.0/8"]"#, &rows).await;
    assert!(!log.contains("WARN"), "{log}");
}

#[rocket::async_test]
async fn two_kinds_of_headers_that_contradict_each_other_do_not_count() {
    let proxy = "127.0.0.1";
    let x = [(FOR, "203.0.113.7"), (PROTO, "https")];
    let and = |forwarded| [x[0], x[1], ("forwarded", forwarded)];
    let same = [
        "for=203.0.113.7;proto=https",
        "for=\"203.0.113.7:1234\";proto=HTTPS",
        "for=203.0.113.7",
        "proto=https",
        "by=10.0.0.1",
    ];
    let headers = same.map(and);
    let rows: Vec<_> = headers.iter().map(|headers| (&headers[..], "203.0.113.7", true)).collect();
    let log = check(r#"["127.0.0.1"]"#, &rows).await;
    assert!(!log.contains("WARN"), "{log}");
    let other = [
        "for=6.6.6.6;proto=https",
        "for=203.0.113.7;proto=http",
        "proto=http",
        "for=6.6.6.6, for=unknown",
        "for=unknown",
        "for=\"6.6.6.6",
        "for=203.0.113.7, for=6.6.6.6",
    ];
    let headers = other.map(and);
    let mut rows: Vec<_> = headers.iter().map(|headers| (&headers[..], proxy, false)).collect();
    let http: &[_] = &[(FOR, "203.0.113.7"), (PROTO, "http"), ("forwarded", "proto=https")];
    let unknown: &[_] = &[(FOR, "unknown"), ("forwarded", "for=6.6.6.6;proto=https")];
    // Rocket drops a line of X-Forwarded-For to which a client has added bytes that are not UTF-8.
    let dropped: &[_] = &[(PROTO, "https"), ("forwarded", "for=6.6.6.6;proto=https")];
    rows.extend([(http, proxy, false), (unknown, proxy, false), (dropped, proxy, false)]);
    let log = check(r#"["127.0.0.1"]"#, &rows).await;
    let warnings: Vec<_> = log.lines().filter(|line| line.contains("WARN")).collect();
    assert_eq!(warnings.len(), 1, "one a minute: {log}");
    assert!(warnings[0].contains("Forwarded") && warnings[0].contains("127.0.0.1"), "{log}");
    assert!(warnings[0].contains("docs/deploy.md"), "{log}");
}

#[rocket::async_test]
async fn no_header_counts_that_does_not_come_from_a_trusted_proxy() {
    let headers: &[(&str, &str)] =
        &[(FOR, "6.6.6.6"), (PROTO, "https"), ("forwarded", "for=6.6.6.6;proto=https")];
    let log = check(r#"["10.0.0.0/8"]"#, &[(headers, "127.0.0.1", false)]).await;
    assert!(!log.contains("WARN"), "{log}");
}

/// The status of a login with these headers, and the audit line of a refusal.
async fn log_in(headers: &[(&str, &str)]) -> (Answer, String) {
    let (running, url) = behind("[]");
    Browser::new(&url).register("rosa").await;
    let mut browser = Browser::new(&url);
    let fields = [("username", "rosa"), ("password", PASSWORD)];
    let mut request = browser.request(reqwest::Method::POST, "/login").form(&fields);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let answer = browser.send(request).await;
    let log = running.end();
    let line = log.lines().find(|line| line.contains("CrossSiteRequest")).unwrap_or_default();
    (answer, line.to_owned())
}

#[rocket::async_test]
async fn a_default_port_is_no_difference_between_origin_and_host() {
    for (host, origin) in [
        ("app.example:443", "https://app.example"),
        ("app.example", "https://app.example:443"),
        ("APP.example", "https://app.EXAMPLE"),
        ("app.example:80", "http://app.example"),
        ("app.example", "http://app.example:80"),
        ("app.example:8443", "https://app.example:8443"),
        ("[2001:DB8::1]:443", "https://[2001:db8::1]"),
        ("[::1]", "http://[::1]:80"),
    ] {
        let (answer, line) = log_in(&[("host", host), ("origin", origin)]).await;
        assert_eq!((answer.status, line.as_str()), (303, ""), "{host} {origin}");
    }
    for (host, origin) in [
        ("app.example:80", "https://app.example"),
        ("app.example:443", "http://app.example"),
        ("app.example:8443", "https://app.example"),
        ("app.example", "https://app.example:8443"),
        ("[::1]:443", "https://[::2]"),
        ("cloakroom:8001", "https://app.example"),
    ] {
        let (answer, _) = log_in(&[("host", host), ("origin", origin)]).await;
        assert_eq!(answer.status, 403, "{host} {origin}");
    }
}

#[rocket::async_test]
async fn a_refused_form_tells_the_operator_why_in_the_log_and_what_to_set_on_the_page() {
    let (page, line) =
        log_in(&[("host", "cloakroom:8001"), ("origin", "https://app.example")]).await;
    page.expect_page(403, "That form came from another site");
    page.expect_page(403, "proxy_set_header Host $host");
    assert!(!page.body.contains("admins"), "a sentence of its own: {}", page.body);
    let said = r#"origin="https://app.example" host="cloakroom:8001" request="#;
    assert!(line.contains(said), "{line}");
    let request = line.split("request=").nth(1).unwrap().split(' ').next().unwrap();
    assert!(page.body.contains(request), "the page names the line");
    let headers = [("sec-fetch-site", "cross-site"), ("origin", "https://evil.example")];
    let (_, line) = log_in(&headers).await;
    let said = r#"origin="https://evil.example" host="127.0.0.1:"#;
    assert!(line.contains(said) && line.contains(r#"sec_fetch_site="cross-site""#), "{line}");
}

#[rocket::async_test]
async fn no_header_of_a_refused_form_forges_or_floods_the_log() {
    let forged =
        "https://x\" host=\"app.example\" request=abc \u{202e}\u{2028}INFO audit: Login Done";
    let (answer, line) = log_in(&[("origin", forged)]).await;
    assert_eq!(answer.status, 403);
    assert!(
        line.is_ascii() && line.contains(r#"origin="https://x\" host=\"app.example\""#),
        "{line}"
    );
    let (_, line) = log_in(&[("origin", &"x".repeat(8_000))]).await;
    assert!(line.len() < 800, "{}", line.len());
    let (_, line) = log_in(&[("sec-fetch-site", "none"), ("sec-fetch-site", "cross-site")]).await;
    assert!(line.contains(r#"sec_fetch_site="none, cross-site""#), "{line}");
}
