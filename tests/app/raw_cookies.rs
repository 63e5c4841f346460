//! `Cookie` headers byte by byte, with cookies of other programs in them.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use rocket::figment::Figment;

use crate::support::{App, Browser, PASSWORD, cloakroom, launch};

/// The status of `GET /dashboard` with these bytes in the `Cookie` header, over https or not.
fn dashboard(url: &str, cookies: &[u8], https: bool) -> u16 {
    let mut stream = TcpStream::connect(url.strip_prefix("http://").unwrap()).unwrap();
    let proto = if https { "https" } else { "http" };
    let head = format!(
        "GET /dashboard HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Forwarded-Proto: {proto}\r\n"
    );
    stream.write_all(&[head.as_bytes(), b"Cookie: ", cookies, b"\r\n\r\n"].concat()).unwrap();
    let mut answer = vec![];
    stream.read_to_end(&mut answer).unwrap();
    let text = String::from_utf8_lossy(&answer);
    text.split(' ').nth(1).unwrap().parse().unwrap()
}

async fn log_in_over_https(browser: &mut Browser, name: &str) {
    let fields = [("username", name), ("password", PASSWORD)];
    for path in ["/register", "/login"] {
        let request = browser.request(reqwest::Method::POST, path).form(&fields);
        let answer = browser.send(request.header("x-forwarded-proto", "https")).await;
        assert_eq!(answer.status, 303, "{path}");
    }
}

/// White space for some programs, but not for HTTP. Chromium stores a cookie of such a name from a sibling
/// host, without the rules of the prefix.
const NO_WHITE_SPACE: [&[u8]; 10] = [
    b"\xe2\x80\x80", // U+2000
    b"\xc2\xa0",     // U+00A0
    b"\xef\xbb\xbf", // U+FEFF
    b"\xe3\x80\x80", // U+3000
    b"\xc2\x85",     // U+0085
    b"\xe2\x80\xa8", // U+2028
    b"\xe2\x80\x8b", // U+200B
    b"\xe1\x9a\x80", // U+1680
    b"\xe2\x81\x9f", // U+205F
    b"\xc2\xad",     // U+00AD
];

#[rocket::async_test]
async fn a_name_behind_other_white_space_than_http_knows_is_another_cookie() {
    let app = App::in_memory_with(|figment| {
        figment.merge(("trusted_proxies", ["127.0.0.1"])).merge(("session.name", "__Host-sid"))
    });
    let app = app.await;
    let (mut rosa, mut mallory) = (app.browser(), app.browser());
    log_in_over_https(&mut rosa, "rosa").await;
    log_in_over_https(&mut mallory, "mallory").await;
    let [ours, theirs] = [&rosa, &mallory].map(|one| one.jar["__Host-sid"].clone());
    let pair = |before: &[u8], value: &str| [before, b"__Host-sid=", value.as_bytes()].concat();
    assert_eq!(dashboard(&app.url, &pair(b"", &theirs), true), 200);
    for before in NO_WHITE_SPACE {
        let planted = pair(before, &theirs);
        assert_eq!(dashboard(&app.url, &planted, true), 303, "{before:?}");
        let behind = [b"__Host-sid", before, b"=", theirs.as_bytes()].concat();
        assert_eq!(dashboard(&app.url, &behind, true), 303, "{before:?}");
        // Together with ours, it is no second genuine cookie either.
        let both = [&planted, &b"; "[..], &pair(b"", &ours)].concat();
        assert_eq!(dashboard(&app.url, &both, true), 200, "{before:?}");
    }
    // Vertical tab and form feed end the request at hyper, or are part of the name.
    for before in [b"\x0b", b"\x0c"] {
        assert_ne!(dashboard(&app.url, &pair(before, &theirs), true), 200, "{before:?}");
    }
    // Space and tab are white space.
    assert_eq!(dashboard(&app.url, &pair(b" \t", &ours), true), 200);
}

