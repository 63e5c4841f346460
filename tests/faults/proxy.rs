//! The proxy of docs/deploy.md: names, headers, versions, TLS, the longest addresses, cookies.
//!
//! The instances keep their sessions in memory, or do not run at all: MongoDB plays no part here.

use std::process::{Command, Stdio};
use std::time::Duration;

use rocket::tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use rocket::tokio::net::TcpStream;
use rocket::tokio::time::timeout;

use crate::alone;
use crate::instance::{Instance, free_port};
use crate::nginx::Nginx;
use crate::support::PASSWORD;

/// A response as it was sent.
pub struct Raw {
    pub status: u16,
    headers: Vec<(String, String)>,
    pub body: String,
}

impl Raw {
    pub fn all(&self, name: &str) -> Vec<&str> {
        let same = |(other, _): &&(String, String)| other.eq_ignore_ascii_case(name);
        self.headers.iter().filter(same).map(|(_, value)| value.as_str()).collect()
    }

    /// Our headers, each of them once, with the values that a page of ours has.
    pub fn expect_headers_of(&self, page: &Self, is_tls: bool) {
        let names = page.headers.iter().map(|(name, _)| name.as_str());
        let ours = |name: &&str| {
            ["content-security-", "x-content-", "referrer-", "cross-origin-", "permissions-"]
                .iter()
                .any(|start| name.to_ascii_lowercase().starts_with(start))
        };
        let ours: Vec<&str> = names.filter(ours).collect();
        assert_eq!(ours.len(), 6, "{ours:?}");
        for name in ours {
            assert_eq!(self.all(name), page.all(name), "{}: {name}", self.status);
        }
        let hsts = self.all("strict-transport-security");
        let expected: &[&str] = if is_tls { &["max-age=31536000; includeSubDomains"] } else { &[] };
        assert_eq!(hsts, expected, "{}", self.status);
        assert_eq!(self.all("cache-control").len(), 1, "{}", self.status);
        assert_eq!(self.all("server"), ["nginx"], "{}", self.status);
        assert!(!self.body.contains("nginx/"), "{}", self.body);
    }
}

/// Sends these bytes, and reads until the other end closes.
pub async fn send(port: u16, request: &str) -> Raw {
    send_bytes(port, request.as_bytes()).await
}

/// Does what [`send`] does, for bytes that need not be UTF-8.
async fn send_bytes(port: u16, request: &[u8]) -> Raw {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    // nginx may close before it has read all of a request that is too long.
    let _ = stream.write_all(request).await;
    let mut bytes = vec![];
    let read = timeout(Duration::from_secs(15), stream.read_to_end(&mut bytes)).await;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    assert!(read.is_ok(), "no end of {text}");
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no head: {text:?}"));
    let mut lines = head.lines();
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let pair = |line: &str| {
        let (name, value) = line.split_once(": ").unwrap();
        (name.to_owned(), value.to_owned())
    };
    Raw { status, headers: lines.map(pair).collect(), body: body.to_owned() }
}

pub fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
}

/// The outcome of a TLS handshake: the suite, if there is one.
fn handshake(https: u16, arguments: &[&str]) -> Option<String> {
    let client = Command::new("openssl")
        .args(["s_client", "-connect", &format!("127.0.0.1:{https}")])
        .args(arguments)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output();
    let client = client.expect("openssl starts");
    let text = String::from_utf8_lossy(&client.stdout).into_owned();
    let suite = text.split("Cipher is ").nth(1)?.split_whitespace().next()?;
    (client.status.success() && suite != "(NONE)").then(|| suite.to_owned())
}

#[rocket::async_test]
async fn an_unknown_host_is_refused() {
    let _alone = alone().await;
    let nginx = Nginx::before_ports([free_port(), free_port()]).await;
    let wrong = [
        "GET /x HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n",
        "GET http://evil.example/x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        "GET /x HTTP/1.1\r\nHost: localhost.evil.example\r\nConnection: close\r\n\r\n",
        "GET /x HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n",
        "GET /x HTTP/1.0\r\n\r\n",
    ];
    for request in wrong {
        // The name of the TLS connection is right each time.
        for port in [nginx.http, nginx.tunnel] {
            let refused = send(port, request).await;
            assert_eq!(refused.status, 421, "{request}");
            assert!(refused.all("location").is_empty() && !refused.body.contains("evil"));
        }
    }
    let odd = "GET /x?y=z HTTP/1.1\r\nHost: LOCALHOST:99\r\nConnection: close\r\n\r\n";
    let plain = send(nginx.http, odd).await;
    assert_eq!((plain.status, plain.all("location")), (301, vec!["https://localhost/x?y=z"]));
    assert!(handshake(nginx.https, &["-servername", "localhost"]).is_some());
    assert_eq!(handshake(nginx.https, &["-servername", "evil.example"]), None);
    assert_eq!(handshake(nginx.https, &["-noservername"]), None);
}

