//! A touch extends a session, and a session expires.

use std::sync::Arc;
use std::time::Duration;

use rocket::tokio::time::sleep;

use super::rule::{ROUNDS, Rule, changed, later, millis, new_times, record};
use crate::javascript::Timestamp;
use crate::signature::SessionId;
use crate::store::{Record, Store, Times};

/// How long a session lives that is to expire while the rule waits.
const SHORT: Duration = Duration::from_millis(300);

pub(super) async fn check<S: Store>(store: &Arc<S>) {
    a_touch_changes_the_times_only(store).await;
    a_touch_needs_the_time_that_was_loaded(store).await;
    one_of_many_touches_wins(store).await;
    without_an_expiry_a_session_stays(store).await;
    an_expired_session_is_not_found(store).await;
    a_session_expires_by_itself(store).await;
    an_update_may_end_the_session(store).await;
}

/// The record with these times.
fn at(mut record: Record, times: Times) -> Record {
    record.times = times;
    record
}

async fn a_touch_changes_the_times_only<S: Store>(store: &Arc<S>) {
    let rule = Rule::new(store, "a touch writes expires and last_modified, and nothing else");
    let (id, before) = rule.inserted(r#""n":1"#).await;
    let times = later(&before, 1);
    let touched = rule.touch(&id, &before, Times { created: None, ..times }).await;
    rule.check(touched, "touch returned false");
    rule.check_same("load", &rule.loaded(&id).await, &at(before, times));
}

/// A session of an Express app has no `last_modified`: in SQL, `= NULL` would never find it.
async fn a_touch_needs_the_time_that_was_loaded<S: Store>(store: &Arc<S>) {
    let rule = Rule::new(store, "a touch fails and changes nothing if another one came first");
    for last_modified in [new_times().last_modified, None] {
        let id = SessionId::generate();
        let times = Times { last_modified, ..new_times() };
        let old = rule.insert(&id, record("", times)).await;
        let first = rule.touch(&id, &old, later(&old, 1)).await;
        rule.check(first, format!("the first touch of {last_modified:?} returned false"));
        let before = rule.loaded(&id).await;
        let second = rule.touch(&id, &old, later(&old, 2)).await;
        rule.check(!second, format!("the second touch of {last_modified:?} returned true"));
        rule.check_same("load", &rule.loaded(&id).await, &before);
    }
}

async fn one_of_many_touches_wins<S: Store>(store: &Arc<S>) {
    let rule = Rule::new(store, "of many concurrent touches of one loaded session, one succeeds");
    for _ in 0..ROUNDS {
        let (id, old) = rule.inserted("").await;
        let (key, before) = (id.clone(), old.clone());
        let touch = async move |store: &S, number: usize| {
            store.touch(&key, &before, later(&before, 1 + millis(number))).await
        };
        let touched = rule.race(touch).await.into_iter().enumerate();
        let winners = touched.filter(|(_, touched)| rule.answer("touch", touched.clone()));
        let winners: Vec<usize> = winners.map(|(number, _)| number).collect();
        rule.check(winners.len() == 1, format!("{} touches succeeded", winners.len()));
        let times = later(&old, 1 + millis(winners[0]));
        rule.check_same("load", &rule.loaded(&id).await, &at(old, times));
    }
}

/// In SQL, a comparison with NULL is not true.
async fn without_an_expiry_a_session_stays<S: Store>(store: &Arc<S>) {
    let rule = Rule::new(store, "a session without expires is valid, and can be written");
    let inserted = async || {
        let id = SessionId::generate();
        rule.insert(&id, record("", Times { expires: None, ..new_times() })).await;
        let loaded = rule.loaded(&id).await;
        (id, loaded)
    };
    let (id, old) = inserted().await;
    rule.check(rule.touch(&id, &old, later(&old, 1)).await, "touch returned false");
    let (id, old) = inserted().await;
    let new = at(changed(&old, ""), Times { expires: None, ..later(&old, 1) });
    rule.check(rule.update(&id, &old, new).await.is_some(), "update returned no session");
    rule.check(rule.take(&id).await.is_some(), "take returned no session");
}

async fn an_expired_session_is_not_found<S: Store>(store: &Arc<S>) {
    let rule =
        Rule::new(store, "a session that has expired is not found, even before its deletion");
    let id = SessionId::generate();
    let past = Timestamp::now().plus_millis(-1_000);
    let old = rule.insert(&id, record("", Times { expires: Some(past), ..new_times() })).await;
    rule.check_not_there(&id, &old).await;
}

async fn a_session_expires_by_itself<S: Store>(store: &Arc<S>) {
    let rule = Rule::new(store, "a session is found no longer when its time has come");
    let id = SessionId::generate();
    let expires = Some(Timestamp::now().plus(SHORT));
    let old = rule.insert(&id, record("", Times { expires, ..new_times() })).await;
    sleep(SHORT + SHORT / 10).await;
    rule.check_not_there(&id, &old).await;
}

/// A handler may set the maximum age to zero, and the default of `take` ends a session so.
async fn an_update_may_end_the_session<S: Store>(store: &Arc<S>) {
    let rule = Rule::new(store, "an update to a time in the past ends the session, and returns it");
    let (id, old) = rule.inserted(r#""n":1"#).await;
    let times = Times { expires: Some(Timestamp::from_millis(0)), ..later(&old, 1) };
    let new = at(changed(&old, r#""n":2"#), times);
    let Some(updated) = rule.update(&id, &old, new.clone()).await else {
        rule.broken("update returned no session");
    };
    rule.check_same("update", &updated, &new);
    rule.check_not_there(&id, &updated).await;
}
