//! The steps that an observer sees of each request, in their order.

use std::sync::{Arc, Mutex};

use rocket_express_session::observe::{Event, Signature};
use rocket_express_session::store::MemoryStore;

use crate::handlers::app_with;
use crate::support::{Browser, Lab, builder};

/// The events in words, without IDs.
type Seen = Arc<Mutex<Vec<String>>>;

fn observed(settings: &str) -> (rocket_express_session::Builder, Seen) {
    let seen = Seen::default();
    let log = seen.clone();
    let builder = builder(settings, MemoryStore::default())
        .observe(move |event| log.lock().unwrap().push(describe(event)));
    (builder, seen)
}

fn describe(event: &Event<'_>) -> String {
    match event {
        Event::CookieRead { name, bytes, signature, .. } => {
            let signature = match signature {
                Signature::Genuine { is_outdated, .. } => {
                    format!("genuine, outdated {is_outdated}")
                }
                other => format!("{other:?}"),
            };
            format!("{name} of {bytes} bytes: {signature}")
        }
        Event::Loaded { .. } => "loaded".to_owned(),
        Event::Unknown { .. } => "unknown".to_owned(),
        Event::Revoked { reason, .. } => reason.as_str().to_owned(),
        Event::StoreCalled { method, .. } => format!("store.{method}"),
        Event::Regenerated { old, .. } => format!("regenerated, was stored: {}", old.is_some()),
        Event::Destroyed => "destroyed".to_owned(),
        Event::Committed { write, session, .. } => {
            let user = session.data().user_key().unwrap_or_default();
            format!("committed: {write:?} {user}")
        }
        Event::CookieSent { .. } => "cookie sent".to_owned(),
        other => format!("{other:?}"),
    }
}

fn take(seen: &Seen) -> Vec<String> {
    std::mem::take(&mut seen.lock().unwrap())
}

#[rocket::async_test]
async fn a_login_a_second_request_a_logout_and_an_unknown_id() {
    let (builder, seen) = observed("{}");
    let lab = Lab::start(builder).await;
    let mut browser = lab.browser();
    browser.steps("login:rosa").await;
    let login = [
        "connect.sid of 0 bytes: NoCookie",
        "regenerated, was stored: false",
        "store.insert",
        "committed: Insert rosa",
        "cookie sent",
    ];
    assert_eq!(take(&seen), login);

    let bytes = "connect.sid=".len() + browser.jar["connect.sid"].len();
    let genuine = format!("connect.sid of {bytes} bytes: genuine, outdated false");
    browser.steps("set:a=1").await;
    let second =
        [&genuine, "store.load", "loaded", "store.update", "committed: Update rosa", "cookie sent"];
    assert_eq!(take(&seen), second);
    browser.steps("").await;
    assert_eq!(take(&seen), [&genuine, "store.load", "loaded", "committed: Nothing rosa"]);

    let mut other = browser.copy();
    browser.steps("destroy").await;
    let logout =
        [&genuine, "store.load", "loaded", "destroyed", "store.destroy", "committed: Delete "];
    assert_eq!(take(&seen), logout);

    other.steps("").await;
    assert_eq!(take(&seen), [&genuine, "store.load", "unknown", "committed: Nothing "]);
    assert_eq!(lab.browser().get("/plain").await.status, 200);
    assert_eq!(take(&seen), [""; 0], "a request that never asks has no session");
}

#[rocket::async_test]
async fn a_second_login_and_a_new_id_replace_a_stored_session() {
    let (builder, seen) = observed("{}");
    let lab = Lab::start(builder).await;
    let mut browser = lab.browser();
    browser.steps("set:a=1").await;
    let in_between = async |browser: &mut Browser, steps: &str| {
        take(&seen);
        browser.steps(steps).await;
        take(&seen).split_off(3)
    };
    let login = [
        "regenerated, was stored: true",
        "store.insert",
        "store.destroy",
        "committed: Insert rosa",
        "cookie sent",
    ];
    assert_eq!(in_between(&mut browser, "login:rosa").await, login);
    let cycled = [
        "regenerated, was stored: true",
        "store.insert",
        "store.take",
        "committed: Insert rosa",
        "cookie sent",
    ];
    assert_eq!(in_between(&mut browser, "cycle_id").await, cycled);
}

#[rocket::async_test]
async fn each_kind_of_signature_is_told_apart() {
    let (builder, seen) = observed(r#"{"secret":["new","old"]}"#);
    let lab = Lab::start(builder).await;
    let ids = [0, 1].map(|_| rocket_express_session::SessionId::generate());
    let with = |secret: &str, id| {
        lab.browser().with_cookie_for(&ids[id], secret).jar["connect.sid"].clone()
    };
    let (ours, other, old, foreign) =
        (with("new", 0), with("new", 1), with("old", 0), with("x", 0));
    for (cookies, expected) in [
        (format!("connect.sid={ours}"), "genuine, outdated false"),
        (format!("connect.sid={old}"), "genuine, outdated true"),
        (format!("connect.sid={foreign}"), "Wrong"),
        (format!("connect.sid={}", ids[0].as_str()), "Missing"),
        (format!("connect.sid={ours}; connect.sid={other}"), "Ambiguous"),
        ("theme=dark".to_owned(), "NoCookie"),
    ] {
        let mut browser = lab.browser();
        let request = browser.steps_request("").header("Cookie", &cookies);
        browser.send(request).await;
        let first = take(&seen).remove(0);
        assert_eq!(first.split_once(" bytes: ").unwrap().1, expected, "{cookies}");
    }
}

#[rocket::async_test]
async fn a_handler_that_asks_why_a_session_was_revoked_is_seen() {
    let (builder, seen) = observed("{}");
    let mut browser = app_with(builder).await;
    browser.get("/log-in/rosa").await;
    let mut revoked = browser.copy();
    revoked.jar.clear();
    revoked.get("/log-in/rosa").await;
    browser.get("/revoke-others").await;
    take(&seen);
    assert_eq!(revoked.get("/why").await.body, "revoked by the test");
    let events = take(&seen).split_off(1);
    assert_eq!(events, ["store.load", "unknown", "revoked by the test", "committed: Nothing "]);
}