#[rocket::async_test]
async fn the_proxy_s_own_responses_carry_our_headers_once_and_no_version() {
    let _alone = alone().await;
    let mut instance = Instance::in_memory().await;
    let nginx = Nginx::before_ports([instance.port(), instance.port()]).await;
    let page = send(nginx.tunnel, &get("/login")).await;
    assert!(page.body.contains("<form"), "{}", page.body);
    page.expect_headers_of(&page, true);
    let (long, host) = ("x".repeat(9000), "HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n");
    let other = "HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n";
    let over_tls = [
        (200, get("/static/css/base.css")),
        (404, get("/nowhere")),
        (303, get("/dashboard")),
        (413, format!("POST /login {host}Content-Length: 70000\r\n\r\n")),
        (414, get(&format!("/{long}"))),
        // nginx's own number for it is 494.
        (400, format!("GET / {host}X: {long}\r\n\r\n")),
        (400, format!("GET / {host}{}\r\n", format!("X: {}\r\n", &long[..7000]).repeat(5))),
        (400, "GET / HTTP/1.1\r\nConnection: close\r\n\r\n".to_owned()),
        (400, "garbage\r\n\r\n".to_owned()),
        (421, format!("GET / {other}")),
    ];
    for (status, request) in over_tls {
        let response = send(nginx.tunnel, &request).await;
        assert_eq!(response.status, status, "{request:.80}");
        response.expect_headers_of(&page, true);
    }
    let without_tls = [
        (nginx.http, 301, get("/login")),
        (nginx.http, 421, format!("GET / {other}")),
        (nginx.http, 414, get(&format!("/{long}"))),
        (nginx.http, 400, "garbage\r\n\r\n".to_owned()),
        (nginx.https, 400, get("/")),
    ];
    for (port, status, request) in without_tls {
        let response = send(port, &request).await;
        assert_eq!(response.status, status, "{request:.80}");
        response.expect_headers_of(&page, false);
    }
    instance.kill();
    let gone = send(nginx.tunnel, &get("/login")).await;
    assert_eq!(gone.status, 502, "{}", gone.body);
    gone.expect_headers_of(&page, true);
}

#[rocket::async_test]
async fn only_suites_with_forward_secrecy_and_aead_are_accepted() {
    let _alone = alone().await;
    let nginx = Nginx::before_ports([free_port(), free_port()]).await;
    let try_with = |arguments: &[&str]| {
        handshake(nginx.https, &[&["-servername", "localhost"], arguments].concat())
    };
    // Debian's openssl offers weak ones at security level 0 only.
    let all = Command::new("openssl").args(["ciphers", "-tls1_2", "ALL:@SECLEVEL=0"]).output();
    let all = String::from_utf8(all.expect("openssl starts").stdout).unwrap();
    let tls_12 = all.trim().split(':').filter(|name| !name.starts_with("TLS_"));
    let suite = |name: &str| try_with(&["-tls1_2", "-cipher", &format!("{name}:@SECLEVEL=0")]);
    let accepted: Vec<String> = tls_12.filter_map(suite).collect();
    // The certificate of the test is of ECDSA.
    let mut expected = ["AES256-GCM-SHA384", "CHACHA20-POLY1305", "AES128-GCM-SHA256"]
        .map(|name| format!("ECDHE-ECDSA-{name}"));
    expected.sort();
    assert!(all.contains("ECDHE-ECDSA-AES256-SHA384") && all.contains("CCM8"), "{all}");
    let mut sorted = accepted;
    sorted.sort();
    assert_eq!(sorted, expected);
    let list = include_str!("../../docs/deploy/common.conf").split("ssl_ciphers").nth(1).unwrap();
    for name in list.split(';').next().unwrap().trim().split(':') {
        let is_aead = name.contains("-GCM-") || name.ends_with("-CHACHA20-POLY1305");
        assert!(name.starts_with("ECDHE-") && is_aead, "{name}");
    }
    assert_eq!(try_with(&["-tls1_3"]).as_deref(), Some("TLS_AES_256_GCM_SHA384"));
    assert_eq!(try_with(&["-tls1_3", "-ciphersuites", "TLS_AES_128_CCM_SHA256"]), None);
    assert_eq!(try_with(&["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"]), None);
}

