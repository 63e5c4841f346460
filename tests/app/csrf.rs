use mongodb::bson::{Document, doc};
use reqwest::Method;

use crate::support::{App, PASSWORD};

/// Posts a logout with these headers. Returns the status, and whether Rosa is still logged in.
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
    (answer.status, rosa.is_logged_in().await)
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
        &[("origin", "http://")],
        &[("origin", &own_origin), ("origin", "https://evil.example")],
        &[("sec-fetch-site", "same-origin"), ("sec-fetch-site", "cross-site")],
    ];
    for headers in refused {
        assert_eq!(log_out_with(&app, headers, "").await, (403, true), "{headers:?}");
    }
    let allowed = [
        &[][..],
        &[("sec-fetch-site", "same-origin")],
        &[("sec-fetch-site", "none")],
        &[("origin", &own_origin)],
        // Behind a TLS proxy, the browser's scheme is not ours.
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
    answer.expect_page(403, "That form came from another site");
    assert_eq!(answer.session_cookie(), None);
}

#[rocket::async_test]
async fn the_address_of_the_refusal_is_an_error_page_like_others() {
    let app = App::in_memory().await;
    app.browser()
        .get("/cross-site-request-refused")
        .await
        .expect_page(403, "That form came from another site");
}

#[rocket::async_test]
async fn a_post_that_says_it_is_a_head_gets_an_answer() {
    let app = App::in_memory().await;
    let answer = app.browser().post("/login", &[("_method", "head")]).await;
    answer.expect_page(403, "Nothing was changed.");
}

/// Every route that is no GET, with values for its parameters.
fn unsafe_routes(app: &App) -> Vec<(Method, String)> {
    let is_safe = |method: &str| ["GET", "HEAD", "OPTIONS"].contains(&method);
    let found = app.routes.iter().filter(|(method, _)| !is_safe(method));
    let filled = found.map(|(method, path)| {
        let path = path.replace("<handle>", "AAAAAAAAAAAA");
        assert!(!path.contains('<'), "{path}: fill in its parameter here");
        (method.parse().unwrap(), path)
    });
    filled.collect()
}

/// All documents in the database, to compare with later.
async fn everything(app: &App) -> Vec<Document> {
    let mut all = vec![];
    let mut names = app.database().list_collection_names().await.unwrap();
    names.sort();
    for name in names {
        let collection = app.database().collection::<Document>(&name);
        let mut found = collection.find(doc! {}).sort(doc! { "_id": 1 }).await.unwrap();
        while found.advance().await.unwrap() {
            all.push(found.deserialize_current().unwrap());
        }
    }
    all
}

#[rocket::async_test]
async fn every_unsafe_route_refuses_a_request_from_another_site() {
    let app = App::on_mongodb().await;
    let mut rosa = app.browser();
    rosa.sign_up("rosa").await;
    let routes = unsafe_routes(&app);
    assert!(routes.len() >= 10, "{routes:?}");
    let before = everything(&app).await;
    for (method, path) in routes {
        // The routes would accept this from our own pages.
        let fields = [
            ("username", "vera"),
            ("password", PASSWORD),
            ("current", PASSWORD),
            ("new", "a better horse battery"),
            ("item", "hat"),
        ];
        let request = rosa.request(method.clone(), &path).form(&fields);
        let answer = rosa.send(request.header("origin", "https://evil.example")).await;
        assert_eq!(answer.status, 403, "{method} {path}");
        // A button needs no body, and a script can send one without.
        let request = rosa.request(method.clone(), &path).header("sec-fetch-site", "cross-site");
        assert_eq!(rosa.send(request).await.status, 403, "{method} {path}, without a body");
    }
    assert_eq!(everything(&app).await, before);
    assert!(rosa.is_logged_in().await);
}

#[rocket::async_test]
async fn every_unsafe_route_takes_forms_only() {
    let app = App::on_mongodb().await;
    let mut rosa = app.browser();
    rosa.sign_up("rosa").await;
    let before = everything(&app).await;
    let json = format!(r#"{{"username":"rosa","password":"{PASSWORD}"}}"#);
    for (method, path) in unsafe_routes(&app) {
        if path.starts_with("/admin") {
            continue; // 403 for Rosa, whatever it is
        }
        for kind in ["application/json", "text/plain", "multipart/form-data; boundary=x"] {
            let request = rosa.request(method.clone(), &path).header("content-type", kind);
            let answer = rosa.send(request.body(json.clone())).await;
            assert_eq!(answer.status, 415, "{method} {path} {kind}");
        }
        let answer = rosa.send(rosa.request(method.clone(), &path).body(json.clone())).await;
        assert_eq!(answer.status, 415, "{method} {path}, of no type");
    }
    assert_eq!(everything(&app).await, before);
}

#[rocket::async_test]
async fn get_and_head_change_nothing() {
    let app = App::on_mongodb().await;
    let mut rosa = app.browser();
    rosa.sign_up("rosa").await;
    let before = everything(&app).await;
    let paths: Vec<&String> = app.routes.iter().map(|(_, path)| path).collect();
    for path in paths.into_iter().filter(|path| !path.contains('<')) {
        for method in [Method::GET, Method::HEAD] {
            let query = format!("{path}?username=x&password=y&item=z&_method=post");
            let answer = rosa.send(rosa.request(method, &query)).await;
            assert!(answer.status < 500, "{path}");
        }
    }
    assert_eq!(everything(&app).await, before);
    assert!(rosa.is_logged_in().await);
}
