//! Accounts that the Express tutorial made.

use mongodb::bson::{Document, doc};

use crate::support::App;

/// "hunter2", hashed as in the tutorial: pbkdf2 with SHA-512, 10,000 rounds and 64 bytes.
const HASH: &str = "b1bc49ea356b8a7e9c06b09768fdd63d8b135d3432a49bf21574865d5f778b6a487205a272f6abc1730c24484d15ef1766c61580b06d6c1fea32c0571036fc4d";

fn tutorial(username: &str) -> Document {
    let salt = "00112233445566778899aabbccddeeff".repeat(2);
    doc! { "username": username, "hash": HASH, "salt": salt, "admin": true, "__v": 0 }
}

#[rocket::async_test]
async fn accounts_of_the_tutorial_get_an_argon2id_hash_once_even_when_ten_logins_race() {
    let app = App::on_mongodb().await;
    let users = app.database().collection::<Document>("users");
    users.insert_one(tutorial("Vera")).await.unwrap();
    let fields = [("username", "Vera"), ("password", "hunter2")];
    let log_in = async || app.browser().post("/login", &fields).await.expect_redirect("/dashboard");
    rocket::futures::future::join_all((0..10).map(|_| log_in())).await;

    let upgraded = users.find_one(doc! {}).await.unwrap().unwrap();
    assert!(upgraded.get_str("password").unwrap().starts_with("$argon2id$"));
    assert_eq!(upgraded.get_str("username_key").unwrap(), "vera");
    assert!(upgraded.get("hash").is_none() && upgraded.get_str("salt").unwrap().is_empty());
    assert!(upgraded.get_bool("admin").unwrap() && upgraded.get_datetime("created_at").is_ok());
    log_in().await;
    assert_eq!(users.find_one(doc! {}).await.unwrap().unwrap(), upgraded, "once");
    let fields = [("username", "vera"), ("password", "hunter2")];
    app.browser().post("/login", &fields).await.expect_redirect("/dashboard");
}

#[rocket::async_test]
async fn a_wrong_password_is_refused_and_changes_nothing() {
    let app = App::on_mongodb().await;
    let users = app.database().collection::<Document>("users");
    users.insert_one(tutorial("Vera")).await.unwrap();
    let before = users.find_one(doc! {}).await.unwrap();
    for password in ["hunter3", HASH, ""] {
        let fields = [("username", "Vera"), ("password", password)];
        assert_eq!(app.browser().post("/login", &fields).await.status, 422);
    }
    assert_eq!(users.find_one(doc! {}).await.unwrap(), before);
}

#[rocket::async_test]
async fn an_account_of_the_tutorial_whose_name_is_taken_here_is_not_changed() {
    let app = App::on_mongodb().await;
    app.browser().register("vera").await;
    let users = app.database().collection::<Document>("users");
    users.insert_one(tutorial("Vera")).await.unwrap();
    // Each is found by its very text. The key belongs to the account that was made here.
    let fields = [("username", "Vera"), ("password", "hunter2")];
    app.browser().post("/login", &fields).await.expect_redirect("/dashboard");
    app.browser().log_in("vera").await;
    app.browser().log_in("VERA").await;
    let theirs = users.find_one(doc! { "username": "Vera" }).await.unwrap().unwrap();
    assert!(
        theirs.get_str("hash").unwrap() == HASH && theirs.get("username_key").is_none(),
        "{theirs}"
    );
}

#[rocket::async_test]
async fn a_name_of_the_tutorial_is_taken() {
    let app = App::on_mongodb().await;
    let users = app.database().collection::<Document>("users");
    users.insert_one(tutorial("Vera")).await.unwrap();
    let fields = [("username", "Vera"), ("password", "correct horse battery")];
    app.browser().post("/register", &fields).await.expect_error_at(422, "username");
}
