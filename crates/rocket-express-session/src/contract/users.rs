//! The sessions of a user are found, and no others.

use std::sync::Arc;

use super::rule::{Rule, changed, data, new_times, record};
use crate::javascript::Timestamp;
use crate::signature::SessionId;
use crate::store::{Record, Registry, Store, Times};

/// A session in a list.
pub(super) type Found = (SessionId, Record);

/// IDs of users as JSON. Some are the same user in another form, and some differ in a little only.
const USERS: [&str; 14] = [
    r#""507f1f77bcf86cd799439011""#,
    r#""507F1F77BCF86CD799439011""#,
    r#"{"_id":"507f1f77bcf86cd799439011","name":"vera"}"#,
    r#""507f1f77bcf86cd799439012""#,
    r#""550e8400-e29b-41d4-a716-446655440000""#,
    "7",
    r#""7""#,
    r#"{"id":7,"name":"vera"}"#,
    "-1.5",
    r#""O'Brien \"%_\\ $é""#,
    r#""vera""#,
    r#""Vera""#,
    r#""ver""#,
    r#""ver_""#,
];

/// Sessions that quote the user vera, who is logged in in none of them.
const QUOTING: [&str; 6] = [
    r#""note":"\"passport\":{\"user\":\"vera\"}""#,
    r#""data":{"passport":{"user":"vera"}}"#,
    r#""passport":["vera"]"#,
    r#""passport":{"user":["vera"]}"#,
    r#""passport":{"user":{"name":"vera"}}"#,
    r#""user":"vera""#,
];

pub(super) async fn check<S: Store>(store: &Arc<S>) {
    a_user_has_the_sessions_that_say_so(store).await;
    a_list_goes_by_what_a_session_holds_now(store).await;
    no_expired_session_is_in_the_list(store).await;
}

impl<S: Store> Rule<S> {
    pub(super) fn registry(&self) -> &dyn Registry {
        self.store.registry().unwrap_or_else(|| self.broken("Store::registry returned None"))
    }

    pub(super) async fn of_user(&self, user: &str, limit: u32) -> Vec<Found> {
        self.answer("of_user", self.registry().of_user(user, limit).await)
    }

    /// Inserts a session that was created so many seconds ago.
    pub(super) async fn insert_of_age(&self, values: &str, seconds: i64) -> SessionId {
        let id = SessionId::generate();
        let created = Some(Timestamp::now().plus_millis(-1_000 * seconds));
        self.insert(&id, record(values, Times { created, ..new_times() })).await;
        id
    }

    /// Inserts a session that has expired, and is newer than all others.
    pub(super) async fn insert_expired(&self, values: &str) -> SessionId {
        let id = SessionId::generate();
        let expires = Some(Timestamp::now().plus_millis(-1_000));
        self.insert(&id, record(values, Times { expires, ..new_times() })).await;
        id
    }

    /// The list has these sessions, in this order.
    pub(super) fn check_order(&self, list: &str, found: &[Found], expected: &[SessionId]) {
        let is_same = found.iter().map(|(id, _)| id).eq(expected);
        let (found, expected) = (number(found, expected), expected.len());
        self.check(is_same, format!("{list} returned {found}, not number 1 to {expected}"));
    }

    /// Deletes the sessions of a rule: the next one begins with an empty store.
    pub(super) async fn clean_up(&self, ids: &[&SessionId]) {
        for id in ids {
            self.destroy(id).await;
        }
    }
}

/// The places of the found sessions in the expected list, for a message.
fn number(found: &[Found], expected: &[SessionId]) -> String {
    let place = |(id, _): &Found| expected.iter().position(|expected| expected == id);
    let place =
        |found: &Found| place(found).map_or("another".to_owned(), |at| (at + 1).to_string());
    let places: Vec<String> = found.iter().map(place).collect();
    if places.is_empty() {
        "no session".to_owned()
    } else {
        format!("number {}", places.join(", "))
    }
}

/// The values of a session in which this user, a JSON value, is logged in.
pub(super) fn logged_in(user: &str) -> String {
    format!(r#""passport":{{"user":{user}}}"#)
}

fn key(user: &str) -> String {
    data(&logged_in(user)).user_key().expect("each user of a rule has a key")
}

async fn a_user_has_the_sessions_that_say_so<S: Store>(store: &Arc<S>) {
    let rule = Rule::new(store, "of_user returns the sessions of this user only, the newest first");
    let mut all: Vec<(i64, String, SessionId)> = vec![];
    // Neither the newest nor the oldest is inserted last.
    for seconds in [60, 20, 40] {
        for (seconds, user) in (seconds..).zip(USERS) {
            let id = rule.insert_of_age(&logged_in(user), seconds).await;
            all.push((seconds, key(user), id));
        }
    }
    all.sort_by_key(|(seconds, _, _)| *seconds);
    let mut quoting = vec![];
    for values in QUOTING {
        quoting.push(rule.insert_of_age(values, 0).await);
    }
    for user in USERS.map(key) {
        let of_user = all.iter().filter(|(_, key, _)| *key == user);
        let expected: Vec<SessionId> = of_user.map(|(_, _, id)| id.clone()).collect();
        for limit in [0, 1, 2, 100] {
            let found = rule.of_user(&user, limit).await;
            let expected = &expected[..expected.len().min(limit as usize)];
            rule.check_order(&format!("of_user({user:?}, {limit})"), &found, expected);
            for (id, record) in &found {
                rule.check_same("of_user", record, &rule.loaded(id).await);
            }
        }
    }
    rule.check_order("of_user(\"rosa\", 9)", &rule.of_user("rosa", 9).await, &[]);
    let ids: Vec<&SessionId> = all.iter().map(|(_, _, id)| id).chain(&quoting).collect();
    rule.clean_up(&ids).await;
}

/// A handler may remove the login from a session, and an Express app may add one.
async fn a_list_goes_by_what_a_session_holds_now<S: Store>(store: &Arc<S>) {
    let rule = Rule::new(store, "of_user goes by what a session holds after its last update");
    let vera = logged_in(r#""vera""#);
    let (logged_out, old) = rule.inserted(&vera).await;
    rule.update(&logged_out, &old, changed(&old, "")).await;
    rule.check_order("of_user after the logout", &rule.of_user("vera", 9).await, &[]);
    let (logged_in, old) = rule.inserted("").await;
    rule.update(&logged_in, &old, changed(&old, &vera)).await;
    let found = rule.of_user("vera", 9).await;
    rule.check_order("of_user after the login", &found, std::slice::from_ref(&logged_in));
    rule.clean_up(&[&logged_out, &logged_in]).await;
}

async fn no_expired_session_is_in_the_list<S: Store>(store: &Arc<S>) {
    let rule = Rule::new(store, "of_user returns no expired session, and leaves no place for one");
    let vera = logged_in(r#""vera""#);
    let valid = rule.insert_of_age(&vera, 1).await;
    let expired = rule.insert_expired(&vera).await;
    let found = rule.of_user("vera", 1).await;
    rule.check_order("of_user", &found, std::slice::from_ref(&valid));
    rule.clean_up(&[&valid, &expired]).await;
}
