use reqwest::Method;

use crate::support::{App, PASSWORD};

/// Posts a logout with these headers; returns the status, and whether Rosa is still signed in.
async fn log_out_with(app: &App, headers: &[(&str, &str)], body: &str) -> (u16, bool) {
    let mut rosa = app.browser();
    rosa.log_in("rosa").await;
    let mut request = rosa.copy().request(Method::POST, "/logout");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.header("Content-Type", "application/x-www-form-urlencoded");
    let mut form_on_another_site = rosa.copy();
    let answer = form_on_another_site.send(request.body(body.to_owned())).await;
    (answer.status, rosa.is_signed_in().await)
}

#[rocket::async_test]
async fn a_form_on_another_site_is_refused_and_changes_nothing() {
    let app = App::in_memory().await;
    app.browser().register("rosa").await;
    let host = app.url.strip_prefix("http://").unwrap();
    let own_origin = format!("http://{host}");
    let refused = [
        &[("sec-fetch-site", "cross-site")][..],
        &[("sec-fetch-site", "same-site")],
        &[("sec-fetch-site", "cross-site"), ("origin", &own_origin)],
        &[("origin", "https://evil.example")],
        &[("origin", "null")],
        &[("origin", "http://127.0.0.1")],
        &[("origin", "")],
    ];
    for headers in refused {
        assert_eq!(log_out_with(&app, headers, "").await, (403, true), "{headers:?}");
    }
    let allowed = [
        &[][..],
        &[("sec-fetch-site", "same-origin")],
        &[("sec-fetch-site", "none")],
        &[("origin", &own_origin)],
        // A TLS proxy stands in front: the browser's scheme is not ours.
        &[("origin", &own_origin.replace("http:", "https:"))],
    ];
    for headers in allowed {
        assert_eq!(log_out_with(&app, headers, "").await, (303, false), "{headers:?}");
    }
}

#[rocket::async_test]
async fn a_field_that_renames_the_method_does_not_get_around_it() {
    let app = App::in_memory().await;
    app.browser().register("rosa").await;
    for method in ["get", "GET", "head", "options", "put", "delete"] {
        let body = format!("_method={method}");
        let (status, signed_in) =
            log_out_with(&app, &[("sec-fetch-site", "cross-site")], &body).await;
        assert_eq!((status, signed_in), (403, true), "{method}");
    }
}

#[rocket::async_test]
async fn a_login_from_another_site_is_refused() {
    let app = App::in_memory().await;
    app.browser().register("rosa").await;
    let mut victim = app.browser();
    let request = victim.request(Method::POST, "/login").header("sec-fetch-site", "cross-site");
    let answer = victim.send(request.form(&[("username", "rosa"), ("password", PASSWORD)])).await;
    answer.expect_page(403, "You may not do that");
    assert_eq!(answer.session_cookie(), None);
}

#[rocket::async_test]
async fn the_address_of_the_refusal_is_an_error_page_like_others() {
    let app = App::in_memory().await;
    app.browser().get("/cross-site-request-refused").await.expect_page(403, "You may not do that");
}

#[rocket::async_test]
async fn a_post_that_says_it_is_a_head_gets_an_answer() {
    let app = App::in_memory().await;
    let answer = app.browser().post("/login", &[("_method", "head")]).await;
    answer.expect_page(403, "Nothing was changed.");
}
