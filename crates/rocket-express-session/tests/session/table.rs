//! The decision table, row by row, over HTTP: what is stored, and what the browser gets.

use mongodb::bson::DateTime;
use rocket_express_session::Timestamp;

use crate::support::Lab;

/// Unix time in whole seconds, which is what a cookie can say.
fn seconds(date: DateTime) -> i64 {
    date.timestamp_millis() / 1000
}

#[rocket::async_test]
async fn new_and_unmodified_nothing_is_stored_and_nothing_sent() {
    for lab in Lab::both("{}").await {
        let answer = lab.browser().steps("").await;
        assert_eq!(answer.session_cookie(), None);
        lab.expect_documents(0).await;
    }
}

#[rocket::async_test]
async fn new_and_unmodified_with_save_uninitialized_is_stored_and_sent() {
    for lab in Lab::both(r#"{"save_uninitialized":true}"#).await {
        let mut browser = lab.browser();
        assert!(browser.steps("").await.session_cookie().is_some());
        lab.expect_documents(1).await;
        // But not for a request that never asks for the session.
        let answer = lab.browser().get("/plain").await;
        assert_eq!(answer.session_cookie(), None);
        lab.expect_documents(1).await;
    }
}

#[rocket::async_test]
async fn new_and_modified_is_stored_and_sent() {
    for lab in Lab::both("{}").await {
        let mut browser = lab.browser();
        assert!(browser.steps("set:a=1").await.session_cookie().is_some());
        lab.expect_documents(1).await;
        assert_eq!(browser.steps("").await.session()["a"], "1");
    }
}

#[rocket::async_test]
async fn loaded_and_modified_is_updated_and_sent_when_the_cookie_has_an_expiry() {
    for lab in Lab::both("{}").await {
        let mut browser = lab.browser();
        browser.steps("set:a=1").await;
        let id = browser.session_id();
        assert!(browser.steps("set:a=2").await.session_cookie().is_some());
        assert_eq!(browser.session_id(), id);
        assert_eq!(browser.steps("").await.session()["a"], "2");
        // Without an expiry, the browser has all it needs.
        browser.steps("maxage:none").await;
        let answer = browser.steps("set:a=3").await;
        assert_eq!(answer.session_cookie(), None);
        assert_eq!(browser.steps("").await.session()["a"], "3");
        lab.expect_documents(1).await;
    }
}

#[rocket::async_test]
async fn another_maximum_age_sends_the_cookie_with_its_new_end() {
    for lab in Lab::both("{}").await {
        let mut browser = lab.browser();
        browser.steps("set:a=1").await;
        for (steps, expected) in [
            ("maxage:86400000", None), // The present one.
            ("maxage:none", Some(false)),
            ("maxage:none", None),
            ("", None),
            ("maxage:60000", Some(true)),
            ("maxage:120000,save", Some(true)),
            ("maxage:none,save,set:a=2", Some(false)),
            ("maxage:60000,maxage:none", None),
            ("maxage:60000,reload", None),
            ("maxage:0", Some(true)),
        ] {
            let answer = browser.steps(steps).await;
            let has_end = answer.session_cookie().map(|line| line.contains("; Expires="));
            assert_eq!(has_end, expected, "{steps}");
        }
    }
}

#[rocket::async_test]
async fn loaded_and_unmodified_nothing_is_written_and_nothing_sent() {
    let lab = Lab::on_mongodb("{}").await;
    let mut browser = lab.browser();
    browser.steps("set:a=1").await;
    let seen = lab.count_commands(async {
        for steps in ["", "set:a=1", "set:a=2,set:a=1", "set:b=1,remove:b", "remove:b"] {
            assert_eq!(browser.steps(steps).await.session_cookie(), None, "{steps}");
        }
    });
    assert_eq!(seen.await, ["find sessions"; 5]);
}

