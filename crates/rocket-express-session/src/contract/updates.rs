//! An update is a compare-and-swap: it needs what was loaded.

use std::sync::Arc;

use super::rule::{ROUNDS, Rule, changed, later, new_times, record, show};
use crate::signature::SessionId;
use crate::store::{Record, Store};

pub(super) async fn check<S: Store>(store: &Arc<S>) {
    an_update_needs_what_was_loaded(store).await;
    a_change_of_case_is_a_change(store).await;
    an_update_to_the_same_is_an_update(store).await;
    what_a_write_returns_can_be_updated(store).await;
    a_touch_does_not_stop_an_update(store).await;
    one_of_many_updates_wins(store).await;
}

async fn an_update_needs_what_was_loaded<S: Store>(store: &Arc<S>) {
    let rule = Rule::new(store, "an update fails and changes nothing if another one came first");
    let (id, old) = rule.inserted(r#""n":1"#).await;
    let first = rule.update(&id, &old, changed(&old, r#""n":2"#)).await;
    rule.check(first.is_some(), "the first update returned no session");
    let before = rule.loaded(&id).await;
    let second = rule.update(&id, &old, changed(&old, r#""n":3"#)).await;
    rule.check(second.is_none(), format!("the second update returned {}", show(second.as_ref())));
    rule.check_same("load", &rule.loaded(&id).await, &before);
}

/// A database may take texts for equal that differ in case or accents.
async fn a_change_of_case_is_a_change<S: Store>(store: &Arc<S>) {
    let rule = Rule::new(store, "an update compares letters exactly, in case and accents");
    for change in [r#""n":"Rosa""#, r#""n":"rósa""#] {
        let (id, old) = rule.inserted(r#""n":"rosa""#).await;
        rule.update(&id, &old, changed(&old, change)).await;
        let second = rule.update(&id, &old, changed(&old, r#""n":"vera""#)).await;
        let found = format!("an update from \"rosa\" came after one to {change}");
        rule.check(second.is_none(), found);
    }
}

/// A database may count only those rows in which something changed.
async fn an_update_to_the_same_is_an_update<S: Store>(store: &Arc<S>) {
    let rule = Rule::new(store, "an update that changes nothing returns the session");
    let (id, old) = rule.inserted(r#""n":1"#).await;
    let same = old.updated(old.data().clone(), old.times);
    let updated = rule.update(&id, &old, same).await;
    rule.check(updated.is_some(), "update returned no session");
}

async fn what_a_write_returns_can_be_updated<S: Store>(store: &Arc<S>) {
    let rule = Rule::new(store, "what insert and update return is the session as load returns it");
    let id = SessionId::generate();
    let mut last = rule.insert(&id, record(r#""n":0"#, new_times())).await;
    for number in 1..4 {
        rule.check_same("load", &rule.loaded(&id).await, &last);
        let touched = rule.touch(&id, &last, later(&last, 1)).await;
        rule.check(touched, "a touch of what was returned is refused");
        last.times = later(&last, 1);
        let new = changed(&last, &format!(r#""n":{number}"#));
        let Some(updated) = rule.update(&id, &last, new.clone()).await else {
            rule.broken("an update of what was returned is refused");
        };
        rule.check_same("update", &updated, &new);
        last = updated;
    }
}

async fn a_touch_does_not_stop_an_update<S: Store>(store: &Arc<S>) {
    let rule = Rule::new(store, "an update succeeds after a touch: the times are not compared");
    let (id, old) = rule.inserted(r#""n":1"#).await;
    rule.check(rule.touch(&id, &old, later(&old, 1)).await, "touch returned false");
    let updated = rule.update(&id, &old, changed(&old, r#""n":2"#)).await;
    rule.check(updated.is_some(), "update returned no session");
}

async fn one_of_many_updates_wins<S: Store>(store: &Arc<S>) {
    let rule = Rule::new(store, "of many concurrent updates of one loaded session, one succeeds");
    for _ in 0..ROUNDS {
        let (id, old) = rule.inserted(r#""n":"old""#).await;
        let key = id.clone();
        let update = async move |store: &S, number: usize| {
            store.update(&key, &old, changed(&old, &format!(r#""n":{number}"#))).await
        };
        let updated = rule.race(update).await.into_iter();
        let winners = updated.filter_map(|updated| rule.answer("update", updated));
        let winners: Vec<Record> = winners.collect();
        rule.check(winners.len() == 1, format!("{} updates succeeded", winners.len()));
        rule.check_same("load", &rule.loaded(&id).await, &winners[0]);
    }
}
