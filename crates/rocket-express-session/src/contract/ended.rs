//! A session that has ended stays ended, however many requests are still running.

use std::sync::Arc;

use super::rule::{ROUNDS, Rule, changed, later, millis};
use crate::error::Unavailable;
use crate::signature::SessionId;
use crate::store::{Record, Store};

/// The call of a race that ends the session.
const ENDS: usize = 10;

/// How often each other call of that race tries to update it.
const UPDATES: usize = 20;

pub(super) async fn check<S: Store>(store: &Arc<S>) {
    nothing_brings_a_session_back(store).await;
    no_concurrent_write_brings_it_back(store).await;
    one_of_many_destroys_deletes(store).await;
    a_take_returns_the_last_state(store).await;
    one_of_many_takes_gets_it(store).await;
    a_take_loses_no_update(store).await;
}

async fn nothing_brings_a_session_back<S: Store>(store: &Arc<S>) {
    let rule = Rule::new(store, "nothing brings a destroyed session back");
    let (id, old) = rule.inserted(r#""n":1"#).await;
    rule.check(rule.destroy(&id).await, "the first destroy returned false");
    rule.check(!rule.destroy(&id).await, "the second destroy returned true");
    rule.check_not_there(&id, &old).await;
}

async fn no_concurrent_write_brings_it_back<S: Store>(store: &Arc<S>) {
    let rule = Rule::new(store, "no concurrent write brings a destroyed session back");
    for _ in 0..ROUNDS {
        let (id, old) = rule.inserted(r#""n":"old""#).await;
        let (key, before) = (id.clone(), old.clone());
        let call = async move |store: &S, number: usize| -> Result<bool, Unavailable> {
            match number % 3 {
                _ if number == ENDS => store.destroy(&key).await,
                0 => store.touch(&key, &before, later(&before, 1 + millis(number))).await,
                _ => {
                    let new = changed(&before, &format!(r#""n":{number}"#));
                    Ok(store.update(&key, &before, new).await?.is_some())
                }
            }
        };
        let results = rule.race(call).await.into_iter();
        let results: Vec<bool> = results.map(|result| rule.answer("a write", result)).collect();
        rule.check(results[ENDS], "destroy returned false");
        rule.check_not_there(&id, &old).await;
    }
}

async fn one_of_many_destroys_deletes<S: Store>(store: &Arc<S>) {
    let rule = Rule::new(store, "of many concurrent destroys, one returns true");
    for _ in 0..ROUNDS {
        let (id, old) = rule.inserted("").await;
        let key = id.clone();
        let destroyed = rule.race(async move |store: &S, _| store.destroy(&key).await).await;
        let destroyed = destroyed.into_iter().filter(|d| rule.answer("destroy", d.clone()));
        let destroyed = destroyed.count();
        rule.check(destroyed == 1, format!("{destroyed} returned true"));
        rule.check_not_there(&id, &old).await;
    }
}

async fn a_take_returns_the_last_state<S: Store>(store: &Arc<S>) {
    let rule = Rule::new(store, "take returns the session as load would, and deletes it");
    let (id, old) = rule.inserted(r#""n":1"#).await;
    rule.update(&id, &old, changed(&old, r#""n":2"#)).await;
    let last = rule.loaded(&id).await;
    let Some(taken) = rule.take(&id).await else {
        rule.broken("take returned no session");
    };
    rule.check_same("take", &taken, &last);
    rule.check(!rule.destroy(&id).await, "a destroy after the take returned true");
    rule.check_not_there(&id, &last).await;
}

/// Also a session without values: a take that first empties the session does not change it.
async fn one_of_many_takes_gets_it<S: Store>(store: &Arc<S>) {
    let rule = Rule::new(store, "of many concurrent takes, one returns the session");
    for round in 0..ROUNDS {
        let (id, old) = rule.inserted(["", r#""n":1"#][round % 2]).await;
        let key = id.clone();
        let taken = rule.race(async move |store: &S, _| store.take(&key).await).await.into_iter();
        let taken: Vec<Record> = taken.filter_map(|taken| rule.answer("take", taken)).collect();
        rule.check(taken.len() == 1, format!("{} takes returned one", taken.len()));
        rule.check_same("take", &taken[0], &old);
        rule.check_not_there(&id, &old).await;
    }
}

/// Each update comes before the take, which returns what it stored, or finds no session.
async fn a_take_loses_no_update<S: Store>(store: &Arc<S>) {
    let rule = Rule::new(store, "take returns what the last successful update has stored");
    for _ in 0..ROUNDS {
        let (id, old) = rule.inserted(r#""n":0"#).await;
        let key = id.clone();
        let call = async move |store: &S, number: usize| match number {
            ENDS => (Ok(0), Some(take_at_last(store, &key).await)),
            _ => (count_up(store, &key).await, None),
        };
        let (mut updates, mut taken) = (0, None);
        for (counted, result) in rule.race(call).await {
            updates += rule.answer("load or update", counted);
            taken = taken.or(result.and_then(|result| rule.answer("take", result)));
        }
        let Some(taken) = taken else { rule.broken("take returned no session") };
        let n = number(&taken);
        rule.check(n == updates, format!("{updates} updates counted up, and take returned {n}"));
        rule.check_not_there(&id, &old).await;
    }
}

/// Adds one to the number in the session until it has ended; returns how often that succeeded.
async fn count_up<S: Store>(store: &S, id: &SessionId) -> Result<u64, Unavailable> {
    let mut counted = 0;
    for _ in 0..UPDATES {
        let Some(old) = store.load(id).await? else { break };
        let new = changed(&old, &format!(r#""n":{}"#, number(&old) + 1));
        counted += u64::from(store.update(id, &old, new).await?.is_some());
    }
    Ok(counted)
}

/// The default of `take` fails while too many updates come, and may be called again.
async fn take_at_last<S: Store>(store: &S, id: &SessionId) -> Result<Option<Record>, Unavailable> {
    for _ in 0..UPDATES {
        if let Ok(taken) = store.take(id).await {
            return Ok(taken);
        }
    }
    store.take(id).await
}

fn number(record: &Record) -> u64 {
    record.data().values["n"].get().parse().unwrap_or(0)
}