/// If the head of a response is longer than its buffer, nginx counts that as a failure of the instance.
#[rocket::async_test]
async fn the_longest_address_takes_no_instance_away() {
    let _alone = alone().await;
    let instance = Instance::in_memory().await;
    let nginx = Nginx::before_ports([instance.port(), instance.port()]).await;
    for _ in 0..4 {
        let redirect = send(nginx.tunnel, &get(&format!("/dashboard?{}", "%".repeat(8100)))).await;
        assert_eq!(redirect.status, 303, "{}", redirect.body);
        assert_eq!(redirect.all("location"), ["/login"], "an address over 2 KB is left out");
    }
    // HTTP/2 compresses an address before nginx measures it, so 10,880 times "%" fit into 8 KB.
    let url = format!("https://localhost:{}/dashboard?{}", nginx.https, "%".repeat(10_880));
    for _ in 0..4 {
        let curl = ["-sk", "--http2", "--output", "/dev/null", "--write-out", "%{http_code}", &url];
        let curl = Command::new("curl").args(curl).output().expect("curl starts");
        assert_eq!(String::from_utf8_lossy(&curl.stdout), "303");
    }
    // The longest address that nginx passes on.
    let mut rosa = nginx.browser();
    rosa.register("rosa").await;
    let next = format!("/{}", "a".repeat(2_000));
    let fields = [("username", "rosa"), ("password", PASSWORD), ("next", &next)];
    rosa.post("/login", &fields).await.expect_redirect(&next);
    assert_eq!(send(nginx.tunnel, &get("/login")).await.status, 200);
}

#[rocket::async_test]
async fn over_tls_the_three_cookies_have_the_host_prefix_and_work() {
    let _alone = alone().await;
    let instance = Instance::in_memory().await;
    let nginx = Nginx::before_ports([instance.port(), instance.port()]).await;
    let (mut rosa, mut guesser) = (nginx.browser(), nginx.browser());
    let fields = [("username", "rosa"), ("password", PASSWORD)];
    let registered = rosa.post("/register", &fields).await;
    registered.expect_redirect("/login");
    let mut lines: Vec<String> = vec![];
    let mut keep = |answer: &crate::support::Answer| {
        lines.extend(answer.all("set-cookie").into_iter().map(str::to_owned));
    };
    keep(&registered);
    let page = rosa.get("/login").await;
    page.expect_flash("registered");
    keep(&page);
    keep(&rosa.post("/login", &fields).await);
    rosa.get("/dashboard").await.expect_page(200, "rosa");
    let kept: Vec<&str> = rosa.jar.keys().map(String::as_str).collect();
    assert_eq!(kept, ["__Host-device", "__Host-sid"]);
    keep(&rosa.post("/logout", &[("", "")]).await);
    assert!(lines.len() >= 6, "{lines:?}");
    for line in &lines {
        assert!(line.starts_with("__Host-"), "{line}");
        let has = |attribute: &str| line.split("; ").any(|part| part == attribute);
        assert!(has("Path=/") && has("Secure") && has("HttpOnly") && has("SameSite=Lax"), "{line}");
        assert!(!line.contains("Domain"), "{line}");
    }
    // Attempts of others do not lock this browser out.
    let wrong = [("username", "rosa"), ("password", "wrong horse battery")];
    while guesser.post("/login", &wrong).await.status == 422 {}
    assert_eq!(guesser.post("/login", &fields).await.status, 429);
    rosa.post("/login", &fields).await.expect_redirect("/dashboard");
}

#[rocket::async_test]
async fn a_client_s_forwarded_header_and_foreign_cookies_end_at_the_proxy() {
    let _alone = alone().await;
    let instance = Instance::in_memory().await;
    let nginx = Nginx::before_ports([instance.port(), instance.port()]).await;
    let mut rosa = nginx.browser();
    rosa.sign_up("rosa").await;
    let ours = format!("__Host-sid={}", rosa.jar["__Host-sid"]);
    let with = |forwarded: &str, cookies: &[u8]| {
        let head = "GET /dashboard HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n";
        let forwarded = format!("Forwarded: {forwarded}\r\nCookie: ");
        [head.as_bytes(), forwarded.as_bytes(), cookies, b"\r\n\r\n"].concat()
    };
    // A contradiction would be plain http, without HSTS.
    for forwarded in ["for=6.6.6.6;proto=http", "for=\"6.6.6.6", "proto=http"] {
        let page = send_bytes(nginx.tunnel, &with(forwarded, ours.as_bytes())).await;
        assert_eq!((page.status, page.all("strict-transport-security").len()), (200, 1));
    }
    let [theme, other] = [b"theme=caf\xe9".as_slice(), b"x=\xff\x80"];
    let ours = ours.as_bytes();
    for cookies in [
        [theme, ours].join(&b"; "[..]),
        [ours, theme].join(&b"; "[..]),
        [b"a=1", theme, ours, other, b"b=2"].join(&b"; "[..]),
        [theme, other, ours].join(&b";"[..]),
        [b"a=1".as_slice(), ours, b"b=2"].join(&b"; "[..]),
    ] {
        let page = send_bytes(nginx.tunnel, &with("for=x", &cookies)).await;
        assert_eq!(page.status, 200, "{:?}", String::from_utf8_lossy(&cookies));
        assert!(page.body.contains("rosa"));
    }
    assert_eq!(send_bytes(nginx.tunnel, &with("for=x", theme)).await.status, 303);
}
