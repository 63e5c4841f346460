//! One address for each page: other spellings redirect to it, and never to another site.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use reqwest::Method;

use crate::support::{Answer, App, PASSWORD};

/// Sends a target byte by byte as it is. Returns the status and the `Location`.
fn ask(app: &App, method: &str, target: &str) -> (u16, Option<String>) {
    let mut stream = TcpStream::connect(app.url.strip_prefix("http://").unwrap()).unwrap();
    let head = format!("{method} {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(method != "HEAD" || body.is_empty(), "{body}");
    let location = head.lines().find_map(|line| line.strip_prefix("location: "));
    (head[9..12].parse().unwrap(), location.map(str::to_owned))
}

#[rocket::async_test]
async fn a_slash_too_many_redirects_to_the_page() {
    let app = App::in_memory_with(|figment| figment.merge(("teaching", true))).await;
    for (target, location) in [
        ("/dashboard/", "/dashboard"),
        ("/login/", "/login"),
        ("/login/?next=/x", "/login?next=/x"),
        ("/login/?next=%2Fx&a=b%20c", "/login?next=%2Fx&a=b%20c"),
        ("/login/?", "/login?"),
        ("/learn/", "/learn"),
        ("/learn/http-forgets/", "/learn/http-forgets"),
        ("/.well-known/change-password/", "/.well-known/change-password"),
        ("/log%69n/", "/log%69n"),
        ("/login//", "/login"),
        ("//login", "/login"),
        ("//account//password", "/account/password"),
        ("//", "/"),
        ("///?a", "/?a"),
    ] {
        for method in ["GET", "HEAD"] {
            let answer = ask(&app, method, target);
            assert_eq!(answer, (308, Some(location.to_owned())), "{method} {target}");
        }
    }
    assert_eq!(ask(&app, "GET", "/"), (200, None));
    assert_eq!(ask(&app, "GET", "/?a=//b/"), (200, None));
    assert_eq!(ask(&app, "GET", "/login?next=/x/"), (200, None));
}

#[rocket::async_test]
async fn no_address_redirects_to_another_site() {
    let app = App::in_memory_with(|figment| figment.merge(("teaching", true))).await;
    for target in [
        "//evil.example/",
        "///evil.example/",
        "//evil.example//",
        "/\\evil.example/",
        "/\\/evil.example/",
        "/%2Fevil.example/",
        "/%2F%2Fevil.example/",
        "/%5Cevil.example/",
        "/%5C%5Cevil.example/",
        "/%09/evil.example/",
        "/%0d%0aLocation:%20evil/",
        "/learn/%5Cevil/",
        "/learn/%0d%0ax/",
        "/https://evil.example/",
        "/@evil.example/",
        "/nowhere/",
        "/dashboard/nowhere/",
        "//evil.example/login/",
        "//evil.example/%2e%2e/login/",
    ] {
        let (status, location) = ask(&app, "GET", target);
        assert!(matches!(status, 400 | 404), "{target}: {status} {location:?}");
        assert_eq!(location, None, "{target}");
    }
    // An address with a host: only its path counts.
    let (status, location) = ask(&app, "GET", "http://evil.example/login/");
    assert!(status != 308 || location.as_deref() == Some("/login"), "{status} {location:?}");
}

#[rocket::async_test]
async fn a_redirect_keeps_what_a_visitor_was_about_to_do() {
    let app = App::in_memory().await;
    let mut rosa = app.browser();
    // An anonymous visitor comes to the login page, which leads back.
    expect_permanent(&rosa.get("/dashboard/").await, "/dashboard");
    rosa.get("/dashboard").await.expect_redirect("/login?next=/dashboard");
    rosa.register("rosa").await;
    // A form is done, not redirected.
    let fields = [("username", "rosa"), ("password", PASSWORD)];
    rosa.post_patiently("/login/", &fields).await.expect_redirect("/dashboard");
    let ticket = rosa.signed_id();
    expect_permanent(&rosa.get("/dashboard/").await, "/dashboard");
    assert_eq!(rosa.signed_id(), ticket);
    assert!(rosa.is_logged_in().await);
    // Other methods get the response that they get without the slash.
    let put = rosa.send(rosa.request(Method::PUT, "/login/")).await;
    assert_eq!((put.status, put.header("allow")), (405, Some("GET, HEAD, POST")));
    // The route that redirects has no address of its own.
    assert_eq!(rosa.get("/canonical-address").await.status, 404);
    assert_eq!(
        rosa.get("/canonical-address/").await.header("location"),
        Some("/canonical-address")
    );
}

fn expect_permanent(answer: &Answer, location: &str) {
    assert_eq!((answer.status, answer.header("location")), (308, Some(location)));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.session_cookie(), None);
}
