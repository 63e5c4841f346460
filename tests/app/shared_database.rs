//! A database that another program has made or shares.

use cloakroom::db::Mongo;
use cloakroom::migrate;
use mongodb::Database;
use mongodb::bson::{DateTime, Document, doc};
use rocket::futures::TryStreamExt as _;

use crate::support::{App, PASSWORD, cloakroom, fresh_database};

pub async fn indexes(database: &Database, collection: &str) -> Vec<Document> {
    let list = doc! { "listIndexes": collection };
    database.run_cursor_command(list).await.unwrap().try_collect().await.unwrap()
}

async fn create_index(database: &Database, collection: &str, index: Document) {
    let create = doc! { "createIndexes": collection, "indexes": [index] };
    database.run_command(create).await.unwrap();
}

pub fn names(indexes: &[Document]) -> Vec<&str> {
    indexes.iter().map(|index| index.get_str("name").unwrap()).collect()
}

async fn validator(database: &Database, collection: &str) -> Document {
    let list = doc! { "listCollections": 1, "filter": { "name": collection } };
    let mut found = database.run_cursor_command(list).await.unwrap();
    let found = found.try_next().await.unwrap().unwrap();
    found.get_document("options").unwrap().get_document("validator").cloned().unwrap_or_default()
}

/// The output of a start that must fail: one line, at once.
pub fn refusal(uri: &str) -> String {
    let output = cloakroom(&[]).env("MONGODB_URI", uri).output().unwrap();
    let log = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(!log.contains("Waiting"), "{log}");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!((output.status.code(), said.lines().count()), (Some(1), 1), "{said}");
    said
}

/// Checks that the site works on this database: an account is made, logs in and out.
async fn works(uri: &str) {
    let app = App::on(uri).await;
    let mut rosa = app.browser();
    rosa.sign_up("rosa").await;
    rosa.get("/account").await.expect_page(200, "rosa");
    rosa.post("/logout", &[]).await.expect_redirect("/login");
}

/// mongoose and passport-local-mongoose make this index from `unique: true`.
#[rocket::async_test]
async fn a_unique_index_on_username_is_taken_and_stays() {
    let (uri, database) = fresh_database().await;
    let theirs = doc! { "key": { "username": 1 }, "name": "username_1", "unique": true };
    create_index(&database, "users", theirs).await;
    let before = indexes(&database, "users").await;
    works(&uri).await;
    let after = indexes(&database, "users").await;
    assert!(before.iter().all(|index| after.contains(index)), "{after:?}");
    let app = App::on(&uri).await;
    let fields = [("username", "ROSA"), ("password", PASSWORD)];
    app.browser().post("/register", &fields).await.expect_error_at(422, "username");
}

/// The other way round: the index of the other program comes second.
#[rocket::async_test]
async fn another_program_can_make_its_index_on_username_after_us() {
    let (uri, database) = fresh_database().await;
    works(&uri).await;
    let theirs = doc! { "key": { "username": 1 }, "name": "username_1", "unique": true };
    create_index(&database, "users", theirs).await;
    works_again(&uri).await;
}

/// An earlier version of this program made an index that was in the way of others.
#[rocket::async_test]
async fn a_database_of_an_earlier_version_loses_the_index_and_the_validator_that_stood_in_the_way()
{
    let (uri, database) = fresh_database().await;
    let mongo = Mongo::over(database.clone(), 10);
    migrate::run(&mongo, &migrate::ALL[..1]).await.unwrap();
    let plain = doc! { "key": { "username": 1 }, "name": "username_1" };
    create_index(&database, "users", plain).await;
    migrate::run(&mongo, &migrate::ALL[..6]).await.unwrap();
    works(&uri).await;
    assert!(!names(&indexes(&database, "users").await).contains(&"username_1"));
    let theirs = doc! { "email": "vera@example.org", "password": "$2b$10$theirs" };
    database.collection("users").insert_one(theirs).await.unwrap();
}

/// mongoose makes an index like ours from `index: true`.
#[rocket::async_test]
async fn an_index_that_only_looks_like_ours_stays() {
    let (uri, database) = fresh_database().await;
    let theirs = doc! { "key": { "username": 1 }, "name": "username_1", "background": true };
    create_index(&database, "users", theirs).await;
    works(&uri).await;
    works_again(&uri).await;
    assert!(names(&indexes(&database, "users").await).contains(&"username_1"));
}

async fn works_again(uri: &str) {
    App::on(uri).await.browser().log_in("rosa").await;
}

/// mongoose's `syncIndexes` drops what its schema does not have.
#[rocket::async_test]
async fn indexes_that_another_program_dropped_are_made_again_at_the_next_start() {
    let (uri, database) = fresh_database().await;
    works(&uri).await;
    let mut collections = vec![];
    for collection in ["users", "sessions", "throttle"] {
        let of = indexes(&database, collection).await;
        collections.push((collection, names(&of).join(" ")));
        database.run_command(doc! { "dropIndexes": collection, "index": "*" }).await.unwrap();
    }
    works_again(&uri).await;
    for (collection, before) in collections {
        let of = indexes(&database, collection).await;
        let mut after = names(&of);
        after.sort_unstable();
        let mut before: Vec<&str> = before.split(' ').collect();
        before.sort_unstable();
        assert_eq!(after, before, "{collection}");
    }
}

