//! The contract of a session store: the same sentences for each store.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use rocket::tokio::time::sleep;

use crate::support::fresh_database;
use cloakroom::db::Mongo;
use cloakroom::session::store::memory::MemoryStore;
use cloakroom::session::store::mongo::MongoStore;
use cloakroom::session::store::{Ending, Record, Shown, Store, Times};
use cloakroom::session::{Content, Sid, Timestamp};

/// All stores: memory, and MongoDB in both forms of the document.
async fn stores() -> Vec<Arc<dyn Store>> {
    let (_, database) = fresh_database().await;
    let mongo = Mongo::over(database, 10);
    let (texts, objects) =
        (MongoStore::new(&mongo, "text", true), MongoStore::new(&mongo, "object", false));
    for store in [&texts, &objects] {
        store.ensure_indexes().await.unwrap();
        store.ensure_login_indexes().await.unwrap();
    }
    vec![Arc::new(MemoryStore::default()), Arc::new(texts), Arc::new(objects)]
}

fn content(values: &str) -> Content {
    let json =
        format!(r#"{{"cookie":{{"originalMaxAge":60000,"expires":null,"path":"/"}}{values}}}"#);
    Content::parse(&json).unwrap()
}

fn times(life: i64) -> Times {
    let now = Timestamp::now();
    Times { now, last_modified: Some(now), expires: Some(now.plus_millis(life)) }
}

/// An object in MongoDB has the members that a cookie lacks as null, and Express reads them so.
fn without_nulls(content: &Content) -> serde_json::Value {
    let mut json: serde_json::Value = serde_json::from_str(&content.to_json()).unwrap();
    json["cookie"].as_object_mut().unwrap().retain(|_, value| !value.is_null());
    json
}

#[rocket::async_test]
async fn what_is_inserted_is_loaded() {
    for store in stores().await {
        let (sid, content) = (Sid::generate(), content(r#","n":1,"deep":{"a":[1,"x"]}"#));
        assert!(store.load(&sid).await.unwrap().is_none());
        let times = times(60_000);
        store.insert(&sid, &content, times, None).await.unwrap();
        let record = store.load(&sid).await.unwrap().expect("it is there");
        assert_eq!(without_nulls(&record.content), without_nulls(&content), "{}", store.place());
        assert_eq!(record.expires, times.expires);
        assert_eq!((record.created, record.last_modified), (Some(times.now), Some(times.now)));
    }
}

#[rocket::async_test]
async fn what_has_expired_is_not_found() {
    for store in stores().await {
        let sid = Sid::generate();
        store.insert(&sid, &content(""), times(0), None).await.unwrap();
        assert!(store.load(&sid).await.unwrap().is_none(), "{}", store.place());
    }
}

#[rocket::async_test]
async fn an_update_needs_what_was_loaded() {
    for store in stores().await {
        let sid = Sid::generate();
        store.insert(&sid, &content(r#","n":1"#), times(60_000), None).await.unwrap();
        let old = store.load(&sid).await.unwrap().unwrap();
        let update = async |values: &str| {
            store.update(&sid, &old, &content(values), times(60_000)).await.unwrap()
        };
        let Some(saved) = update(r#","n":2"#).await else { panic!("{}", store.place()) };
        let again = update(r#","n":3"#).await;
        assert!(again.is_none(), "it is no longer what was loaded");
        let now = store.load(&sid).await.unwrap().unwrap();
        assert_eq!((&now.stored, now.expires), (&saved.stored, saved.expires));
        assert_eq!(now.content.values["n"].get(), "2");
        assert_eq!(now.created, old.created, "the beginning stays");
    }
}

#[rocket::async_test]
async fn nothing_brings_an_ended_session_back() {
    for store in stores().await {
        let sid = Sid::generate();
        store.insert(&sid, &content(""), times(60_000), None).await.unwrap();
        let record = store.load(&sid).await.unwrap().unwrap();
        assert!(store.destroy(&sid).await.unwrap());
        assert!(!store.destroy(&sid).await.unwrap());
        let updated = store.update(&sid, &record, &content(r#","n":1"#), times(60_000)).await;
        assert!(updated.unwrap().is_none());
        assert!(!store.touch(&sid, &record, times(60_000)).await.unwrap());
        assert!(store.load(&sid).await.unwrap().is_none(), "{}", store.place());
    }
}

#[rocket::async_test]
async fn a_touch_moves_the_end_and_leaves_the_session_as_it_is() {
    for store in stores().await {
        let sid = Sid::generate();
        store.insert(&sid, &content(r#","n":1"#), times(60_000), None).await.unwrap();
        let before = store.load(&sid).await.unwrap().unwrap();
        let now = Timestamp::now().plus_millis(5);
        let later =
            Times { now, last_modified: Some(now), expires: Some(now.plus_millis(120_000)) };
        assert!(store.touch(&sid, &before, later).await.unwrap());
        assert!(!store.touch(&sid, &before, later).await.unwrap(), "one of many touches");
        let after = store.load(&sid).await.unwrap().unwrap();
        assert_eq!(after.stored, before.stored, "{}", store.place());
        assert_eq!((after.expires, after.last_modified), (later.expires, Some(later.now)));
    }
}

#[rocket::async_test]
async fn the_sessions_of_one_login_are_found_and_ended_with_a_reason() {
    for store in stores().await {
        let insert = async |values: &str| {
            sleep(Duration::from_millis(2)).await; // One is the newest.
            let sid = Sid::generate();
            store.insert(&sid, &content(values), times(60_000), None).await.unwrap();
            sid
        };
        let (rosa, vera) = ("507f1f77bcf86cd799439011", "507f1f77bcf86cd799439012");
        let of = |user: &str| format!(r#","passport":{{"user":"{user}"}}"#);
        let (kept, ended) = (insert(&of(rosa)).await, insert(&of(rosa)).await);
        let other = insert(&of(vera)).await;
        let quoting = format!(r#","note":"\"passport\":{{\"user\":\"{rosa}\"}}""#);
        let (anonymous, quoting) = (insert("").await, insert(&quoting).await);
        let nested = format!(r#","data":{{"passport":{{"user":"{rosa}"}}}}"#);
        let nested = insert(&nested).await;
        let list = insert(&format!(r#","passport":["{rosa}"]"#)).await;
        for ((logins, of_each, others), expected) in [
            ((9, 9, 9), 7),
            ((9, 9, 0), 3),
            ((9, 1, 0), 2), // one of rosa's
            ((1, 1, 2), 3),
            ((0, 9, 1), 1),
        ] {
            let all = store.all(Shown { logins, of_each, others }).await.unwrap();
            assert_eq!(all.len(), expected, "{logins} {of_each} {others} {}", store.place());
        }
        let newest = store.all(Shown { logins: 9, of_each: 1, others: 0 }).await.unwrap();
        assert!(newest.iter().any(|(sid, _)| *sid == ended), "{}", store.place());
        let (mut seen, mut last) = (HashSet::new(), None);
        while let Some((sid, _)) = store.page(last.as_ref(), 2).await.unwrap().pop() {
            seen.extend(
                store.page(last.as_ref(), 2).await.unwrap().into_iter().map(|(sid, _)| sid),
            );
            last = Some(sid);
        }
        assert_eq!(seen.len(), 7, "{}", store.place());
        assert_eq!(store.logins(rosa, 1).await.unwrap().len(), 1);
        let found = store.logins(rosa, 9).await.unwrap();
        let is_rosas = |sid: &Sid| found.iter().any(|(found, _)| found == sid);
        assert!(found.len() == 2 && is_rosas(&kept) && is_rosas(&ended), "{}", store.place());
        assert_eq!(store.end(std::slice::from_ref(&ended), Ending::Revoked).await.unwrap(), 1);
        assert!(store.load(&ended).await.unwrap().is_none());
        assert_eq!(store.ending(&ended).await.unwrap(), Some(Ending::Revoked));
        assert_eq!(store.end(std::slice::from_ref(&ended), Ending::Revoked).await.unwrap(), 0);
        for sid in [&kept, &other, &anonymous, &quoting, &list, &nested] {
            assert!(store.load(sid).await.unwrap().is_some(), "{}", store.place());
            assert_eq!(store.ending(sid).await.unwrap(), None);
        }
        assert_eq!(store.end(&[], Ending::Revoked).await.unwrap(), 0);
    }
}

#[rocket::async_test]
async fn the_lists_of_an_empty_store_are_empty() {
    for store in stores().await {
        let all = Shown { logins: 9, of_each: 9, others: 9 };
        assert!(store.all(all).await.unwrap().is_empty(), "{}", store.place());
        assert!(store.page(None, 9).await.unwrap().is_empty(), "{}", store.place());
        let logins = store.logins("507f1f77bcf86cd799439011", 9).await.unwrap();
        assert!(logins.is_empty(), "{}", store.place());
    }
}

#[rocket::async_test]
async fn no_list_has_an_expired_session_in_it() {
    let rosa = "507f1f77bcf86cd799439011";
    let login = format!(r#","passport":{{"user":"{rosa}"}}"#);
    for store in stores().await {
        let insert = async |values: &str, life: i64| {
            sleep(Duration::from_millis(2)).await; // The second one is newer.
            let sid = Sid::generate();
            store.insert(&sid, &content(values), times(life), None).await.unwrap();
            sid
        };
        let sids = |found: Vec<(Sid, Record)>| found.into_iter().map(|(sid, _)| sid);
        let mut valid = vec![];
        for values in [login.as_str(), ""] {
            valid.push(insert(values, 60_000).await);
            insert(values, -1_000).await;
        }
        // The limits leave one place, and the newer session, which has expired, does not take it.
        let logins = store.logins(rosa, 1).await.unwrap();
        assert!(sids(logins).eq([valid[0].clone()]), "{}", store.place());
        let all = store.all(Shown { logins: 1, of_each: 1, others: 1 }).await.unwrap();
        assert!(sids(all).eq(valid.clone()), "{}", store.place());
        // A page names the ID of an expired session, so that the next page begins behind it.
        let page = store.page(None, 9).await.unwrap();
        let mut page: Vec<_> =
            page.into_iter().filter_map(|(sid, record)| record.and(Some(sid))).collect();
        page.sort_by_key(|sid| valid.iter().position(|valid| valid == sid));
        assert!(page == valid, "{}", store.place());
    }
}
