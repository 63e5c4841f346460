//! What a browser gets when the store cannot save, and how long a session waits for a store.

use std::io::Cursor;
use std::time::{Duration, Instant};

use rocket::http::Header;
use rocket::tokio::time::timeout;
use rocket::{Request, Response};

use crate::faulty::{Fault, FaultyStore};
use crate::handlers::app_with;
use crate::support::{Answer, Browser, Lab, builder};

/// Shorter than any other wait of these tests.
const TIMEOUT: Duration = Duration::from_millis(300);

/// A test fails when a response takes longer.
const TOO_LONG: Duration = Duration::from_secs(5);

#[rocket::async_test]
async fn a_session_that_cannot_be_stored_is_a_page_of_text_with_status_503_and_no_cookie() {
    let store = FaultyStore::default();
    let lab = Lab::start(builder("{}", store.clone())).await;
    for (method, steps) in [("insert", "set:a=1"), ("insert", "login:rosa")] {
        store.plan(method, &[Fault::Fails]);
        let answer = lab.browser().steps(steps).await;
        expect_default_page(&answer);
    }
    let mut browser = lab.browser();
    browser.steps("login:rosa,set:a=1").await;
    for (method, steps) in [
        ("update", "set:a=2"),
        ("destroy", "destroy"),
        ("take", "cycle_id"),
        ("destroy", "login:vera"),
    ] {
        store.plan(method, &[Fault::Fails]);
        expect_default_page(&browser.steps(steps).await);
    }
    let session = browser.steps("").await.session();
    assert_eq!((&session["a"], &session["passport"]["user"]), (&"1".into(), &"rosa".into()));
}

fn expect_default_page(answer: &Answer) {
    answer.expect_page(503, "The service is not available at the moment.");
    assert_eq!(answer.header("retry-after"), Some("5"));
    assert_eq!(answer.header("content-type"), Some("text/plain; charset=utf-8"));
    assert_eq!(answer.all("set-cookie"), [""; 0]);
    assert!(!answer.body.contains("broken by the test"), "the cause is for the log");
}

fn own_page<'r>(request: &'r Request<'_>) -> Response<'r> {
    let text = format!("{} is closed", request.uri().path());
    Response::build()
        .header(Header::new("X-Own", "yes"))
        .sized_body(text.len(), Cursor::new(text))
        .finalize()
}

#[rocket::async_test]
async fn an_app_may_have_a_page_of_its_own_whose_status_is_503_as_well() {
    let store = FaultyStore::default();
    let lab = Lab::start(builder("{}", store.clone()).unavailable_page(own_page)).await;
    store.plan("insert", &[Fault::Fails]);
    let answer = lab.browser().steps("set:a=1").await;
    assert_eq!((answer.status, answer.body.as_str()), (503, "/do is closed"));
    assert_eq!((answer.header("x-own"), answer.session_cookie()), (Some("yes"), None));
}

#[rocket::async_test]
async fn a_session_that_cannot_be_extended_costs_no_page() {
    let store = FaultyStore::default();
    let lab = Lab::start(builder("{}", store.clone())).await;
    let mut browser = lab.browser();
    browser.steps("set:a=1").await;
    store.plan("touch", &[Fault::Fails]);
    let answer = browser.steps("touch").await;
    assert_eq!((answer.status, &answer.session()["a"]), (200, &"1".into()));
}

/// The response, which has to come after the timeout and long before [`TOO_LONG`].
async fn in_time(browser: &mut Browser, path: &str) -> Answer {
    let asked = Instant::now();
    let answer = timeout(TOO_LONG, browser.get(path)).await;
    assert!(asked.elapsed() >= TIMEOUT, "{path}: {:?}", asked.elapsed());
    answer.unwrap_or_else(|_| panic!("{path}: no response"))
}

