//! Another program changes the database while we use it, and each start reports what is wrong.

use mongodb::bson::{DateTime, Document, doc};
use rocket::futures::TryStreamExt as _;

use crate::old_accounts::{app_with, password_of};
use crate::shared_database::{indexes, names, refusal};
use crate::support::{App, Browser, Mongod, PASSWORD, cloakroom, fresh_database, launch};

/// With another collection of sessions, `sessions` holds something of the other program.
#[rocket::async_test]
async fn with_another_collection_the_one_called_sessions_is_left_alone() {
    let (uri, database) = fresh_database().await;
    let talk = doc! { "title": "Rust in class", "expires": DateTime::from_millis(0) };
    database.collection("sessions").insert_one(talk).await.unwrap();
    for _ in 0..2 {
        let app =
            App::on_with(&uri, |figment| figment.merge(("session.collection", "logins"))).await;
        let mut rosa = app.browser();
        let name = format!("rosa{}", rand::random::<u32>());
        rosa.sign_up(&name).await;
        rosa.get("/account").await.expect_page(200, &name);
    }
    assert_eq!(names(&indexes(&database, "sessions").await), ["_id_"]);
    assert!(names(&indexes(&database, "logins").await).contains(&"expires_1"));
}

/// Does what the error message of the start says.
#[rocket::async_test]
async fn another_collection_can_be_used_where_sessions_is_no_plain_collection() {
    let view = doc! { "create": "sessions", "viewOn": "things", "pipeline": [] };
    let capped = doc! { "create": "sessions", "capped": true, "size": 100_000 };
    for create in [view, capped] {
        let (uri, database) = fresh_database().await;
        database.run_command(create).await.unwrap();
        let app =
            App::on_with(&uri, |figment| figment.merge(("session.collection", "logins"))).await;
        app.browser().sign_up("rosa").await;
    }
}

#[rocket::async_test]
async fn every_collection_that_is_used_is_checked_and_the_remedy_fits() {
    let view = doc! { "viewOn": "things", "pipeline": [] };
    let capped = doc! { "capped": true, "size": 100_000 };
    for name in
        ["sessions_ended", "migrations", "lab_sessions", "lab_other_sessions", "progress", "class"]
    {
        for options in [&view, &capped] {
            let (uri, database) = fresh_database().await;
            let mut create = doc! { "create": name };
            create.extend(options.clone());
            database.run_command(create).await.unwrap();
            let said = refusal(&uri);
            assert!(said.contains(&format!("{name:?} in the database")), "{said}");
            assert!(!said.contains("password"), "{said}");
        }
    }
}

/// Another program keeps records of its own migrations.
#[rocket::async_test]
async fn migrations_of_another_program_are_not_ours() {
    let (uri, database) = fresh_database().await;
    let theirs = database.collection::<Document>("migrations");
    theirs.insert_one(doc! { "name": "20200101-init.js" }).await.unwrap();
    theirs.insert_one(doc! { "_id": "20200102-users.js", "at": DateTime::now() }).await.unwrap();
    App::on(&uri).await.browser().sign_up("rosa").await;
    App::on(&uri).await.browser().log_in("rosa").await;
}

/// Without the unique index, two registrations at once can make two accounts.
#[rocket::async_test]
async fn accounts_that_have_one_key_are_named_at_the_start() {
    let (uri, database) = fresh_database().await;
    App::on(&uri).await;
    database.run_command(doc! { "dropIndexes": "users", "index": "*" }).await.unwrap();
    let hash = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaA";
    for username in ["rosa", "Rosa"] {
        let user = doc! { "username": username, "username_key": "rosa", "password": hash };
        database.collection("users").insert_one(user).await.unwrap();
    }
    let said = refusal(&uri);
    assert!(said.contains("username_key_1") && said.contains(".aggregate(["), "{said}");
    assert!(!said.contains("rosa") && !said.contains("roles"), "{said}");
}

