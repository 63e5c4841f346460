//! Requests with a method that the address does not take.

use reqwest::Method;

use crate::support::{App, Browser, PASSWORD};

async fn ask(browser: &mut Browser, method: &str, path: &str) -> (u16, Option<String>) {
    let method = Method::from_bytes(method.as_bytes()).unwrap();
    let answer = browser.send(browser.request(method, path)).await;
    (answer.status, answer.header("allow").map(str::to_owned))
}

#[rocket::async_test]
async fn a_known_address_with_another_method_is_a_405_that_says_what_it_takes() {
    let app = App::in_memory_with(|figment| figment.merge(("teaching", true))).await;
    let mut rosa = app.browser();
    rosa.sign_up("rosa").await;
    let both = "GET, HEAD, POST";
    for (method, path, allow) in [
        ("PUT", "/login", both),
        ("DELETE", "/login", both),
        ("PATCH", "/login?next=/x", both),
        ("OPTIONS", "/login", both),
        ("TRACE", "/login", both),
        // Rocket serves this address as well.
        ("OPTIONS", "/login/", both),
        ("PUT", "//login", both),
        ("OPTIONS", "/dashboard", "GET, HEAD"),
        ("POST", "/dashboard", "GET, HEAD"),
        ("POST", "/", "GET, HEAD"),
        ("PUT", "/log%69n", both),
        ("PUT", "/coat", both),
        ("DELETE", "/account", "GET, HEAD"),
        ("PUT", "/account/sessions/AAAAAAAAAAAA/revoke", both),
        ("POST", "/.well-known/change-password", "GET, HEAD"),
        ("POST", "/static/css/base.css", "GET, HEAD"),
        ("POST", "/static/site.0123456789abcdef.css", "GET, HEAD"),
        ("PUT", "/healthz", "GET, HEAD"),
        ("POST", "/admin", "GET, HEAD"),
        ("GET", "/learn/the-seal/check", "POST"),
        ("HEAD", "/learn/the-seal/check", "POST"),
        ("PUT", "/lab/the-seal", both),
    ] {
        let answer = ask(&mut rosa, method, path).await;
        assert_eq!(answer, (405, Some(allow.to_owned())), "{method} {path}");
    }
    for (method, path) in [("PUT", "/nowhere"), ("DELETE", "/account/nowhere"), ("POST", "/x/y")] {
        assert_eq!(ask(&mut rosa, method, path).await, (404, None), "{method} {path}");
    }
    // A route that responds with a 404 itself takes the method.
    assert_eq!(ask(&mut rosa, "GET", "/static/none").await, (404, None));
    assert_eq!(ask(&mut rosa, "GET", "/learn/no-such-lesson").await, (404, None));
    for path in ["/healthz", "/static/css/base.css", "/login"] {
        for method in ["GET", "HEAD"] {
            assert_eq!(ask(&mut rosa, method, path).await, (200, None), "{method} {path}");
        }
    }
}

#[rocket::async_test]
async fn every_route_says_405_and_its_own_methods_to_all_others() {
    let app = App::in_memory_with(|figment| figment.merge(("teaching", true))).await;
    let mut rosa = app.browser();
    rosa.sign_up("rosa").await;
    for (_, path) in &app.routes {
        let same = app.routes.iter().filter(|(_, other)| other == path);
        let mut methods: Vec<&str> = same.map(|(method, _)| method.as_str()).collect();
        if methods.contains(&"GET") {
            methods.push("HEAD");
        }
        let mut filled = String::new();
        for part in path.split('/').skip(1) {
            filled += if part.starts_with('<') { "/AAAAAAAAAAAA" } else { "/" };
            filled += if part.starts_with('<') { "" } else { part };
        }
        for method in ["PUT", "DELETE", "PATCH", "OPTIONS"] {
            let (status, allow) = ask(&mut rosa, method, &filled).await;
            let allow = allow.unwrap_or_default();
            // A wildcard of another route can match as well.
            let has_all = methods.iter().all(|method| allow.split(", ").any(|one| one == *method));
            assert!(status == 405 && has_all, "{method} {filled}: {status} {allow}, {methods:?}");
        }
    }
}

#[rocket::async_test]
async fn a_405_is_a_page_of_the_site_or_json() {
    let app = App::in_memory().await;
    let mut rosa = app.browser();
    rosa.sign_up("rosa").await;
    let page = rosa.send(rosa.request(Method::PUT, "/login")).await;
    page.expect_page(405, "rosa");
    let json = rosa.request(Method::PUT, "/login").header("accept", "application/json");
    let json = rosa.send(json).await;
    json.expect_page(405, r#"{"error":{"code":405,"reason":"Method Not Allowed"}}"#);
    assert_eq!(json.header("allow"), Some("GET, HEAD, POST"));
}

#[rocket::async_test]
async fn a_cross_site_request_with_any_method_is_still_a_403() {
    let app = App::in_memory().await;
    let mut rosa = app.browser();
    for method in [Method::PUT, Method::DELETE, Method::PATCH, Method::POST] {
        for path in ["/login", "/nowhere", "/coat", "/healthz"] {
            let request = rosa.request(method.clone(), path).header("sec-fetch-site", "cross-site");
            assert_eq!(rosa.send(request).await.status, 403, "{method} {path}");
        }
    }
}

#[rocket::async_test]
async fn without_teaching_its_addresses_are_404_for_every_method() {
    let app = App::in_memory_with(|figment| figment.merge(("teaching", false))).await;
    let mut rosa = app.browser();
    for path in ["/learn", "/lab/the-seal", "/class", "/class/reset", "/xray"] {
        for method in ["GET", "POST", "PUT", "OPTIONS"] {
            assert_eq!(ask(&mut rosa, method, path).await, (404, None), "{method} {path}");
        }
    }
}

#[rocket::async_test]
async fn the_address_of_a_form_leads_to_its_page() {
    let app = App::in_memory().await;
    let (mut rosa, mut stranger) = (app.browser(), app.browser());
    rosa.sign_up("rosa").await;
    let rows = [
        ("/coat", "/dashboard", r#"action="/coat""#),
        ("/coat/count", "/dashboard", r#"action="/coat/count""#),
        ("/account/password", "/account", r#"action="/account/password""#),
        ("/account/delete", "/account", r#"action="/account/delete""#),
        ("/account/sessions/revoke-others", "/account", "Where you are logged in"),
        ("/account/sessions/AAAAAAAAAAAA/revoke", "/account", "Where you are logged in"),
        ("/admin/sessions/revoke", "/admin", ""),
    ];
    for (path, page, text) in rows {
        for browser in [&mut rosa, &mut stranger] {
            browser.get(path).await.expect_redirect(page);
        }
        if !text.is_empty() {
            rosa.get(page).await.expect_page(200, text);
        }
    }
}

#[rocket::async_test]
async fn password_managers_find_the_form_for_a_new_password() {
    let app = App::in_memory().await;
    let mut rosa = app.browser();
    rosa.sign_up("rosa").await;
    rosa.get("/.well-known/change-password").await.expect_redirect("/account#password");
    let head = rosa.send(rosa.request(Method::HEAD, "/.well-known/change-password")).await;
    head.expect_redirect("/account#password");
    rosa.get("/account").await.expect_page(200, r#"id="password""#);
    let change = [("current", PASSWORD), ("new", "a better horse battery")];
    rosa.post("/account/password", &change).await.expect_redirect("/account");
}
