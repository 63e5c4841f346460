//! Accounts that other programs made, and their names. Their hashes are in `old_hashes.rs`.

use std::process::Output;

use mongodb::bson::{Bson, Document, doc, oid::ObjectId};
use sha2::Sha512;

use crate::support::{Answer, App, Browser, PASSWORD, cloakroom};

const SALT: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

/// Different from the password of the accounts made here.
const OLD: &str = "hunter2 hunter2";

/// An account as the Express tutorial's schema without `admin` stores it.
pub fn tutorial(username: &str, password: &str) -> Document {
    let mut hash = [0; 64];
    pbkdf2::pbkdf2_hmac::<Sha512>(password.as_bytes(), SALT.as_bytes(), 10_000, &mut hash);
    let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    doc! { "_id": ObjectId::new(), "username": username, "hash": hash, "salt": SALT, "__v": 0 }
}

/// An app with these accounts of the tutorial. The password of each ends with its name.
pub async fn app_with(usernames: &[&str]) -> App {
    let app = App::on_mongodb().await;
    for username in usernames {
        let user = tutorial(username, &password_of(username));
        app.database().collection("users").insert_one(user).await.unwrap();
    }
    app
}

pub fn password_of(username: &str) -> String {
    format!("{OLD} {username}")
}

pub async fn user(app: &App, username: &str) -> Document {
    let users = app.database().collection::<Document>("users");
    users.find_one(doc! { "username": username }).await.unwrap().expect("the account")
}

pub async fn try_log_in(app: &App, username: &str, password: &str) -> Answer {
    app.browser().try_log_in(username, password).await
}

/// A browser in which this account of the tutorial has logged in by this name.
pub async fn log_in(app: &App, typed: &str, username: &str) -> Browser {
    let mut browser = app.browser();
    let answer = browser.try_log_in(typed, &password_of(username)).await;
    assert_eq!(answer.status, 303, "{typed:?}");
    browser.get("/dashboard").await.expect_page(200, username);
    browser
}

fn command(app: &App, arguments: &[&str]) -> Output {
    cloakroom(arguments).env("MONGODB_URI", app.uri()).output().unwrap()
}

/// Two branches of the tutorial have a schema without `admin`.
#[rocket::async_test]
async fn an_account_without_admin_logs_in_and_is_upgraded() {
    let app = app_with(&["vera"]).await;
    let mut vera = log_in(&app, "vera", "vera").await;
    let upgraded = user(&app, "vera").await;
    assert!(upgraded.get_str("password").unwrap().starts_with("$argon2id$"), "{upgraded}");
    assert!(upgraded.get("admin").is_none() && upgraded.get("hash").is_none(), "{upgraded}");
    assert_eq!(try_log_in(&app, "vera", OLD).await.status, 422);
    assert_eq!(vera.get("/admin").await.status, 403);
}

/// The reason does not matter.
#[rocket::async_test]
async fn an_upgrade_that_the_database_refuses_costs_no_login() {
    let app = app_with(&["vera"]).await;
    let before = user(&app, "vera").await;
    for validator in [
        doc! { "hash": { "$exists": true } },
        doc! { "password": { "$exists": false } },
        doc! { "username_key": { "$exists": false } },
    ] {
        let change = doc! { "collMod": "users", "validator": validator.clone() };
        app.database().run_command(change).await.unwrap();
        let mut vera = log_in(&app, "vera", "vera").await;
        assert_eq!(user(&app, "vera").await, before, "{validator}");
        assert!(vera.is_logged_in().await);
    }
}

/// A new account takes no name that can mean an old one.
#[rocket::async_test]
async fn no_registration_takes_a_name_that_an_old_account_answers_to() {
    let app = app_with(&["berta", "Zoe\u{308}x", "jo99", "LONG.name@Example.org"]).await;
    for taken in [
        "Berta",
        "berta",
        "BERTA",
        "ｂｅｒｔａ",
        "berta ",
        "zo\u{eb}x",
        "ZO\u{cb}X",
        "JO99",
        "long.NAME@example.org",
    ] {
        let fields = [("username", taken), ("password", PASSWORD)];
        app.browser().post("/register", &fields).await.expect_error_at(422, "username");
    }
    app.browser().register("bertha").await;
    log_in(&app, "berta", "berta").await;
    log_in(&app, "Berta", "berta").await;
}