#[rocket::async_test]
async fn a_cookie_that_is_not_signed_by_us_does_not_hide_one_that_is() {
    for app in App::on_both_stores().await {
        let mut rosa = app.browser();
        rosa.sign_up("rosa").await;
        let good = format!("connect.sid={}", rosa.jar["connect.sid"]);
        for other in ["s%3Aabc.def", "abc", "", "\"", "%", "s%3A.", "j%3A%7B%7D", "s:abc.def"] {
            for header in
                [format!("connect.sid={other}; {good}"), format!("{good}; connect.sid={other}")]
            {
                assert_eq!(dashboard(&app.url, header.as_bytes(), false), 200, "{header}");
            }
        }
    }
}

/// The status of a login with the right password, with these bytes in the `Cookie` header.
fn log_in(url: &str, cookies: &[u8]) -> u16 {
    let mut stream = TcpStream::connect(url.strip_prefix("http://").unwrap()).unwrap();
    let body = format!("username=rosa&password={}", PASSWORD.replace(' ', "+"));
    let head = format!(
        "POST /login HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Forwarded-Proto: https\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n",
        body.len()
    );
    let rest = format!("\r\n\r\n{body}");
    let request = [head.as_bytes(), b"Cookie: ", cookies, rest.as_bytes()].concat();
    stream.write_all(&request).unwrap();
    let mut answer = vec![];
    stream.read_to_end(&mut answer).unwrap();
    String::from_utf8_lossy(&answer).split(' ').nth(1).unwrap().parse().unwrap()
}

/// A sibling host plants `device` cookies, so that a known browser would count as an unknown one.
#[rocket::async_test]
async fn a_planted_device_cookie_does_not_make_a_known_browser_unknown() {
    for (name, device) in [("connect.sid", "device"), ("__Host-sid", "__Host-device")] {
        let prefixed = |figment: Figment| {
            let trusted = figment.merge(("trusted_proxies", ["127.0.0.1"]));
            trusted.merge(("session.name", "__Host-sid"))
        };
        let app = match name {
            "connect.sid" => App::in_memory().await,
            _ => App::in_memory_with(prefixed).await,
        };
        let mut rosa = app.browser();
        log_in_over_https(&mut rosa, "rosa").await;
        let good = format!("{device}={}", rosa.jar[device]);
        while log_in_wrong(&app).await != 429 {}
        assert_eq!(log_in(&app.url, b"a=b"), 429, "a stranger");
        let planted = format!("{device}=x");
        for cookies in [
            good.clone(),
            format!("{good}; {planted}"),
            format!("{planted}; {good}"),
            format!("{good}; \u{2000}{planted}"),
            format!("{good}; \u{a0}{planted}; {planted}"),
        ] {
            assert_eq!(log_in(&app.url, cookies.as_bytes()), 303, "{cookies:?}");
        }
    }
}

async fn log_in_wrong(app: &App) -> u16 {
    let mut stranger = app.browser();
    let fields = [("username", "rosa"), ("password", "a wrong guess")];
    let request = stranger.request(reqwest::Method::POST, "/login").form(&fields);
    stranger.send(request.header("x-forwarded-proto", "https")).await.status
}

#[rocket::async_test]
async fn a_cookie_header_that_is_not_utf_8_is_one_warning_without_its_content() {
    for level in ["critical", "normal"] {
        let mut command = cloakroom(&[]);
        command.env("SESSION_STORE", "memory").env("ROCKET_LOG_LEVEL", level);
        let (running, url, _) = launch(&mut command);
        let mut rosa = Browser::new(&url);
        rosa.sign_up("rosa").await;
        let good = format!("; connect.sid={}", rosa.jar["connect.sid"]);
        assert_eq!(dashboard(&url, &good.as_bytes()[2..], false), 200);
        for foreign in [&b"theme=caf\xe9"[..], b"a=\xff\xfe", b"b=\x80", b"theme=caf\xe9"] {
            let cookies = [foreign, good.as_bytes()].concat();
            assert_eq!(dashboard(&url, &cookies, false), 303, "Rocket drops the header");
        }
        let log = running.end();
        let lines: Vec<_> = log.lines().filter(|line| line.contains("not UTF-8")).collect();
        assert_eq!(lines.len(), 1, "one a minute: {log}");
        assert!(lines[0].contains(" WARN ") && lines[0].contains("docs/deploy.md"), "{log}");
        assert!(
            !log.contains("theme") && !log.contains("caf") && !log.contains(&good[15..]),
            "{log}"
        );
    }
}
