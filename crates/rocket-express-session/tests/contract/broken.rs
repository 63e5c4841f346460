//! A store with a fault does not pass, and the message names the rule.

use std::thread;

use rocket_express_session::contract::{check_bytes, check_store};

use crate::faulty::{Fault, FaultyStore};

/// The message of a panic.
pub fn panic_of(run: impl FnOnce() + Send + 'static) -> String {
    let panic = thread::spawn(run).join().expect_err("the contract finds the fault");
    *panic.downcast::<String>().expect("a message")
}

/// The contract finds the fault by the rule that has these words in it.
fn finds(fault: Fault, rule: &str) {
    let message = panic_of(move || rocket::async_test(check_store(FaultyStore::new(fault))));
    assert!(message.contains(rule), "{message}");
}

#[test]
fn a_load_of_expired_sessions_is_found() {
    finds(Fault::LoadsExpired, "has expired is not found");
}

#[test]
fn an_update_of_expired_sessions_is_found() {
    finds(Fault::UpdatesExpired, "has expired is not found");
}

#[test]
fn a_take_of_expired_sessions_is_found() {
    finds(Fault::TakesExpired, "has expired is not found");
}

#[test]
fn an_expiry_that_is_null_and_counts_as_passed_is_found() {
    finds(Fault::NullHasExpired, "absent ones stay absent");
}

#[test]
fn a_touch_that_does_not_find_null_is_found() {
    finds(Fault::TouchComparesNull, "a touch fails");
}

#[test]
fn an_insert_that_overwrites_is_found() {
    finds(Fault::InsertOverwrites, "under a taken ID");
}

#[test]
fn an_update_that_inserts_is_found() {
    finds(Fault::UpdateInserts, "only insert uses it");
}

#[test]
fn a_touch_that_inserts_is_found() {
    finds(Fault::TouchInserts, "only insert uses it");
}

#[test]
fn an_update_that_does_not_compare_is_found() {
    finds(Fault::UpdateDoesNotCompare, "an update fails");
}

#[test]
fn a_touch_that_does_not_compare_is_found() {
    finds(Fault::TouchDoesNotCompare, "a touch fails");
}

#[test]
fn an_update_in_two_steps_is_found() {
    finds(Fault::UpdateInTwoSteps, "of many concurrent updates");
}

#[test]
fn a_touch_in_two_steps_is_found() {
    finds(Fault::TouchInTwoSteps, "of many concurrent touches");
}

#[test]
fn a_take_in_two_steps_is_found() {
    finds(Fault::TakeInTwoSteps, "of many concurrent takes");
}

#[test]
fn an_update_that_ignores_case_is_found() {
    finds(Fault::UpdateIgnoresCase, "compares letters exactly");
}

#[test]
fn an_id_that_ignores_case_is_found() {
    finds(Fault::IdsIgnoreCase, "differ in case");
}

#[test]
fn an_update_that_compares_the_times_is_found() {
    finds(Fault::UpdateComparesTimes, "the times are not compared");
}

#[test]
fn an_update_that_counts_changes_is_found() {
    finds(Fault::UpdateCountsChanges, "changes nothing returns the session");
}

#[test]
fn an_update_that_loads_again_is_found() {
    finds(Fault::UpdateLoadsAgain, "to a time in the past");
}

#[test]
fn a_destroy_that_is_always_true_is_found() {
    finds(Fault::DestroyIsAlwaysTrue, "only insert uses it");
}

#[test]
fn a_column_that_cuts_off_is_found() {
    finds(Fault::CutsOffAt64K, "whatever JSON it is");
}

#[test]
fn a_column_for_seconds_is_found() {
    finds(Fault::WholeSeconds, "so does insert");
}

#[test]
fn a_missing_column_is_found() {
    finds(Fault::NoUserAgent, "so does insert");
}

#[test]
fn a_missing_column_of_addresses_is_found() {
    finds(Fault::NoAddress, "so does insert");
}

#[test]
fn a_store_that_does_not_answer_is_found() {
    finds(Fault::Unavailable, "the connection was closed");
}

#[test]
fn a_check_of_the_expiry_at_the_insert_is_found() {
    finds(Fault::InsertChecksExpiry, "when its time has come");
}

#[test]
fn an_expiry_that_is_null_and_not_written_is_found() {
    finds(Fault::NullIsNotWritten, "without expires is valid");
}

#[test]
fn a_destroy_of_all_sessions_is_found() {
    finds(Fault::DestroyDeletesAll, "no call changes another");
}

#[test]
fn an_insert_in_two_steps_is_found() {
    finds(Fault::InsertInTwoSteps, "of many concurrent inserts");
}

#[test]
fn a_destroy_in_two_steps_is_found() {
    finds(Fault::DestroyInTwoSteps, "of many concurrent destroys");
}

#[test]
fn an_update_that_inserts_a_destroyed_session_is_found() {
    finds(Fault::UpdateInsertsDestroyed, "no concurrent write");
}

#[test]
fn a_take_that_loses_updates_is_found() {
    finds(Fault::TakeLosesUpdates, "the last successful update");
}

#[test]
fn a_take_that_does_not_delete_is_found() {
    finds(Fault::TakeDoesNotDelete, "as load would, and deletes it");
}

#[test]
fn a_touch_of_the_creation_is_found() {
    finds(Fault::TouchWritesCreated, "and nothing else");
}

#[test]
fn a_write_that_returns_other_json_is_found() {
    finds(Fault::WritesReturnOtherJson, "whatever JSON it is");
}

#[test]
fn json_that_is_written_again_is_found_by_the_bytes_alone() {
    rocket::async_test(check_store(FaultyStore::new(Fault::RewritesJson)));
    let check = || rocket::async_test(check_bytes(FaultyStore::new(Fault::RewritesJson)));
    assert!(panic_of(check).contains("kept to the byte"));
}
