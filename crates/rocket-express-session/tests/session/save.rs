//! Writing without losing: explicit saves, and concurrent requests.

use std::time::Duration;

use rocket::futures::future::join_all;
use rocket::tokio::join;
use rocket::tokio::time::sleep;

use crate::support::Lab;

#[rocket::async_test]
async fn an_explicit_save_and_the_end_are_one_write() {
    let lab = Lab::on_mongodb("{}").await;
    let mut browser = lab.browser();
    let seen = lab.count_commands(async {
        assert!(browser.steps("set:a=1,save").await.session_cookie().is_some());
    });
    assert_eq!(seen.await, ["insert sessions"]);
    let seen = lab.count_commands(async {
        assert!(browser.steps("set:a=2,save").await.session_cookie().is_some());
    });
    assert_eq!(seen.await, ["find sessions", "update sessions"]);
    let seen = lab.count_commands(async {
        drop(browser.steps("set:a=3,save,set:a=4").await);
    });
    assert_eq!(seen.await, ["find sessions", "update sessions", "update sessions"]);
    assert_eq!(browser.steps("").await.session()["a"], "4");
}

#[rocket::async_test]
async fn a_saved_regenerate_deletes_the_old_document_and_sends_the_cookie() {
    for lab in Lab::both("{}").await {
        let mut browser = lab.browser();
        browser.steps("set:a=1").await;
        let before = browser.session_id();
        assert!(browser.steps("regenerate,set:b=2,save").await.session_cookie().is_some());
        assert_ne!(browser.session_id(), before);
        assert_eq!(browser.steps("").await.session()["b"], "2");
        lab.expect_documents(1).await;
    }
}

#[rocket::async_test]
async fn a_save_of_an_ended_session_says_so_and_brings_nothing_back() {
    for lab in Lab::both("{}").await {
        let mut browser = lab.browser();
        browser.steps("set:a=1").await;
        let mut other = browser.copy();
        let (slow, _) = join!(browser.steps("sleep:400,set:a=2,save"), async {
            sleep(Duration::from_millis(150)).await;
            other.steps("destroy").await
        });
        assert_eq!((slow.status, slow.body.as_str()), (409, "the session has ended"));
        assert_eq!(slow.session_cookie(), None);
        lab.expect_documents(0).await;
    }
}

#[rocket::async_test]
async fn a_change_in_flight_during_a_logout_brings_nothing_back() {
    for lab in Lab::both("{}").await {
        let mut browser = lab.browser();
        browser.steps("set:a=1").await;
        let mut other = browser.copy();
        let (slow, _) = join!(browser.steps("sleep:400,set:a=2"), async {
            sleep(Duration::from_millis(150)).await;
            other.steps("destroy").await
        });
        assert_eq!((slow.status, slow.session_cookie()), (200, None), "not an error");
        lab.expect_documents(0).await;
    }
}

#[rocket::async_test]
async fn different_keys_at_the_same_time_are_all_kept_on_two_instances() {
    let one = Lab::on_mongodb("{}").await;
    let two = one.beside("{}").await;
    let mut browser = one.browser();
    browser.steps("set:start=1,set:gone=1").await;
    let set = async |n: usize| {
        let mut tab = if n.is_multiple_of(2) { one.browser() } else { two.browser() };
        tab.jar = browser.jar.clone();
        let answer = tab.steps(&format!("set:key{n}={n},sleep:100")).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
    };
    let mut remover = browser.copy();
    join!(join_all((0..10).map(set)), remover.steps("sleep:100,remove:gone"));
    let session = browser.steps("").await.session();
    for n in 0..10 {
        assert_eq!(session[format!("key{n}")], n.to_string());
    }
    assert!(session.get("gone").is_none() && session["start"] == "1", "{session}");
}

#[rocket::async_test]
async fn fifty_increments_at_once_are_fifty_on_two_instances() {
    let one = Lab::on_mongodb("{}").await;
    let two = one.beside("{}").await;
    let mut browser = one.browser();
    browser.steps("set:a=1").await;
    let count = async |n: usize| {
        let mut tab = if n.is_multiple_of(2) { one.browser() } else { two.browser() };
        tab.jar = browser.jar.clone();
        tab.steps("count:n").await.status
    };
    assert_eq!(join_all((0..50).map(count)).await, [200; 50]);
    assert_eq!(browser.steps("").await.session()["n"], 50);
}

#[rocket::async_test]
async fn a_logout_cannot_be_undone_by_a_reload() {
    for lab in Lab::both("{}").await {
        let mut browser = lab.browser();
        browser.steps("set:a=1").await;
        let mut copy = browser.copy();
        let answer = browser.steps("destroy,reload").await;
        assert_eq!(answer.body, "the session has ended");
        assert!(copy.steps("").await.session().get("a").is_none());
    }
}

#[rocket::async_test]
async fn a_maximum_age_that_another_request_set_is_kept() {
    for lab in Lab::both("{}").await {
        let mut browser = lab.browser();
        browser.steps("set:a=1").await;
        let mut other = browser.copy();
        join!(browser.steps("set:a=2,sleep:400"), async {
            sleep(Duration::from_millis(150)).await;
            other.steps("maxage:5000").await
        });
        let session = browser.steps("").await.session();
        assert_eq!(
            (&session["a"], &session["cookie"]["originalMaxAge"]),
            (&"2".into(), &5000.into())
        );
    }
}