#[rocket::async_test]
async fn the_timeout_bounds_each_wait_of_a_request() {
    let store = FaultyStore::default();
    let mut browser = app_with(builder("{}", store.clone()).timeout(TIMEOUT)).await;
    browser.get("/log-in/rosa").await;
    let never = Fault::NeverAnswers;
    for (method, faults, path) in [
        ("load", vec![never], "/untouched"),
        ("load", vec![Fault::No, never], "/reload"),
        ("update", vec![never], "/save"),
        ("of_user", vec![never], "/sessions"),
        ("of_user", vec![never], "/revoke/a"),
        ("of_user", vec![never], "/revoke-others"),
        ("newest", vec![never], "/all"),
    ] {
        store.plan(method, &faults);
        let answer = in_time(&mut browser, path).await;
        assert_eq!(
            (answer.status, answer.body.as_str()),
            (503, "the app's page for 503"),
            "{path}"
        );
    }
    let mut other = browser.copy();
    other.jar.clear();
    other.get("/log-in/rosa").await;
    let handle = browser.get("/sessions").await.body.lines().nth(1).unwrap().to_owned();
    for path in [format!("/revoke/{handle}"), "/revoke-others".to_owned()] {
        store.plan("revoke", &[never]);
        assert_eq!(in_time(&mut browser, &path).await.status, 503, "{path}");
    }
    assert_eq!(browser.get("/revoke-others").await.body, "1");
    store.plan("revoke_reason", &[never]);
    assert_eq!(in_time(&mut other, "/why").await.status, 503);
    assert_eq!(other.get("/why").await.body, "revoked by the test");
}

#[rocket::async_test]
async fn the_timeout_bounds_the_commit() {
    let store = FaultyStore::default();
    let lab = Lab::start(builder("{}", store.clone()).timeout(TIMEOUT)).await;
    store.plan("insert", &[Fault::NeverAnswers]);
    expect_default_page(&in_time(&mut lab.browser(), "/do?steps=set:a=1").await);
    let mut browser = lab.browser();
    browser.steps("login:rosa,set:a=1").await;
    for (method, steps) in [("update", "set:a=2"), ("destroy", "destroy"), ("take", "cycle_id")] {
        store.plan(method, &[Fault::NeverAnswers]);
        expect_default_page(&in_time(&mut browser, &format!("/do?steps={steps}")).await);
    }
    assert_eq!(browser.steps("").await.session()["a"], "1");
}

/// When the first session of the request was asked for.
struct Begun(Instant);

/// Each response must be ready this long after its session was asked for.
#[expect(clippy::unnecessary_wraps, reason = "`Builder::deadline` takes such a function")]
fn soon(request: &Request<'_>) -> Option<Instant> {
    Some(request.local_cache(|| Begun(Instant::now())).0 + TIMEOUT)
}

#[rocket::async_test]
async fn the_deadline_bounds_all_waits_of_a_request_together() {
    let store = FaultyStore::default();
    let lab = Lab::start(builder("{}", store.clone()).timeout(TOO_LONG * 2).deadline(soon)).await;
    let mut browser = lab.browser();
    browser.steps("set:a=1").await;
    // Each wait alone is in time. Together they are not.
    let late = Fault::Late(TIMEOUT * 2 / 3);
    store.plan("load", &[late]);
    store.plan("update", &[late]);
    let answer = in_time(&mut browser, "/do?steps=set:a=2").await;
    expect_default_page(&answer);
    store.plan("update", &[late]);
    let answer = browser.steps("set:a=2").await;
    assert_eq!((answer.status, &answer.session()["a"]), (200, &"2".into()));
}

#[rocket::async_test]
async fn the_deadline_bounds_what_a_handler_waits_for() {
    let store = FaultyStore::default();
    let mut browser =
        app_with(builder("{}", store.clone()).timeout(TOO_LONG * 2).deadline(soon)).await;
    browser.get("/log-in/rosa").await;
    for (method, faults, path) in [
        ("load", vec![Fault::NeverAnswers], "/untouched"),
        ("load", vec![Fault::No, Fault::NeverAnswers], "/reload"),
        ("of_user", vec![Fault::NeverAnswers], "/sessions"),
        ("of_user", vec![Fault::NeverAnswers], "/revoke-others"),
    ] {
        store.plan(method, &faults);
        assert_eq!(in_time(&mut browser, path).await.status, 503, "{path}");
    }
    store.plan("update", &[Fault::NeverAnswers]);
    // The save and the commit share the deadline, so the response is the page of the commit.
    expect_default_page(&in_time(&mut browser, "/save").await);
}

#[rocket::async_test]
async fn after_the_deadline_the_store_is_not_asked() {
    let past = |_: &Request<'_>| Some(Instant::now().checked_sub(Duration::from_secs(1)).unwrap());
    let store = FaultyStore::default();
    let lab = Lab::start(builder("{}", store.clone())).await;
    let late = Lab::start(builder("{}", store.clone()).deadline(past)).await;
    let mut browser = lab.browser();
    browser.steps("set:a=1").await;
    store.take_calls();
    let mut same = late.browser().with_jar_of(&browser);
    assert_eq!(same.steps("").await.status, 503);
    expect_default_page(&late.browser().steps("set:a=1").await);
    assert_eq!(store.take_calls(), [""; 0]);
}
