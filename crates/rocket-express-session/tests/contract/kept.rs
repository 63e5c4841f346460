//! These stores keep the contract.

use rocket_express_session::contract::{check_bytes, check_registry, check_store};
use rocket_express_session::mongodb::MongoStore;
use rocket_express_session::store::MemoryStore;

use crate::faulty_registry::{Fault, FaultyRegistry};
use crate::small::SmallStore;
use crate::support::fresh_database;

/// The store in MongoDB, in a database of its own.
async fn mongo(stringify: bool) -> MongoStore {
    let (_, database) = fresh_database().await;
    let store = MongoStore::new(&database).stringify(stringify);
    // Beside Express and alone: the lists use other indexes.
    let store = if stringify { store.beside_express() } else { store };
    store.ensure_indexes().await.unwrap();
    store
}

#[rocket::async_test]
async fn the_memory_store_keeps_the_contract() {
    check_store(MemoryStore::default()).await;
    check_bytes(MemoryStore::default()).await;
    check_registry(MemoryStore::default()).await;
}

#[rocket::async_test]
async fn the_store_in_mongodb_keeps_the_contract_with_json_text() {
    let store = mongo(true).await;
    check_registry(store.clone()).await;
    check_registry(store.clone()).await; // It leaves an empty store.
    check_store(store.clone()).await;
    check_bytes(store).await;
}

#[rocket::async_test]
async fn the_store_in_mongodb_keeps_the_contract_with_objects() {
    let store = mongo(false).await;
    check_registry(store.clone()).await;
    check_store(store).await;
}

#[rocket::async_test]
async fn five_methods_keep_the_contract() {
    check_store(SmallStore::default()).await;
    check_bytes(SmallStore::default()).await;
}

#[rocket::async_test]
async fn a_small_registry_keeps_the_contract() {
    check_store(FaultyRegistry::new(Fault::None)).await;
    check_registry(FaultyRegistry::new(Fault::None)).await;
}
