use crate::support::{App, PASSWORD};

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
    connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

#[rocket::async_test]
async fn every_response_has_them_errors_and_static_files_included() {
    let app = App::in_memory().await;
    for path in [
        "/",
        "/login",
        "/dashboard",
        "/nowhere",
        "/static/css/base.css",
        "/static/none",
        "/healthz",
    ] {
        let mut browser = app.browser();
        let request = browser.request(reqwest::Method::GET, path);
        let answer = browser.send(request.header("origin", "https://evil.example")).await;
        let policy = answer.header("content-security-policy");
        assert_eq!(policy, Some(POLICY), "{path}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{path}");
        assert_eq!(answer.header("referrer-policy"), Some("same-origin"), "{path}");
        assert_eq!(answer.header("cross-origin-opener-policy"), Some("same-origin"), "{path}");
        assert_eq!(answer.header("cross-origin-resource-policy"), Some("same-origin"), "{path}");
        assert!(answer.header("permissions-policy").is_some(), "{path}");
        assert_eq!(answer.header("access-control-allow-origin"), None, "{path}");
        assert_eq!(answer.header("strict-transport-security"), None, "not over plain http");
        assert_eq!(answer.header("server"), Some("Cloakroom"), "{path}");
    }
}

#[rocket::async_test]
async fn pages_are_not_kept_and_static_files_are() {
    let app = App::in_memory().await;
    let mut rosa = app.browser();
    rosa.sign_up("rosa").await;
    for path in ["/", "/dashboard", "/nowhere", "/static/none"] {
        assert_eq!(rosa.get(path).await.header("cache-control"), Some("no-store"), "{path}");
    }
    let style = rosa.get("/static/css/base.css").await;
    assert!(style.header("cache-control").unwrap().starts_with("public"));
    assert_eq!(style.session_cookie(), None);
}

#[rocket::async_test]
async fn health_says_ok() {
    for app in App::on_both_stores().await {
        for path in ["/healthz", "/readyz"] {
            app.browser().get(path).await.expect_page(200, "ok");
        }
    }
}

#[rocket::async_test]
async fn responses_to_malformed_requests_have_them_as_well() {
    use rocket::tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let app = App::in_memory().await;
    let host = app.url.strip_prefix("http://").unwrap();
    let mut stream = rocket::tokio::net::TcpStream::connect(host).await.unwrap();
    let request = "BREW /coffee HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    assert!(answer.contains(POLICY) && answer.contains("no-store"), "{answer}");
}

#[rocket::async_test]
async fn behind_a_trusted_tls_proxy_cookies_are_secure_and_hsts_is_sent() {
    let trusting = App::on_mongodb_with(|figment| {
        figment.merge(("trusted_proxies", ["127.0.0.1"])).merge(("session.name", "__Host-sid"))
    });
    for (app, is_trusted) in [(trusting.await, true), (App::on_mongodb().await, false)] {
        let mut rosa = app.browser();
        let mut cookies = vec![];
        for path in ["/register", "/login"] {
            let fields = [("username", "rosa"), ("password", PASSWORD)];
            let request = rosa.request(reqwest::Method::POST, path).form(&fields);
            let answer = rosa.send(request.header("x-forwarded-proto", "https")).await;
            assert_eq!(answer.status, 303, "{}", answer.body);
            let hsts = answer.header("strict-transport-security");
            assert_eq!(hsts, is_trusted.then_some("max-age=31536000; includeSubDomains"));
            cookies.extend(answer.all("set-cookie").into_iter().map(str::to_owned));
        }
        // The notice, the session and the device.
        assert_eq!(cookies.len(), 3, "{cookies:?}");
        for line in cookies {
            assert_eq!(line.contains("; Secure"), is_trusted, "{line}");
            assert!(line.contains("; HttpOnly") && line.contains("; SameSite=Lax"), "{line}");
            assert!(line.contains("; Path=/") && !line.contains("Domain"), "{line}");
        }
    }
}

#[rocket::async_test]
async fn rejections_of_every_kind_have_them_too() {
    let app = App::in_memory().await;
    let mut rosa = app.browser();
    rosa.sign_up("rosa").await;
    let login = || app.browser().request(reqwest::Method::POST, "/login");
    let json = ("accept", "application/json");
    let dashboard = app.browser().request(reqwest::Method::GET, "/dashboard");
    let mut answers = vec![
        (422, login().form(&[("username", "rosa")])),
        (415, login().body("x")),
        (
            413,
            login()
                .header("content-type", "application/x-www-form-urlencoded")
                .body("x".repeat(99_999)),
        ),
        (403, login().header("sec-fetch-site", "cross-site")),
        (401, dashboard.header(json.0, json.1)),
        (200, app.browser().request(reqwest::Method::HEAD, "/")),
        (405, app.browser().request(reqwest::Method::OPTIONS, "/login")),
        (405, app.browser().request(reqwest::Method::PUT, "/login")),
        (303, login().form(&[("username", "rosa"), ("password", PASSWORD)])),
    ];
    let guess = [("username", "unknown"), ("password", "wrong horse battery")];
    while app.browser().post("/login", &guess).await.status == 422 {}
    answers.push((429, login().form(&guess)));
    for (status, request) in answers {
        let answer = app.browser().send(request).await;
        assert_eq!(answer.status, status);
        assert_eq!(answer.header("content-security-policy"), Some(POLICY), "{status}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{status}");
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{status}");
    }
}
