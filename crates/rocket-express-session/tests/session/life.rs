//! Loading, expiry, reload, a new ID, and IDs that are not ours.

use mongodb::bson::{DateTime, Document, doc};
use rocket_express_session::SessionId;

use crate::support::{Browser, Lab, SECRET};

/// The browser of a session whose text another program has written.
async fn browser_of(lab: &Lab, session: &str) -> Browser {
    let id = SessionId::generate();
    let sessions = lab.database().collection::<Document>("sessions");
    sessions.insert_one(doc! { "_id": id.as_str(), "session": session }).await.unwrap();
    lab.browser().with_cookie_for(&id, SECRET)
}

#[rocket::async_test]
async fn an_unknown_id_is_not_adopted() {
    for lab in Lab::both("{}").await {
        let mut browser = lab.browser();
        browser.steps("set:a=1").await;
        let id = browser.session_id();
        let mut copy = browser.copy();
        browser.steps("destroy").await;
        copy.steps("set:a=2").await;
        assert_ne!(copy.session_id(), id, "a genuine signature, but no session: a new ID");
    }
}

#[rocket::async_test]
async fn an_expired_session_gives_a_new_id() {
    for lab in Lab::both(r#"{"idle_timeout":1}"#).await {
        let mut browser = lab.browser();
        browser.steps("set:a=1").await;
        let id = browser.session_id();
        rocket::tokio::time::sleep(std::time::Duration::from_millis(1_050)).await;
        let answer = browser.steps("set:b=1").await;
        assert!(answer.session().get("a").is_none());
        assert_ne!(browser.session_id(), id);
    }
}

#[rocket::async_test]
async fn reload_sees_what_another_request_committed() {
    for lab in Lab::both("{}").await {
        let mut browser = lab.browser();
        browser.steps("set:a=1").await;
        let (mut slow, mut quick) = (browser.copy(), browser.copy());
        let (slow, _) = rocket::tokio::join!(slow.steps("set:a=mine,sleep:400,reload"), async {
            rocket::tokio::time::sleep(std::time::Duration::from_millis(150)).await;
            quick.steps("set:a=theirs").await
        });
        assert_eq!(slow.session()["a"], "theirs", "and this request's changes are dropped");
        assert_eq!(browser.steps("").await.session()["a"], "theirs");
    }
}

#[rocket::async_test]
async fn reload_says_that_the_session_has_ended() {
    for lab in Lab::both("{}").await {
        assert_eq!(lab.browser().steps("reload").await.body, "the session has ended");
        let mut browser = lab.browser();
        browser.steps("set:a=1").await;
        let mut other = browser.copy();
        let (slow, _) = rocket::tokio::join!(browser.steps("sleep:400,reload"), async {
            rocket::tokio::time::sleep(std::time::Duration::from_millis(150)).await;
            other.steps("destroy").await
        });
        assert_eq!((slow.status, slow.body.as_str()), (409, "the session has ended"));
    }
}

