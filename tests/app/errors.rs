use rocket::local::asynchronous::Client;
use rocket::{get, routes, tokio};
use rocket_express_session::SessionId;

use crate::support::{App, figment};

#[rocket::async_test]
async fn an_unknown_page_is_a_page_with_a_way_back() {
    let app = App::in_memory().await;
    let answer = app.browser().get("/nowhere").await;
    answer.expect_page(404, "<h1>");
    assert!(answer.body.contains("href=\"/\""));
    let mut rosa = app.browser();
    rosa.sign_up("rosa").await;
    rosa.get("/nowhere").await.expect_page(404, "rosa");
}

#[rocket::async_test]
async fn a_client_that_prefers_json_gets_json() {
    let app = App::in_memory().await;
    let check = async |path: &str, accept: &str, status: u16, body: &str| {
        let mut browser = app.browser();
        let request = browser.request(reqwest::Method::GET, path).header("Accept", accept);
        let answer = browser.send(request).await;
        answer.expect_page(status, body);
    };
    let json = r#"{"error":{"code":404,"reason":"Not Found"}}"#;
    check("/nowhere", "application/json", 404, json).await;
    check("/nowhere", "text/html,application/json;q=0.9", 404, "<html").await;
    check("/nowhere", "*/*", 404, "<html").await;
    check(
        "/dashboard",
        "application/json",
        401,
        r#"{"error":{"code":401,"reason":"Unauthorized"}}"#,
    )
    .await;
}

#[rocket::async_test]
async fn a_refused_form_is_json_for_a_program() {
    let app = App::in_memory().await;
    let mut program = app.browser();
    let request = program.request(reqwest::Method::POST, "/register").form(&[("username", "x")]);
    let answer = program.send(request.header("Accept", "application/json")).await;
    answer.expect_page(422, r#"{"error":{"code":422,"reason":"Unprocessable Entity"}}"#);
}

#[rocket::async_test]
async fn a_path_that_looks_like_another_site_is_no_link_to_it() {
    let app = App::in_memory().await;
    for path in ["//evil.example/x", "///evil.example"] {
        let answer = app.browser().get(path).await;
        assert_eq!(answer.status, 404, "{path}");
        assert!(!answer.body.contains("href=\"//") && !answer.body.contains("href=\"&#x2F;&#x2F;"));
    }
}

#[rocket::async_test]
async fn cookies_that_are_none_of_ours_are_no_session_and_no_error() {
    for app in App::on_both_stores().await {
        let mut rosa = app.browser();
        rosa.sign_up("rosa").await;
        let good = rosa.jar["connect.sid"].clone();
        let other = SessionId::generate();
        let bad = [
            String::new(),
            "s%3A".to_owned(),
            "s%3A.".to_owned(),
            rosa.session_id().unwrap(),
            good[..good.len() - 1].to_owned(),
            format!("{good}%3D"),
            good.replace("s%3A", ""),
            good.replace(&rosa.session_id().unwrap(), other.as_str()),
            format!("%00{good}"),
            "%".repeat(1000),
            "x".repeat(30_000),
        ];
        for value in bad {
            let mut browser = app.browser();
            browser.jar.insert("connect.sid".to_owned(), value.clone());
            let answer = browser.get("/").await;
            assert_eq!(answer.status, 200, "{value}");
            assert!(!browser.is_logged_in().await, "{value}");
        }
        assert!(rosa.is_logged_in().await);
    }
}

#[get("/panics")]
fn panics() -> &'static str {
    panic!("a secret of the program")
}

#[rocket::async_test]
async fn a_panic_is_a_500_page_and_the_process_lives() {
    let rocket = cloakroom::rocket(figment().merge(("session.store", "memory"))).await.unwrap();
    let client = Client::tracked(rocket.mount("/", routes![panics])).await.unwrap();
    // A request has an ID if it runs in a task, as in the server.
    let requests = tokio::spawn(async move {
        for _ in 0..3 {
            let answer = client.get("/panics").dispatch().await;
            assert_eq!(answer.status().code, 500);
            let page = answer.into_string().await.unwrap();
            let is_whole = page.contains("<strong>500</strong>") && page.contains("request <code>");
            assert!(is_whole && !page.contains("a secret of the program"), "{page}");
        }
        assert_eq!(client.get("/").dispatch().await.status().code, 200);
    });
    requests.await.unwrap();
}