#[rocket::async_test]
async fn resave_writes_what_has_not_changed() {
    let lab = Lab::on_mongodb(r#"{"resave":true}"#).await;
    let mut browser = lab.browser();
    browser.steps("set:a=1").await;
    let seen = lab.count_commands(async {
        assert_eq!(browser.steps("").await.session_cookie(), None, "as in Express");
    });
    assert_eq!(seen.await, ["find sessions", "update sessions"]);
}

#[rocket::async_test]
async fn rolling_sends_the_cookie_with_each_answer() {
    for lab in Lab::both(r#"{"rolling":true}"#).await {
        let mut browser = lab.browser();
        assert_eq!(browser.steps("").await.session_cookie(), None, "there is nothing to send");
        browser.steps("set:a=1").await;
        assert!(browser.steps("").await.session_cookie().is_some());
        assert_eq!(browser.get("/plain").await.session_cookie(), None);
    }
}

#[rocket::async_test]
async fn an_unmodified_session_is_touched_when_it_is_due() {
    let lab = Lab::on_mongodb(r#"{"touch_after":"10ms"}"#).await;
    let mut browser = lab.browser();
    browser.steps("set:a=1").await;
    let before = lab.document().await.unwrap();
    rocket::tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    let seen = lab.count_commands(async {
        assert_eq!(browser.steps("").await.session_cookie(), None);
    });
    assert_eq!(seen.await, ["find sessions", "update sessions"]);
    let after = lab.document().await.unwrap();
    assert_eq!(after.get("session"), before.get("session"), "to the byte");
    assert!(after.get_datetime("expires").unwrap() > before.get_datetime("expires").unwrap());
    assert!(
        after.get_datetime("lastModified").unwrap() > before.get_datetime("lastModified").unwrap()
    );
    assert_eq!(after.get("createdAt"), before.get("createdAt"));
}

#[rocket::async_test]
async fn many_requests_within_touch_after_write_nothing() {
    let lab = Lab::on_mongodb(r#"{"touch_after":"1 minute"}"#).await;
    let mut browser = lab.browser();
    browser.steps("set:a=1").await;
    let seen = lab.count_commands(async {
        for _ in 0..20 {
            browser.steps("").await;
        }
    });
    assert_eq!(seen.await, ["find sessions"; 20]);
    let seen = lab.count_commands(async {
        drop(browser.steps("touch").await);
    });
    assert_eq!(seen.await, ["find sessions", "update sessions"], "unless asked to");
}

#[rocket::async_test]
async fn a_new_maximum_age_is_a_new_expires() {
    for lab in Lab::both("{}").await {
        let mut browser = lab.browser();
        browser.steps("set:a=1").await;
        for age in [5, 500_000] {
            let now = || Timestamp::now().as_millis() / 1000;
            let before = now();
            let answer = browser.steps(&format!("maxage:{age}000")).await;
            let end = answer.session_cookie_end().expect("an end");
            assert!((before + age..=now() + age).contains(&end), "{age}: {end} from {before}");
            if let Some(document) = lab.document().await {
                assert_eq!(seconds(*document.get_datetime("expires").unwrap()), end);
            }
        }
        let answer = browser.steps("maxage:none").await;
        assert_eq!(answer.session_cookie_end(), None);
    }
}

#[rocket::async_test]
async fn a_later_save_moves_all_ends_and_a_rolling_response_leaves_the_stored_one() {
    let lab = Lab::on_mongodb(r#"{"rolling":true,"touch_after":0}"#).await;
    let mut browser = lab.browser();
    let mut ends = vec![];
    for steps in ["set:a=1", "", "set:a=2"] {
        let sent = browser.steps(steps).await.session_cookie_end().expect("an end");
        let document = lab.document().await.unwrap();
        let text = document.get_str("session").unwrap();
        let stored: serde_json::Value = serde_json::from_str(text).unwrap();
        let stored = Timestamp::from_iso(stored["cookie"]["expires"].as_str().unwrap()).unwrap();
        let valid_until = seconds(*document.get_datetime("expires").unwrap());
        assert_eq!(sent, valid_until, "{steps}");
        ends.push((sent, stored.as_millis() / 1000));
        rocket::tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
    }
    let (sent, stored): (Vec<_>, Vec<_>) = ends.into_iter().unzip();
    assert!(sent[0] < sent[1] && sent[1] < sent[2], "{sent:?}");
    // As with connect-mongo, a touch leaves the session as it is.
    assert_eq!(stored, [sent[0], sent[0], sent[2]]);
}

#[rocket::async_test]
async fn a_regenerated_session_is_a_new_document_and_a_new_cookie() {
    for lab in Lab::both("{}").await {
        let mut browser = lab.browser();
        browser.steps("set:a=1").await;
        let (before, mut attacker) = (browser.session_id(), browser.copy());
        let answer = browser.steps("regenerate").await;
        assert!(answer.session_cookie().is_some());
        assert_ne!(browser.session_id(), before);
        lab.expect_documents(1).await;
        assert!(browser.steps("").await.session().get("a").is_none(), "nothing is carried over");
        assert!(attacker.steps("").await.session().get("a").is_none(), "the old ID is unknown");
    }
}

#[rocket::async_test]
async fn a_destroyed_session_is_deleted_and_its_cookie_taken_back() {
    for lab in Lab::both(r#"{"resave":true,"rolling":true,"save_uninitialized":true}"#).await {
        let mut browser = lab.browser();
        browser.steps("set:a=1").await;
        let mut attacker = browser.copy();
        let answer = browser.steps("set:b=2,destroy,set:c=3").await;
        let line = answer.session_cookie().unwrap();
        assert_eq!(
            line,
            "connect.sid=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; SameSite=Lax"
        );
        lab.expect_documents(0).await;
        assert!(attacker.steps("").await.session().get("a").is_none());
    }
}

#[rocket::async_test]
async fn error_pages_obey_the_same_table() {
    for lab in Lab::both(r#"{"rolling":true}"#).await {
        let mut browser = lab.browser();
        browser.steps("set:a=1").await;
        // The second step fails: the answer is a 409, and the first is kept.
        let answer = browser.steps("set:a=2,set:id=x").await;
        assert_eq!(answer.status, 409);
        assert!(answer.session_cookie().is_some());
        assert_eq!(browser.steps("").await.session()["a"], "2");
        let answer = browser.steps("missing").await;
        assert_eq!((answer.status, answer.session_cookie().is_some()), (404, true), "rolling");
        let answer = lab.browser().steps("missing").await;
        assert_eq!((answer.status, answer.session_cookie()), (404, None), "new and unmodified");
        let answer = lab.browser().steps("set:a=1,missing").await;
        assert_eq!((answer.status, answer.session_cookie().is_some()), (404, true), "modified");
    }
}
