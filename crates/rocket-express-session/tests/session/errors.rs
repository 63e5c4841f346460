//! Errors that a handler returns with `?`, and apps that lack what a handler asks for.

use std::time::Duration;

use rocket::error::ErrorKind;
use rocket::request::{FromRequest, Outcome};
use rocket::tokio::join;
use rocket::tokio::time::sleep;
use rocket::{Request, get, routes};
use rocket_express_session::store::{MemoryStore, Store as _};
use rocket_express_session::{Session, SessionId, Unavailable};

use crate::faulty::{Fault, FaultyStore, PlainStore};
use crate::handlers::{app, app_with};
use crate::support::{self, Browser, SECRET, builder, logged, serve};

/// The response has this status, and the page is the one of the app's catcher.
async fn expect_error(browser: &mut Browser, path: &str, status: u16) {
    let answer = browser.get(path).await;
    assert_eq!(answer.status, status, "{path}: {}", answer.body);
    assert_eq!(answer.body, format!("the app's page for {status}"), "{path}");
}

#[rocket::async_test]
async fn a_key_or_value_that_a_session_cannot_hold_is_a_500() {
    let mut browser = app_with(builder("{}", MemoryStore::default())).await;
    for path in ["/reserved", "/login-only", "/not-json", "/number"] {
        expect_error(&mut browser, path, 500).await;
    }
    for cause in [
        r#"the session key "cookie" is reserved"#,
        r#"the session key "passport" can be set by a login only"#,
        r#"the value for the session key "list" is no JSON"#,
        r#"the value of the session key "text" is no number"#,
    ] {
        let line = logged(cause).unwrap_or_else(|| panic!("not logged: {cause}"));
        assert!(line.starts_with("ERROR "), "{line}");
    }
}

#[rocket::async_test]
async fn a_session_that_has_ended_is_a_409() {
    let store = FaultyStore::default();
    let mut browser = app_with(builder("{}", store.clone())).await;
    expect_error(&mut browser, "/reload", 409).await;
    // Another request destroys the session while this one reloads or saves it.
    let late = Fault::Late(Duration::from_millis(300));
    for (path, method, faults) in
        [("/reload", "load", vec![Fault::No, late]), ("/save", "update", vec![late])]
    {
        assert_eq!(browser.get("/log-in/rosa").await.status, 200);
        let id = SessionId::stored(&browser.session_id().unwrap());
        store.plan(method, &faults);
        join!(expect_error(&mut browser, path, 409), async {
            sleep(Duration::from_millis(100)).await;
            assert!(store.destroy(&id).await.unwrap(), "{path}");
        });
    }
}

#[rocket::async_test]
async fn a_store_that_fails_is_a_503() {
    let store = FaultyStore::default();
    let mut browser = app_with(builder("{}", store.clone())).await;
    browser.get("/log-in/rosa").await;
    store.plan("load", &[Fault::Fails]);
    expect_error(&mut browser, "/untouched", 503).await;
    store.plan("load", &[Fault::No, Fault::Fails]);
    expect_error(&mut browser, "/reload", 503).await;
    store.plan("update", &[Fault::Fails]);
    expect_error(&mut browser, "/save", 503).await;
    for (method, path) in
        [("of_user", "/sessions"), ("of_user", "/revoke-others"), ("newest", "/all")]
    {
        store.plan(method, &[Fault::Fails]);
        expect_error(&mut browser, path, 503).await;
    }
    assert!(logged("the session store does not answer: broken by the test").is_some());
    let answer = browser.get("/user").await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "rosa"), "the user stays logged in");
}

#[rocket::async_test]
async fn without_sessions_attached_a_rocket_whose_handler_asks_does_not_start() {
    let error = app().ignite().await.expect_err("no sessions");
    assert!(matches!(error.kind(), ErrorKind::SentinelAborts(_)), "{error}");
}

/// A guard that asks for the session, which Rocket does not see at the start.
struct Indirect;

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Indirect {
    type Error = Unavailable;

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, Unavailable> {
        request.guard::<&Session>().await.map(|_| Indirect)
    }
}

#[get("/indirect")]
fn indirect(_guard: Indirect) {}

#[rocket::async_test]
async fn without_sessions_attached_a_guard_that_asks_is_a_503_and_the_log_says_why() {
    let url = serve(support::rocket().mount("/", routes![indirect])).await;
    assert_eq!(Browser::new(&url).get("/indirect").await.status, 503);
    assert!(logged("no sessions are attached to this Rocket").is_some());
}

#[rocket::async_test]
async fn a_login_takes_an_id_by_which_the_sessions_of_the_user_are_found() {
    let mut browser = app_with(builder("{}", MemoryStore::default())).await;
    for (path, status) in [("/log-in/rosa", 200), ("/log-in-as-pair", 500)] {
        assert_eq!(browser.get(path).await.status, status, "{path}");
    }
    assert!(logged("the ID of a user is neither text nor a number").is_some());
    assert_eq!(browser.get("/user").await.body, "anonymous", "the login failed");
}

#[rocket::async_test]
async fn a_store_that_cannot_list_serves_sessions_and_a_list_of_them_is_a_503() {
    let mut browser = app_with(builder("{}", PlainStore::default())).await;
    assert_eq!(browser.get("/log-in/rosa").await.status, 200);
    assert_eq!(browser.get("/save").await.body, "saved");
    assert_eq!(browser.get("/user").await.body, "rosa");
    for path in ["/sessions", "/revoke/a", "/revoke-others", "/all"] {
        expect_error(&mut browser, path, 503).await;
    }
    assert!(logged("can neither list nor revoke sessions").is_some());
    let mut unknown = browser.copy().with_cookie_for(&SessionId::generate(), SECRET);
    expect_error(&mut unknown, "/why", 503).await;
    assert_eq!(browser.get("/user").await.body, "rosa", "the user stays logged in");
}
