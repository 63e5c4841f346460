//! MongoDB goes away and comes back.

use std::time::{Duration, Instant};

use crate::support::{Answer, App, Browser, Mongod, PASSWORD};

#[rocket::async_test]
async fn an_outage_logs_no_user_out_and_delays_no_response() {
    let folder = tempfile::TempDir::new().unwrap();
    let dbpath = folder.path().to_str().unwrap().to_owned();
    let mongod = Mongod::start(&["--dbpath", &dbpath]);
    let port = mongod.port().to_owned();
    let app = App::on(&mongod.database("outage")).await;
    let mut rosa = app.browser();
    rosa.sign_up("rosa").await;
    let ticket = rosa.signed_id();
    mongod.stop();

    let (mut rosa, refused) = unavailable(rosa, "GET /dashboard").await;
    assert!(refused.body.contains(">Try again</a>"), "{}", refused.body);
    for request in ["POST /coat", "POST /logout", "POST /login", "POST /register"] {
        (rosa, _) = unavailable(rosa, request).await;
    }
    let (_, refused) = unavailable(app.browser(), "POST /login").await;
    refused.expect_errors(503, 0);
    assert!(refused.body.contains("value=\"vera\""), "the name is kept: {}", refused.body);
    rosa.get("/").await.expect_page(200, "Login status unknown.");
    app.browser().get("/login").await.expect_page(200, "name=\"remember\"");
    app.browser().get("/healthz").await.expect_page(200, "ok");
    assert_eq!(app.browser().get("/readyz").await.status, 503);
    assert_eq!(rosa.signed_id(), ticket);

    let mongod = Mongod::start(&["--dbpath", &dbpath, "--port", &port]);
    assert!(rosa.is_logged_in().await, "without a restart, with the same ticket");
    mongod.stop();
}

async fn unavailable(mut browser: Browser, request: &str) -> (Browser, Answer) {
    let started = Instant::now();
    let (method, path) = request.split_once(' ').unwrap();
    let fields = [("username", "vera"), ("password", PASSWORD), ("item", "hat")];
    let answer =
        if method == "GET" { browser.get(path).await } else { browser.post(path, &fields).await };
    assert_eq!(answer.status, 503, "{request}");
    assert!(answer.header("retry-after").is_some(), "{request}");
    assert_eq!(answer.session_cookie(), None, "{request}");
    for words_of_the_driver in ["Server selection", "127.0.0.1", "mongodb:", "Topology", "Kind:"] {
        assert!(!answer.body.contains(words_of_the_driver), "{request}: {}", answer.body);
    }
    assert!(started.elapsed() < Duration::from_secs(3), "{request}: {:?}", started.elapsed());
    (browser, answer)
}
