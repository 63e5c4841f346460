use cloakroom::db::Mongo;
use cloakroom::migrate::{self, MigrateError, Migration};
use mongodb::bson::{Document, doc};

use crate::support::fresh_database;

const FIRST: Migration = Migration {
    name: "001_first",
    text: r#"{"commands": [{"create": "things"}, {"createIndexes": "things", "indexes": [{"key": {"a": 1}, "name": "a_1"}]}]}"#,
};

#[rocket::async_test]
async fn each_migration_is_applied_once() {
    let (_, database) = fresh_database().await;
    let mongo = Mongo::over(database.clone(), 10);
    assert_eq!(migrate::run(&mongo, migrate::ALL).await.unwrap().len(), migrate::ALL.len());
    assert!(migrate::run(&mongo, migrate::ALL).await.unwrap().is_empty());
}

#[rocket::async_test]
async fn instances_that_start_at_once_apply_each_migration_once() {
    let (_, database) = fresh_database().await;
    let mongo = Mongo::over(database.clone(), 10);
    let runs = (0..8).map(|_| migrate::run(&mongo, migrate::ALL));
    let applied = rocket::futures::future::join_all(runs).await;
    let applied: usize = applied.into_iter().map(|run| run.unwrap().len()).sum();
    assert_eq!(applied, migrate::ALL.len());
}

#[rocket::async_test]
async fn an_existing_collection_is_no_obstacle() {
    let (_, database) = fresh_database().await;
    let mongo = Mongo::over(database.clone(), 10);
    // connect-mongo and the tutorial's app make these.
    let user = doc! { "username": "vera", "hash": "ab", "salt": "cd", "admin": true };
    database.collection::<Document>("users").insert_one(user).await.unwrap();
    let ttl = doc! { "key": { "expires": 1 }, "name": "expires_1", "expireAfterSeconds": 0 };
    database.run_command(doc! { "createIndexes": "sessions", "indexes": [ttl] }).await.unwrap();
    migrate::run(&mongo, migrate::ALL).await.unwrap();
}

#[rocket::async_test]
async fn a_changed_or_missing_migration_stops_the_start() {
    let (_, database) = fresh_database().await;
    let mongo = Mongo::over(database.clone(), 10);
    migrate::run(&mongo, &[FIRST]).await.unwrap();
    let changed = Migration { text: r#"{"commands": [{"ping": 1}]}"#, ..FIRST };
    let error = migrate::run(&mongo, &[changed]).await.unwrap_err();
    assert!(matches!(&error, MigrateError::Changed(name) if name == "001_first"), "{error}");
    let error = migrate::run(&mongo, &[]).await.unwrap_err();
    assert!(matches!(&error, MigrateError::Missing(name) if name == "001_first"), "{error}");
}

#[rocket::async_test]
async fn the_lease_of_an_instance_that_died_is_taken_over() {
    let (_, database) = fresh_database().await;
    let mongo = Mongo::over(database.clone(), 10);
    let past = mongodb::bson::DateTime::from_millis(0);
    let lease = doc! { "_id": "lease", "owner": "a dead instance", "until": past };
    database.collection::<Document>("migrations").insert_one(lease).await.unwrap();
    assert_eq!(migrate::run(&mongo, &[FIRST]).await.unwrap(), ["001_first"]);
}
