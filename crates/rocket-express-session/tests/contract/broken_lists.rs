//! A registry with a fault does not pass, and the message names the rule.

use rocket_express_session::contract::check_registry;
use rocket_express_session::store::{Record, Store as _, Times};
use rocket_express_session::{SessionData, SessionId};

use crate::broken::panic_of;
use crate::faulty_registry::{Fault, FaultyRegistry};

/// The contract finds the fault by the rule that has these words in it.
fn finds(fault: Fault, rule: &str) {
    let check = move || rocket::async_test(check_registry(FaultyRegistry::new(fault)));
    let message = panic_of(check);
    assert!(message.contains(rule), "{message}");
}

#[test]
fn a_store_that_is_not_empty_is_found() {
    let message = panic_of(|| {
        rocket::async_test(async {
            let store = FaultyRegistry::new(Fault::None);
            let data = SessionData::from_json(r#"{"cookie":{}}"#).unwrap();
            let record = Record::new(data, Times::default(), None);
            store.insert(&SessionId::generate(), record).await.unwrap();
            check_registry(store).await;
        });
    });
    assert!(message.contains("the lists of an empty store"), "{message}");
}

#[test]
fn a_registry_that_the_store_does_not_give_is_found() {
    finds(Fault::IsNotGiven, "Store::registry");
}

#[test]
fn a_users_expired_session_is_found() {
    finds(Fault::OfUserShowsExpired, "of_user returns no expired session");
}

#[test]
fn an_expired_session_in_the_list_of_all_is_found() {
    finds(Fault::NewestShowsExpired, "newest returns no expired session");
}

#[test]
fn a_list_in_which_expired_sessions_take_a_place_is_found() {
    finds(Fault::LimitsBeforeExpiry, "leaves no place");
}

#[test]
fn a_list_with_the_oldest_first_is_found() {
    finds(Fault::OldestFirst, "the newest first");
}

#[test]
fn a_search_in_the_text_is_found() {
    finds(Fault::SearchesText, "of this user only");
}

#[test]
fn a_user_that_ignores_case_is_found() {
    finds(Fault::UsersIgnoreCase, "of this user only");
}

#[test]
fn a_user_of_the_insert_is_found() {
    finds(Fault::UserOfInsert, "after its last update");
}

#[test]
fn a_user_without_limit_is_found() {
    finds(Fault::IgnoresLimitOfUser, "of this user only");
}

#[test]
fn a_list_of_too_many_users_is_found() {
    finds(Fault::IgnoresUsers, "the newest of each user");
}

#[test]
fn a_list_of_too_many_of_a_user_is_found() {
    finds(Fault::IgnoresPerUser, "the newest of each user");
}

#[test]
fn a_list_of_too_many_anonymous_is_found() {
    finds(Fault::IgnoresAnonymous, "the newest of each user");
}

#[test]
fn a_scan_that_needs_the_session_is_found() {
    finds(Fault::ScanNeedsTheSession, "whose session is gone");
}

#[test]
fn a_scan_that_begins_with_the_last_is_found() {
    finds(Fault::ScanBeginsWithTheLast, "comes to each session once");
}

#[test]
fn a_scan_that_shows_expired_sessions_is_found() {
    finds(Fault::ScanShowsExpired, "comes to each session once");
}

#[test]
fn a_reason_that_is_not_kept_is_found() {
    finds(Fault::KeepsNoReason, "keeps the reason");
}

#[test]
fn a_reason_of_another_session_is_found() {
    finds(Fault::GivesAnyReason, "keeps the reason");
}

#[test]
fn a_revoke_that_deletes_nothing_is_found() {
    finds(Fault::RevokesNothing, "keeps the reason");
}

#[test]
fn a_revoke_that_counts_ids_is_found() {
    finds(Fault::CountsIds, "keeps the reason");
}

#[test]
fn a_revoke_of_few_is_found() {
    finds(Fault::RefusesMany, "takes a thousand IDs");
}
