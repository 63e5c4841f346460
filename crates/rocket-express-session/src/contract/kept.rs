//! What is inserted is loaded again, under its own ID and no other.

use std::sync::Arc;

use super::rule::{Rule, changed, later, new_times, record, show};
use crate::javascript::Timestamp;
use crate::signature::SessionId;
use crate::store::{Record, Store, Times};

pub(super) async fn check<S: Store>(store: &Arc<S>) {
    an_unknown_id_is_not_found(store).await;
    what_is_inserted_is_loaded(store).await;
    any_time_is_kept(store).await;
    any_user_agent_is_kept(store).await;
    any_address_is_kept(store).await;
    any_json_is_kept(store).await;
    other_sessions_stay_as_they_are(store).await;
    ids_are_compared_exactly(store).await;
    a_taken_id_is_refused(store).await;
    one_of_many_inserts_wins(store).await;
}

async fn an_unknown_id_is_not_found<S: Store>(store: &Arc<S>) {
    let rule = Rule::new(store, "an ID that no session has is not found, and only insert uses it");
    let (_, other) = rule.inserted("").await;
    let id = SessionId::generate();
    let destroyed = rule.destroy(&id).await;
    rule.check(!destroyed, "destroy returned true");
    rule.check_not_there(&id, &other).await;
}

async fn what_is_inserted_is_loaded<S: Store>(store: &Arc<S>) {
    let rule = Rule::new(store, "load returns the session that was inserted, and so does insert");
    inserted_and_loaded(&rule, &record(r#""n":1,"deep":{"a":[1,"x"]}"#, new_times())).await;
}

/// Inserts the record under a new ID, and compares it with what `insert` and `load` return. Deletes it,
/// because it may never expire.
async fn inserted_and_loaded<S: Store>(rule: &Rule<S>, record: &Record) {
    let id = SessionId::generate();
    let inserted = rule.insert(&id, record.clone()).await;
    rule.check_same("insert", &inserted, record);
    rule.check_same("load", &rule.loaded(&id).await, record);
    rule.destroy(&id).await;
}

async fn any_time_is_kept<S: Store>(store: &Arc<S>) {
    let rule = Rule::new(store, "times are kept to the millisecond, and absent ones stay absent");
    let odd = |millis| Some(Timestamp::from_millis(millis));
    let last = i64::MAX; // The end of the year 9999.
    for times in [
        Times { created: odd(0), last_modified: odd(1_767_323_045_678), expires: odd(last) },
        Times { created: None, ..new_times() },
        Times { last_modified: None, ..new_times() },
        Times::default(),
    ] {
        inserted_and_loaded(&rule, &record("", times)).await;
    }
}

async fn any_user_agent_is_kept<S: Store>(store: &Arc<S>) {
    let rule = Rule::new(store, "the user agent is kept, and an absent one stays absent");
    for user_agent in [None, Some(r#"A "browser" of O'Brien; é (%_\)"#.to_owned())] {
        let mut record = record("", new_times());
        record.user_agent = user_agent;
        inserted_and_loaded(&rule, &record).await;
    }
}

async fn any_address_is_kept<S: Store>(store: &Arc<S>) {
    let rule = Rule::new(store, "the address is kept, and an absent one stays absent");
    for address in [None, Some("2001:db8:1::".to_owned())] {
        inserted_and_loaded(&rule, &record("", new_times()).with_address(address)).await;
    }
}

async fn any_json_is_kept<S: Store>(store: &Arc<S>) {
    let rule = Rule::new(store, "what a session holds is kept, whatever JSON it is");
    let large = format!(r#""large":"{}""#, "é 100 KB ".repeat(10_240));
    for values in [
        "",
        r#""a.b":1,"$set":{"$gt":2},"":3,"ключ":"é 日本 😀"," ":{"":{}},"list":[[],[{}]]"#,
        r#""text":"'; DROP TABLE sessions; -- %_ \\ \" \u0000 \n""#,
        r#""numbers":[0,-1,1.50,1e3,1e-7,1e300,4503599627370497],"rest":[true,false,null]"#,
        &large,
    ] {
        inserted_and_loaded(&rule, &record(values, new_times())).await;
        let (id, old) = rule.inserted(r#""n":1"#).await;
        let new = changed(&old, values);
        let Some(updated) = rule.update(&id, &old, new.clone()).await else {
            rule.broken(format!("no update to {}", show(Some(&new))));
        };
        rule.check_same("update", &updated, &new);
        rule.check_same("load", &rule.loaded(&id).await, &new);
        let again = rule.update(&id, &updated, changed(&updated, r#""n":2"#)).await;
        rule.check(again.is_some(), format!("no update of {}", show(Some(&updated))));
    }
}

async fn ids_are_compared_exactly<S: Store>(store: &Arc<S>) {
    let rule = Rule::new(store, "an ID is any text, and IDs that differ in case are different");
    let id = SessionId::generate();
    let texts = [
        id.as_str().to_owned(),
        id.as_str().to_lowercase(),
        id.as_str().to_uppercase(),
        format!(r#"../{} "O'Brien": $é%_\*"#, id.as_str()), // An Express app may choose its own.
    ];
    let ids = texts.map(|text| SessionId::stored(&text));
    for (number, id) in ids.iter().enumerate() {
        rule.insert(id, record(&format!(r#""n":{number}"#), new_times())).await;
    }
    for (number, id) in ids.iter().enumerate() {
        let found = rule.loaded(id).await;
        let is_its_own = found.data().values["n"].get() == number.to_string();
        rule.check(is_its_own, "load found the session of another ID");
        rule.check(rule.destroy(id).await, "destroy returned false");
    }
}

async fn a_taken_id_is_refused<S: Store>(store: &Arc<S>) {
    let rule = Rule::new(store, "an insert under a taken ID fails and changes nothing");
    let (id, before) = rule.inserted(r#""n":1"#).await;
    let again = rule.store.insert(&id, changed(&before, r#""n":2"#)).await;
    rule.check(again.is_err(), "insert did not fail");
    rule.check_same("load", &rule.loaded(&id).await, &before);
}

async fn one_of_many_inserts_wins<S: Store>(store: &Arc<S>) {
    let rule = Rule::new(store, "of many concurrent inserts under one ID, one succeeds");
    let id = SessionId::generate();
    let key = id.clone();
    let insert = async move |store: &S, number: usize| {
        store.insert(&key, record(&format!(r#""n":{number}"#), new_times())).await
    };
    let winners: Vec<Record> = rule.race(insert).await.into_iter().flatten().collect();
    rule.check(winners.len() == 1, format!("{} inserts succeeded", winners.len()));
    rule.check_same("load", &rule.loaded(&id).await, &winners[0]);
}

async fn other_sessions_stay_as_they_are<S: Store>(store: &Arc<S>) {
    let rule = Rule::new(store, "no call changes another session");
    let (id, before) = rule.inserted(r#""n":1"#).await;
    let (other, record) = rule.inserted(r#""n":1"#).await;
    rule.touch(&other, &record, later(&record, 1)).await;
    rule.update(&other, &record, changed(&record, r#""n":2"#)).await;
    rule.destroy(&other).await;
    let (other, _) = rule.inserted(r#""n":1"#).await;
    rule.take(&other).await;
    rule.check_same("load", &rule.loaded(&id).await, &before);
}