/// connect-mongo's `clear()` drops the collection, and its indexes with it.
#[rocket::async_test]
async fn indexes_that_vanish_while_we_run_are_made_again() {
    let app = app_with(&["vera"]).await;
    let log_in = async || {
        let mut vera = app.browser();
        let answer = vera.try_log_in("vera", &password_of("vera")).await;
        assert_eq!(answer.status, 303);
        vera
    };
    log_in().await;
    for dropped in ["express_login_text", "express_login_forms", "*"] {
        let drop = doc! { "dropIndexes": "sessions", "index": dropped };
        app.database().run_command(drop).await.unwrap();
        let mut vera = log_in().await;
        vera.get("/account").await.expect_page(200, "vera");
        let all = indexes(app.database(), "sessions").await;
        let is_there = |name: &str| names(&all).contains(&name);
        assert!(is_there("express_login_text") && is_there("express_login_forms"), "{dropped}");
    }
    app.database().collection::<Document>("sessions").drop().await.unwrap();
    let (mut vera, other) = (log_in().await, log_in().await);
    let confirm = [("password", &*password_of("vera"))];
    assert_eq!(vera.post("/account/sessions/revoke-others", &confirm).await.status, 303);
    assert!(!{ other }.is_logged_in().await && vera.is_logged_in().await);
}

/// MongoDB quotes the document that it refuses: a hash, a session with its ID.
#[rocket::async_test]
async fn what_mongodb_refuses_is_not_quoted_in_the_log() {
    let (uri, database) = fresh_database().await;
    let (running, url, _) = launch(cloakroom(&[]).env("MONGODB_URI", &uri));
    let mut rosa = Browser::new(&url);
    rosa.sign_up("rosa").await;
    let bcrypt = "$2b$10$rOBHTzdOUjsuBszL896hEOerewe7n7H0T880gREhdOp4sA27JS.5u";
    let set = doc! { "$set": { "password": bcrypt }, "$unset": { "username_key": 1 } };
    database.collection::<Document>("users").update_one(doc! {}, set).await.unwrap();
    let short = doc! { "$jsonSchema": { "properties": { "password": { "maxLength": 60 } } } };
    let no_count = doc! { "session": { "$not": { "$regex": "viewCount" } } };
    for (collection, validator) in [("users", short), ("sessions", no_count)] {
        let change = doc! { "collMod": collection, "validator": validator };
        database.run_command(change).await.unwrap();
    }
    let mut again = Browser::new(&url);
    assert_eq!(again.try_log_in("rosa", "hunter2").await.status, 303);
    assert_eq!(again.post("/coat/count", &[]).await.status, 503);
    let sids: Vec<Document> =
        database.collection("sessions").find(doc! {}).await.unwrap().try_collect().await.unwrap();
    let log = running.end();
    assert!(log.contains("validator of the collection rejects the document"), "{log}");
    for secret in sids.iter().map(|session| session.get_str("_id").unwrap()) {
        assert!(!log.contains(secret), "{log}");
    }
    assert!(!log.contains("$argon2id$") && !log.contains("passport"), "{log}");
}

/// It answers, although no operation finds a server.
#[rocket::async_test]
async fn a_set_that_is_not_initiated_or_has_another_name_is_reported_at_once() {
    let folder = tempfile::TempDir::new().unwrap();
    let path = folder.path().to_str().unwrap();
    let member = Mongod::start(&["--member", "--dbpath", path]);
    for options in ["", "?directConnection=true", "?replicaSet=rs0"] {
        let said = refusal(&format!("mongodb://127.0.0.1:{}/db{options}", member.port()));
        assert!(said.contains("rs.initiate()"), "{options}: {said}");
    }
    member.stop();
    let (uri, _) = fresh_database().await;
    let host = uri.split_once('?').map_or(&*uri, |(host, _)| host);
    let host =
        host.replace("mongodb://", &format!("mongodb://rosa:{PASSWORD}@").replace(' ', "%20"));
    let said = refusal(&format!("{host}?replicaSet=nope"));
    assert!(said.contains(r#""nope""#) && !said.contains("horse"), "{said}");
}