/// This holds while the old account logs in for the first time, too.
#[rocket::async_test]
async fn a_race_between_a_first_login_and_a_registration_leaves_the_name_to_the_old_account() {
    let app = app_with(&["berta"]).await;
    let fields = [("username", "Berta"), ("password", PASSWORD)];
    let strangers = (0..8).map(|_| async { app.browser().post("/register", &fields).await.status });
    let (_, strangers) = rocket::tokio::join!(
        log_in(&app, "berta", "berta"),
        rocket::futures::future::join_all(strangers)
    );
    assert!(strangers.iter().all(|status| *status == 422), "{strangers:?}");
    log_in(&app, "berta", "berta").await;
}

/// A command acts on one account by its ID, or lists all that the name can mean.
#[rocket::async_test]
async fn commands_refuse_a_name_that_several_accounts_answer_to() {
    let app = app_with(&["berta", "Berta", "vera"]).await;
    let ids: Vec<String> = [user(&app, "berta").await, user(&app, "Berta").await]
        .map(|user| user.get_object_id("_id").unwrap().to_hex())
        .into();
    for arguments in [["grant", "berta"], ["revoke", "Berta"], ["unlock", "BERTA"]] {
        let output = command(&app, &arguments);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && said.lines().count() == 1, "{said}");
        let names = [r#""berta""#, r#""Berta""#, &ids[0], &ids[1]];
        assert!(names.iter().all(|name| said.contains(name)), "{said}");
    }
    assert!(command(&app, &["grant", &ids[0]]).status.success());
    assert!(user(&app, "berta").await.get_bool("admin").unwrap());
    assert!(user(&app, "Berta").await.get("admin").is_none());
    assert!(command(&app, &["unlock", &ids[1]]).status.success());
    assert!(command(&app, &["revoke", &ids[0]]).status.success());
    assert!(!user(&app, "berta").await.get_bool("admin").unwrap());
    // A name that means one account only is enough, in upper or lower case.
    assert!(command(&app, &["grant", "Vera"]).status.success());

    let mut admin = log_in(&app, "vera", "vera").await;
    let _berta = log_in(&app, "berta", "berta").await;
    let path = "/admin/sessions/revoke";
    admin.post(path, &[("username", "berta")]).await.expect_page(422, &ids[1]);
    admin.post(path, &[("username", &ids[0])]).await.expect_redirect("/admin");
    admin.get("/admin").await.expect_flash("sessions-ended");
}

/// Express distinguishes upper and lower case.
#[rocket::async_test]
async fn two_old_accounts_that_differ_in_case_both_log_in() {
    let app = app_with(&["Bob", "bob"]).await;
    for _ in 0..2 {
        for username in ["Bob", "bob"] {
            log_in(&app, username, username).await;
        }
    }
    // Bob logged in first, so he has the key; the other keeps the hash that Express can check.
    assert_eq!(user(&app, "Bob").await.get_str("username_key").unwrap(), "bob");
    let bob = user(&app, "bob").await;
    assert!(bob.get("username_key").is_none() && bob.get("hash").is_some(), "{bob}");
    log_in(&app, "BOB", "Bob").await;

    // A new password is set for one of the accounts only.
    let mut browser = log_in(&app, "bob", "bob").await;
    let change = [("current", &*password_of("bob")), ("new", "four words of bob")];
    browser.post("/account/password", &change).await.expect_redirect("/account");
    assert_eq!(try_log_in(&app, "bob", "four words of bob").await.status, 303);
    assert_eq!(try_log_in(&app, "bob", &password_of("bob")).await.status, 422);
    log_in(&app, "Bob", "Bob").await;
}

