//! The contract of a store, as tests: how a store of your own proves itself (feature `contract`).
//!
//! [`check_store`] is for every store, [`check_bytes`] for one that keeps JSON as text, and
//! [`check_registry`] for one that can list sessions. A rule that the store breaks ends in a panic, whose
//! message names the rule and what was found.
//!
//! Turn the feature on for the tests alone, in `Cargo.toml`:
//!
//! ```toml
//! [dev-dependencies]
//! rocket-express-session = { version = "0.1", features = ["contract"] }
//! ```

// In reading order: what the rules are written with, then the rules. Each file has one subject.
mod rule;
mod kept;
mod bytes;
mod updates;
mod times;
mod ended;
mod users;
mod lists;

use std::sync::Arc;

use crate::store::Store;

/// Checks that a store keeps the rules of [`Store`].
///
/// It works with new random session IDs, so the store may hold other sessions and may be in use. It leaves
/// a few dozen sessions behind, which expire within an hour.
///
/// Some rules make twenty calls at once, each in a thread of its own, ten times over. Against a database
/// that takes some milliseconds for a call, all of it takes some seconds.
///
/// ```
/// use rocket_express_session::{contract, store::MemoryStore};
///
/// // In a test of your own: `#[rocket::async_test]`, and your store.
/// rocket::execute(async {
///     contract::check_store(MemoryStore::default()).await;
/// });
/// ```
///
/// # Values
/// The JSON that is loaded must be equal to the JSON that was stored: numbers by their value, members in any
/// order. The cookie may have more members that are null. [`check_bytes`] is stricter.
///
/// # Panics
/// The store breaks a rule: the message names it.
pub async fn check_store(store: impl Store) {
    let store = Arc::new(store);
    kept::check(&store).await;
    updates::check(&store).await;
    times::check(&store).await;
    ended::check(&store).await;
}

/// Checks that a store keeps the JSON of a session to the byte.
///
/// For a store that keeps [`Record::json`](crate::store::Record::json) as text, besides [`check_store`].
/// Sessions that another program wrote may hold what no other form keeps: `1.50`, a number of twenty digits,
/// half of a surrogate pair. `MongoStore` keeps them in its text form and not as an object.
///
/// # Panics
/// The store breaks the rule.
pub async fn check_bytes(store: impl Store) {
    bytes::check(&Arc::new(store)).await;
}

/// Checks that the [`registry`](Store::registry) of a store keeps the rules of its trait.
///
/// It does not wait for a day, so it does not check how long a reason is kept. And it does not check whether
/// a scan goes on behind a piece in which all sessions have expired.
///
/// The lists have all sessions of the store in them, so it must hold none, and no other program may use it.
/// At the end it holds none again, but for the reasons of a few revoked ones.
///
/// ```
/// use rocket_express_session::{contract, store::MemoryStore};
///
/// rocket::execute(async {
///     contract::check_registry(MemoryStore::default()).await;
/// });
/// ```
///
/// # Panics
/// The store breaks a rule: the message names it.
pub async fn check_registry(store: impl Store) {
    let store = Arc::new(store);
    lists::check_empty(&store).await;
    users::check(&store).await;
    lists::check(&store).await;
}
