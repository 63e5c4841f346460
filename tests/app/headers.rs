use crate::support::App;

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
    connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

#[rocket::async_test]
async fn every_answer_carries_them_errors_and_static_files_included() {
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
        let answer = app.browser().get(path).await;
        let policy = answer.header("content-security-policy");
        assert_eq!(policy, Some(POLICY), "{path}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{path}");
        assert_eq!(answer.header("referrer-policy"), Some("same-origin"), "{path}");
        assert_eq!(answer.header("cross-origin-opener-policy"), Some("same-origin"), "{path}");
        assert_eq!(answer.header("cross-origin-resource-policy"), Some("same-origin"), "{path}");
        assert!(answer.header("permissions-policy").is_some(), "{path}");
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
async fn what_is_hardly_http_gets_them_as_well() {
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