/// A login must not choose between two accounts.
#[rocket::async_test]
async fn a_third_spelling_of_two_old_names_is_neither() {
    let app = app_with(&["Bob", "bob"]).await;
    for username in ["Bob", "bob"] {
        assert_eq!(try_log_in(&app, "BOB", &password_of(username)).await.status, 422);
    }
}

/// The tutorial does not check names, so two accounts can have the same. Express finds the first.
#[rocket::async_test]
async fn of_two_old_accounts_with_one_name_the_first_one_logs_in() {
    let app = app_with(&["vera"]).await;
    let second = tutorial("vera", "another password");
    app.database().collection("users").insert_one(second).await.unwrap();
    for _ in 0..2 {
        log_in(&app, "vera", "vera").await;
        assert_eq!(try_log_in(&app, "vera", "another password").await.status, 422);
    }
}

/// The rules are for new names only.
#[rocket::async_test]
async fn an_old_account_logs_in_whatever_its_name_is() {
    let names = [
        "jo",
        "Max Mustermann",
        "a.user.with.a.long.name@department.example.org",
        "Zoe\u{308}x",
        " blank",
        "blank ",
        "\u{430}dmin",
        "a@b",
        "\u{1f9e5}",
        "Obrien+Sons, Ltd",
        "",
    ];
    let app = app_with(&names).await;
    for username in &names[..names.len() - 1] {
        let mut browser = log_in(&app, username, username).await;
        log_in(&app, username, username).await;
        // Its owner can confirm the password, and change it.
        let confirm = [("password", &*password_of(username))];
        let answer = browser.post("/account/sessions/revoke-others", &confirm).await;
        assert_eq!(answer.status, 303, "{username:?}");
        let change = [("current", &*password_of(username)), ("new", "four words of an old one")];
        browser.post("/account/password", &change).await.expect_redirect("/account");
        assert_eq!(try_log_in(&app, username, "four words of an old one").await.status, 303);
    }
    // Found by its key as well, where it has one.
    assert_eq!(try_log_in(&app, "JO", "four words of an old one").await.status, 303);
    assert_eq!(try_log_in(&app, "ZO\u{cb}X", "four words of an old one").await.status, 303);
    assert_eq!(try_log_in(&app, "max mustermann", "four words of an old one").await.status, 422);
}

/// mongosh writes numbers as Double, other programs as Int32.
#[rocket::async_test]
async fn a_password_version_counts_in_any_type_of_number() {
    for version in [Bson::Int32(1), Bson::Int64(1), Bson::Double(1.0)] {
        let app = App::on_mongodb().await;
        let mut old = app.browser();
        old.sign_up("rosa").await;
        let users = app.database().collection::<Document>("users");
        let change = doc! { "$set": { "password_version": &version } };
        users.update_one(doc! {}, change).await.unwrap();
        assert!(!old.is_logged_in().await, "{version:?}");
        let mut new = app.browser();
        new.log_in("rosa").await;
        assert!(new.is_logged_in().await, "{version:?}");
        let fields = [("current", PASSWORD), ("new", "a better horse battery")];
        new.post("/account/password", &fields).await.expect_redirect("/account");
        assert!(new.is_logged_in().await, "{version:?}");
    }
}

/// The keyboards of phones add a space.
#[rocket::async_test]
async fn white_space_around_a_name_is_dropped_at_login_and_registration() {
    let app = App::on_mongodb().await;
    app.browser().register("rosa99 ").await;
    assert_eq!(user(&app, "rosa99").await.get_str("username_key").unwrap(), "rosa99");
    for typed in
        ["rosa99", "rosa99 ", " Rosa99", "\trosa99", "rosa99\u{a0}", "\u{3000}rosa99\u{3000}"]
    {
        app.browser().log_in(typed).await;
        let fields = [("username", typed), ("password", PASSWORD)];
        app.browser().post("/register", &fields).await.expect_error_at(422, "username");
    }
}