#[rocket::async_test]
async fn the_absolute_timeout_holds_although_another_program_moves_expires_past_it() {
    let lab = Lab::on_mongodb(r#"{"absolute_timeout":"1 hour"}"#).await;
    let mut browser = lab.browser();
    browser.steps("set:a=1").await;
    let document = lab.document().await.unwrap();
    let life = |document: &Document| {
        let at = |field| document.get_datetime(field).unwrap().timestamp_millis();
        at("expires") - at("createdAt")
    };
    assert_eq!(
        life(&document),
        3_600_000,
        "the idle timeout is a day, but the absolute one is shorter"
    );
    let sessions = lab.database().collection::<Document>("sessions");
    let now = DateTime::now().timestamp_millis();
    let set = doc! { "createdAt": DateTime::from_millis(now - 3_600_000), "expires": DateTime::from_millis(now + 60_000) };
    sessions.update_one(doc! {}, doc! { "$set": set }).await.unwrap();
    assert!(browser.steps("").await.session().get("a").is_none());
}

#[rocket::async_test]
async fn a_session_of_another_generator_is_accepted_as_it_stands() {
    let lab = Lab::on_mongodb(r#"{"secret":"keyboard cat"}"#).await;
    let sessions = lab.database().collection::<Document>("sessions");
    let session = r#"{"cookie":{"originalMaxAge":null,"expires":null},"a":"theirs"}"#;
    sessions.insert_one(doc! { "_id": "apple", "session": session }).await.unwrap();
    for cookie in [
        "s%3Aapple.D8Y%2BpkTAmeR0PobOhY4G97PRW%2Bj7bUnP%2F5m6%2FOn1MCU",
        "s:apple.D8Y+pkTAmeR0PobOhY4G97PRW+j7bUnP/5m6/On1MCU",
        "\"s:apple.D8Y+pkTAmeR0PobOhY4G97PRW+j7bUnP/5m6/On1MCU\"",
    ] {
        let mut browser = lab.browser();
        browser.jar.insert("connect.sid".to_owned(), cookie.to_owned());
        assert_eq!(browser.steps("").await.session()["a"], "theirs", "{cookie}");
    }
}

#[rocket::async_test]
async fn a_hundred_kilobytes_survive() {
    for lab in Lab::both("{}").await {
        let mut browser = lab.browser();
        browser.steps("fill:a=100000").await;
        browser.steps("set:b=1").await;
        assert_eq!(browser.steps("").await.session()["a"].as_str().unwrap().len(), 100_000);
    }
}

#[rocket::async_test]
async fn cycle_id_gives_a_new_id_and_keeps_the_values() {
    for lab in Lab::both("{}").await {
        let mut browser = lab.browser();
        browser.steps("login:rosa,set:a=1,push:list=x").await;
        let (id, mut attacker) = (browser.session_id(), browser.copy());
        let cycled = browser.steps("set:b=2,cycle_id:rosa,count:n").await.session();
        assert_ne!(browser.session_id(), id);
        let stored = browser.steps("").await.session();
        assert_eq!((&stored["a"], &stored["n"]), (&cycled["a"], &cycled["n"]));
        assert_eq!(
            (&cycled["a"], &cycled["b"], &cycled["n"]),
            (&"1".into(), &"2".into(), &1.into())
        );
        assert_eq!(cycled["list"][0], "x");
        assert!(attacker.steps("").await.session().get("a").is_none(), "the old ID is unknown");
        lab.expect_documents(1).await;
        // Without another login, the user stays logged in.
        let (id, before) = (browser.session_id(), browser.steps("").await.session());
        let after = browser.steps("cycle_id").await.session();
        assert_ne!(browser.session_id(), id);
        assert_eq!(after["passport"], serde_json::json!({ "user": "rosa" }));
        assert_eq!((&after["a"], &after["list"]), (&before["a"], &before["list"]));
        lab.expect_documents(1).await;
    }
}

#[rocket::async_test]
async fn what_other_requests_change_while_a_session_gets_a_new_id_is_kept() {
    for lab in Lab::both("{}").await {
        let mut browser = lab.browser();
        browser.steps("login:rosa,set:a=1,count:n").await;
        let (mut slow, mut quick) = (browser.copy(), browser.copy());
        rocket::tokio::join!(slow.steps("cycle_id:rosa,count:n,set:b=mine,sleep:400"), async {
            rocket::tokio::time::sleep(std::time::Duration::from_millis(150)).await;
            quick.steps("count:n,count:n,set:c=theirs").await
        });
        let kept = slow.steps("").await.session();
        assert_eq!(kept["n"], 4, "{kept}");
        assert_eq!((&kept["b"], &kept["c"]), (&"mine".into(), &"theirs".into()));
        lab.expect_documents(1).await;
    }
}

#[rocket::async_test]
async fn a_logout_while_a_session_gets_a_new_id_wins() {
    for lab in Lab::both("{}").await {
        let mut browser = lab.browser();
        browser.steps("login:rosa,set:a=1").await;
        let (mut slow, mut other) = (browser.copy(), browser.copy());
        rocket::tokio::join!(slow.steps("cycle_id:rosa,sleep:400"), async {
            rocket::tokio::time::sleep(std::time::Duration::from_millis(150)).await;
            other.steps("destroy").await
        });
        assert!(slow.steps("").await.session().get("a").is_none());
        lab.expect_documents(0).await;
    }
}

#[rocket::async_test]
async fn an_id_without_a_genuine_signature_is_not_adopted() {
    for lab in Lab::both("{}").await {
        let mut rosa = lab.browser();
        rosa.steps("set:a=1").await;
        let id = rosa.session_id().unwrap();
        let forged = format!("s%3A{id}.{}", "A".repeat(43));
        for cookie in ["apple", &id, &format!("s%3A{id}"), &forged] {
            let mut forger = lab.browser();
            forger.jar.insert("connect.sid".to_owned(), cookie.to_owned());
            let answer = forger.steps("set:a=2").await;
            assert!(answer.session_cookie().is_some(), "{cookie}");
            let new = forger.session_id().expect("a session ID");
            assert!(!cookie.contains(&new), "{cookie}");
        }
        assert_eq!(rosa.steps("").await.session()["a"], "1");
        lab.expect_documents(5).await;
    }
}

#[rocket::async_test]
async fn a_stored_value_under_a_reserved_key_does_no_harm() {
    let lab = Lab::on_mongodb("{}").await;
    let values = r#""save":"nope","id":7,"__proto__":{"a": 1}"#;
    let cookie = r#""cookie":{"originalMaxAge":null,"expires":null}"#;
    let mut browser = browser_of(&lab, &format!("{{{cookie},{values}}}")).await;
    let answer = browser.steps("set:b=1,save,set:c=2").await;
    assert_eq!((answer.status, &answer.session()["save"]), (200, &"nope".into()));
    let document = lab.document().await.unwrap();
    let expected = format!(r#"{{{cookie},{values},"b":"1","c":"2"}}"#);
    assert_eq!(document.get_str("session").unwrap(), expected);
}

#[rocket::async_test]
async fn the_cookie_of_a_loaded_session_has_the_attributes_of_its_document() {
    let lab = Lab::on_mongodb("{}").await;
    let cookie = r#"{"originalMaxAge":60000,"expires":null,"httpOnly":false,"path":"/do"}"#;
    let mut browser = browser_of(&lab, &format!(r#"{{"cookie":{cookie}}}"#)).await;
    let answer = browser.steps("set:b=1").await;
    let (_, attributes) = answer.session_cookie().unwrap().split_once("; ").unwrap();
    // Nothing stands behind the date: no HttpOnly and no SameSite.
    let is_whole = attributes.starts_with("Path=/do; Expires=") && attributes.ends_with(" GMT");
    assert!(is_whole, "{attributes}");
}

#[rocket::async_test]
async fn a_value_that_is_no_json_is_refused_and_not_written() {
    for lab in Lab::both("{}").await {
        let refusal = r#"the value for the session key "a" is no JSON"#;
        let answer = lab.browser().steps("odd:a").await;
        assert_eq!((answer.status, answer.body.as_str()), (409, refusal));
        assert_eq!(answer.session_cookie(), None);
        lab.expect_documents(0).await;
        let mut browser = lab.browser();
        browser.steps("set:a=1").await;
        let answer = browser.steps("odd:a").await;
        assert_eq!((answer.body.as_str(), answer.session_cookie()), (refusal, None));
        assert_eq!(browser.steps("").await.session()["a"], "1");
    }
}