/// Nothing but the TTL index decides when sessions are deleted.
#[rocket::async_test]
async fn an_index_that_stands_in_the_way_is_named_with_the_commands_that_mend_it() {
    let two_weeks =
        doc! { "key": { "expires": 1 }, "name": "expires_1", "expireAfterSeconds": 1_209_600 };
    let of_another_name = doc! { "key": { "expires": 1 }, "name": "ttl", "expireAfterSeconds": 60 };
    let another_key = doc! { "key": { "lastModified": 1 }, "name": "expires_1" };
    let partial = doc! {
        "key": { "expires": 1 }, "name": "expires_1", "expireAfterSeconds": 0,
        "partialFilterExpression": { "user": "x" },
    };
    let text = doc! { "key": { "session": "text", "note": "text" }, "name": "search" };
    for index in [two_weeks, of_another_name, another_key, partial, text] {
        let (uri, database) = fresh_database().await;
        let name = index.get_str("name").unwrap().to_owned();
        create_index(&database, "sessions", index).await;
        let said = refusal(&uri);
        let drop = format!(r#"db.getCollection("sessions").dropIndex("{name}")"#);
        assert!(said.contains(&drop) && said.contains(".createIndex({"), "{said}");
        database.run_command(doc! { "dropIndexes": "sessions", "index": name }).await.unwrap();
        works(&uri).await;
    }
}

/// Its name and the program that made it do not matter.
#[rocket::async_test]
async fn a_good_ttl_index_of_another_name_is_good() {
    let (uri, database) = fresh_database().await;
    let index = doc! { "key": { "expires": 1.0 }, "name": "sweep", "expireAfterSeconds": 0.0 };
    create_index(&database, "sessions", index).await;
    works(&uri).await;
    let all = indexes(&database, "sessions").await;
    assert!(names(&all).contains(&"sweep") && !names(&all).contains(&"expires_1"), "{all:?}");
}

/// Our own validator covers only documents that were made here.
#[rocket::async_test]
async fn a_validator_of_another_program_is_never_replaced() {
    let (uri, database) = fresh_database().await;
    let theirs = doc! { "$jsonSchema": { "required": ["email"] } };
    let create = doc! { "create": "users", "validator": &theirs, "validationAction": "warn" };
    database.run_command(create).await.unwrap();
    works(&uri).await;
    assert_eq!(validator(&database, "users").await, theirs);
    let user = doc! { "email": "vera@example.org", "password": "$2b$10$theirs" };
    database.collection("users").insert_one(user).await.unwrap();

    let (uri, database) = fresh_database().await;
    works(&uri).await;
    let users = database.collection::<Document>("users");
    for theirs in [
        doc! { "email": "vera@example.org", "password": "$2b$10$theirs" },
        doc! { "username": "vera", "hash": "ab", "salt": "cd" },
        doc! { "username": 5, "created_at": "yesterday", "admin": "no" },
    ] {
        users.insert_one(theirs).await.unwrap();
    }
    let ours = doc! { "username": "ruth", "username_key": "ruth", "password": "plain" };
    assert!(users.insert_one(ours).await.is_err(), "an account of ours has an Argon2id hash");
}

/// The page must not say something untrue, and the log has the reason.
#[rocket::async_test]
async fn a_registration_that_another_programs_rules_refuse_is_no_taken_name() {
    let (uri, database) = fresh_database().await;
    let email = doc! { "key": { "email": 1 }, "name": "email_1", "unique": true };
    create_index(&database, "users", email).await;
    let app = App::on(&uri).await;
    app.browser().register("rosa").await;
    let fields = [("username", "ruth"), ("password", PASSWORD)];
    let answer = app.browser().post("/register", &fields).await;
    answer.expect_errors(503, 0);
}

/// A server that answers is not unreachable.
#[rocket::async_test]
async fn a_server_that_answers_and_refuses_is_not_waited_for() {
    let (uri, _) = fresh_database().await;
    let with_user = uri.replace("mongodb://", "mongodb://rosa:hunter2@");
    let said = refusal(&with_user);
    assert!(said.contains("MongoDB denies access") && !said.contains("hunter2"), "{said}");

    let set = uri.split_once('?').map_or(uri.as_str(), |(uri, _)| uri);
    let said = refusal(&format!("{set}?replicaSet=nope"));
    assert!(said.contains("MongoDB answers") && said.contains(r#""nope""#), "{said}");
}

/// No documents can be kept in a view or a capped collection.
#[rocket::async_test]
async fn a_collection_that_is_none_is_named() {
    let view = doc! { "viewOn": "things", "pipeline": [] };
    let capped = doc! { "capped": true, "size": 100_000 };
    let series = doc! { "timeseries": { "timeField": "at" } };
    for (collection, options, kind) in [
        ("sessions", view.clone(), "a view"),
        ("sessions", capped.clone(), "a capped collection"),
        ("sessions", series, "a time series"),
        ("users", view, "a view"),
        ("throttle", capped, "a capped collection"),
    ] {
        let (uri, database) = fresh_database().await;
        let mut create = doc! { "create": collection };
        create.extend(options);
        database.run_command(create).await.unwrap();
        let said = refusal(&uri);
        assert!(said.contains(collection) && said.contains(kind), "{said}");
    }
}

/// Two instances start on a new database without errors.
#[rocket::async_test]
async fn instances_and_other_programs_that_start_at_once_do_not_disturb_each_other() {
    let (uri, database) = fresh_database().await;
    let ttl = doc! { "key": { "expires": 1 }, "name": "expires_1", "expireAfterSeconds": 0 };
    let unique = doc! { "key": { "username": 1 }, "name": "username_1", "unique": true };
    let theirs = async {
        for _ in 0..20 {
            create_index(&database, "sessions", ttl.clone()).await;
            create_index(&database, "users", unique.clone()).await;
        }
    };
    let ((), one, two) = rocket::tokio::join!(theirs, App::on(&uri), App::on(&uri));
    one.browser().sign_up("rosa").await;
    two.browser().log_in("rosa").await;
    let session = doc! { "expires": DateTime::now() };
    database.collection("sessions").insert_one(session).await.unwrap();
}
