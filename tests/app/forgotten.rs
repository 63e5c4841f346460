//! A forgotten password: `cloakroom password` and the admin page set a new one, and show it once.

use std::process::Output;

use cloakroom::auth::users::{Users as _, mongo::MongoUsers};
use cloakroom::auth::{PasswordHash, UserId};
use cloakroom::db::Mongo;
use mongodb::bson::{Bson, Document, doc};

use crate::old_accounts::{app_with, password_of, try_log_in, tutorial, user};
use crate::support::{Answer, App, Browser, PASSWORD, cloakroom, launch};

/// Runs `cloakroom password` for the account with this name or ID.
fn reset(app: &App, name: &str) -> Output {
    cloakroom(&["password", name]).env("MONGODB_URI", app.uri()).output().unwrap()
}

/// The standard output and the standard error.
pub fn said(output: &Output) -> (String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(&output.stdout), text(&output.stderr))
}

/// The line of the output that has the new password, and no other line has.
pub fn words_in(output: &str) -> String {
    let mut lines = output.lines().filter_map(|line| line.strip_prefix("    "));
    let words = lines.next().expect("the words").to_owned();
    assert_eq!(output.matches(&words).count(), 1, "printed once: {output}");
    words
}

/// The new password of the account with this name or ID.
fn new_password(app: &App, name: &str) -> String {
    let output = reset(app, name);
    let (out, err) = said(&output);
    assert!(output.status.success(), "{out}{err}");
    words_in(&out)
}

#[rocket::async_test]
async fn a_new_password_of_four_words_is_printed_once_and_ends_all_sessions() {
    let app = App::on_mongodb().await;
    let (mut rosa, mut phone, mut vera) = (app.browser(), app.browser(), app.browser());
    rosa.sign_up("Rosa").await;
    phone.log_in("rosa").await;
    vera.sign_up("vera").await;
    let output = reset(&app, "rosa");
    let (out, err) = said(&output);
    assert!(output.status.success() && err.is_empty(), "{out}{err}");
    let words = words_in(&out);
    assert_eq!(words.split(' ').count(), 4, "{words}");
    assert!(out.contains(" audit: ResetPassword Done user=\"Rosa\" address=console"), "{out}");

    assert!(!rosa.is_logged_in().await && !phone.is_logged_in().await);
    assert!(vera.is_logged_in().await, "another account");
    let sessions = app.database().collection::<Document>("sessions");
    assert_eq!(sessions.count_documents(doc! {}).await.unwrap(), 1, "only Vera's is left");
    rosa.get("/login").await.expect_page(200, "data-ended=\"password-reset\"");

    assert_eq!(try_log_in(&app, "rosa", PASSWORD).await.status, 422, "the old password");
    assert_eq!(rosa.try_log_in("rosa", &words).await.status, 303);
    let change = [("current", &*words), ("new", "a better horse battery")];
    rosa.post("/account/password", &change).await.expect_redirect("/account");
    assert_eq!(try_log_in(&app, "rosa", &words).await.status, 422);
    assert_eq!(try_log_in(&app, "rosa", "a better horse battery").await.status, 303);
}

#[rocket::async_test]
async fn earlier_guesses_do_not_keep_the_owner_from_using_the_new_password() {
    let app = App::on_mongodb().await;
    app.browser().register("rosa").await;
    while try_log_in(&app, "rosa", "wrong horse battery").await.status == 422 {}
    assert_eq!(try_log_in(&app, "rosa", PASSWORD).await.status, 429);
    let words = new_password(&app, "rosa");
    assert_eq!(try_log_in(&app, "rosa", &words).await.status, 303);
}

#[rocket::async_test]
async fn a_name_of_several_accounts_or_of_none_changes_no_password() {
    let app = app_with(&["berta", "Berta"]).await;
    let before = (user(&app, "berta").await, user(&app, "Berta").await);
    for name in ["berta", "BERTA", "unknown", "", "000000000000000000000000"] {
        let output = reset(&app, name);
        let (out, err) = said(&output);
        assert_eq!(output.status.code(), Some(1), "{out}{err}");
        assert_eq!(err.lines().count(), 1, "{err}");
        assert!(!out.contains("    "), "{out}");
        let ids = [&before.0, &before.1].map(|user| user.get_object_id("_id").unwrap().to_hex());
        let lists_both = ids.iter().all(|id| err.contains(id));
        assert_eq!(lists_both, name.eq_ignore_ascii_case("berta"), "{err}");
    }
    assert_eq!((user(&app, "berta").await, user(&app, "Berta").await), before);
    // The ID means one of them.
    let words = new_password(&app, &before.1.get_object_id("_id").unwrap().to_hex());
    assert_eq!(try_log_in(&app, "Berta", &words).await.status, 303);
    assert_eq!(try_log_in(&app, "berta", &password_of("berta")).await.status, 303);
}

/// A scrypt hash, a number, and no hash at all cannot be checked, so their owners could never log in.
#[rocket::async_test]
async fn accounts_of_other_programs_get_a_new_password_whatever_their_hash_is() {
    let app = app_with(&["vera", "Max Mustermann"]).await;
    let users = app.database().collection::<Document>("users");
    let bcrypt = "$2b$04$OkbnLC1Ox6HQgjlHxKoeAOZEX1k7XS4bMbxE5SdLCPrKpA9L3ZCYC";
    for foreign in [
        doc! { "username": "bea", "password": bcrypt, "salt": "" },
        doc! { "username": "scrypta", "hash": "scrypt$16384$8$1$c2FsdA$aGFzaA", "salt": "c2FsdA" },
        doc! { "username": "odda", "password": 5, "hash": ["a"], "salt": Bson::Null },
        doc! { "username": "nona" },
    ] {
        users.insert_one(foreign).await.unwrap();
    }
    for name in ["vera", "Max Mustermann", "bea", "scrypta", "odda", "nona"] {
        let words = new_password(&app, name);
        let mut browser = app.browser();
        assert_eq!(browser.try_log_in(name, &words).await.status, 303, "{name}");
        assert!(browser.is_logged_in().await, "{name}");
        let user = user(&app, name).await;
        assert!(user.get_str("password").unwrap().starts_with("$argon2id$"), "{user}");
        assert!(user.get("hash").is_none() && user.get("upgraded_at").is_some(), "{user}");
    }
    assert_eq!(try_log_in(&app, "vera", &password_of("vera")).await.status, 422);
    // A second time, as for any account.
    let words = new_password(&app, "nona");
    assert_eq!(try_log_in(&app, "nona", &words).await.status, 303);
}

/// The hash is replaced only as long as it is the one that was read.
#[rocket::async_test]
async fn a_concurrent_change_of_a_hash_that_cannot_be_checked_is_not_lost() {
    let app = App::on_mongodb().await;
    let mongo = Mongo::open(app.uri(), false, false).await.unwrap();
    let (store, new) = (MongoUsers::new(&mongo), PasswordHash::stored("$argon2id$new"));
    let users = app.database().collection::<Document>("users");
    users.insert_one(doc! { "username": "scrypta", "hash": "scrypt$1" }).await.unwrap();
    let id = UserId(user(&app, "scrypta").await.get_object_id("_id").unwrap());
    let old = store.find_account(id).await.unwrap().unwrap();
    // The other program sets a password that can be checked.
    let changed = tutorial("scrypta", "another password");
    let set =
        doc! { "hash": changed.get_str("hash").unwrap(), "salt": changed.get_str("salt").unwrap() };
    users.update_one(doc! {}, doc! { "$set": set }).await.unwrap();
    assert!(!store.replace_password(&old, &new, 1).await.unwrap());
    assert_eq!(try_log_in(&app, "scrypta", "another password").await.status, 303);
}

#[rocket::async_test]
async fn a_longer_minimum_length_gives_more_words() {
    let app = App::on_mongodb().await;
    app.browser().register("rosa").await;
    let mut command = cloakroom(&["password", "rosa"]);
    command.env("MONGODB_URI", app.uri()).env("ROCKET_PASSWORD", "{min_length=64}");
    let words = words_in(&said(&command.output().unwrap()).0);
    assert!(words.len() >= 64 && words.split(' ').count() > 4, "{words}");
    assert_eq!(try_log_in(&app, "rosa", &words).await.status, 303);
}

#[test]
fn a_new_password_needs_the_database_of_the_server() {
    let output = cloakroom(&["password", "rosa"]).env("SESSION_STORE", "memory").output().unwrap();
    let (out, err) = said(&output);
    assert_eq!(output.status.code(), Some(1), "{out}{err}");
    assert!(err.contains("this command needs MongoDB"), "{err}");
}

const FORM: &str = "/admin/password";

/// A browser in which an admin is logged in.
async fn admin(app: &App) -> Browser {
    let mut admin = app.browser();
    admin.sign_up("ada").await;
    let granted = cloakroom(&["grant", "ada"]).env("MONGODB_URI", app.uri()).output().unwrap();
    assert!(granted.status.success());
    admin
}

/// The new password on the page after the form.
fn words_on(page: &Answer) -> String {
    page.expect_page(200, "id=\"new-password\"");
    let (_, rest) = page.body.split_once("<code>").expect("the words");
    rest.split_once("</code>").unwrap().0.to_owned()
}

#[rocket::async_test]
async fn an_admin_sets_a_new_password_and_only_one_response_has_it() {
    let app = App::on_mongodb().await;
    let (mut ada, mut rosa) = (admin(&app).await, app.browser());
    rosa.sign_up("Rosa").await;
    let send = |password| [("account", "rosa"), ("password", password)];
    assert_eq!(rosa.post(FORM, &send(PASSWORD)).await.status, 403, "no admin");
    app.browser().post(FORM, &send(PASSWORD)).await.expect_redirect("/login?next=/admin");
    for wrong in ["", "wrong horse battery"] {
        let again = ada.post(FORM, &send(wrong)).await;
        again.expect_error_at(422, "own-password");
        assert!(again.body.contains("value=\"rosa\""), "the name stays: {}", again.body);
    }
    assert!(rosa.is_logged_in().await, "nothing was changed");

    let before = ada.session_id();
    let page = ada.post(FORM, &send(PASSWORD)).await;
    let words = words_on(&page);
    assert_eq!(words.split(' ').count(), 4, "{words}");
    assert_eq!(page.body.matches(&words).count(), 1);
    assert_eq!(page.header("cache-control"), Some("no-store"));
    let head = format!("{:?} {:?}", page.all("set-cookie"), page.all("location")).to_lowercase();
    // One of them may be "path", which is in each cookie.
    assert!(!words.split(' ').all(|word| head.contains(word)), "{head}");
    assert_ne!(ada.session_id(), before, "a confirmed password gives a new session ID");

    ada.get(FORM).await.expect_redirect("/admin");
    for path in ["/admin", "/account", "/dashboard"] {
        let page = ada.get(path).await;
        assert!(page.status == 200 && !page.body.contains(&words), "{path}");
    }
    assert!(!rosa.is_logged_in().await);
    rosa.get("/login").await.expect_page(200, "data-ended=\"password-reset\"");
    assert_eq!(try_log_in(&app, "rosa", PASSWORD).await.status, 422);
    assert_eq!(rosa.try_log_in("rosa", &words).await.status, 303);
}

#[rocket::async_test]
async fn an_admin_is_asked_for_the_own_password_and_not_again_for_five_minutes() {
    let app = App::on_mongodb().await;
    let mut ada = admin(&app).await;
    app.browser().register("rosa").await;
    let has_field = |page: &Answer| page.body.contains("id=\"own-password\"");
    assert!(has_field(&ada.get("/admin").await));
    let first = ada.post(FORM, &[("account", "rosa"), ("password", PASSWORD)]).await;
    assert!(!has_field(&ada.get("/admin").await));
    let second = ada.post(FORM, &[("account", "rosa"), ("password", "")]).await;
    assert_ne!(words_on(&first), words_on(&second));
    assert_eq!(try_log_in(&app, "rosa", &words_on(&first)).await.status, 422);
    assert_eq!(try_log_in(&app, "rosa", &words_on(&second)).await.status, 303);
    // In another session the password is asked for, and the attempts are counted.
    let mut thief = app.browser();
    thief.log_in("ada").await;
    for _ in 0..10 {
        let guess = [("account", "rosa"), ("password", "wrong horse battery")];
        assert_eq!(thief.post(FORM, &guess).await.status, 422);
    }
    let right = thief.post(FORM, &[("account", "rosa"), ("password", PASSWORD)]).await;
    right.expect_error_at(429, "own-password");
    assert!(right.header("retry-after").is_some());
    assert_eq!(try_log_in(&app, "rosa", &words_on(&second)).await.status, 303);
}

#[rocket::async_test]
async fn the_admin_page_sets_no_password_for_an_unclear_name_or_the_own_account() {
    let app = app_with(&["berta", "Berta"]).await;
    let mut ada = admin(&app).await;
    let documents = || async {
        [user(&app, "berta").await, user(&app, "Berta").await, user(&app, "ada").await]
    };
    let before = documents().await;
    let id = before[1].get_object_id("_id").unwrap().to_hex();
    for name in ["berta", "unknown", "", "$ne", "Ada"] {
        let page = ada.post(FORM, &[("account", name), ("password", PASSWORD)]).await;
        page.expect_error_at(422, "account");
        assert_eq!(page.body.contains(&id), name == "berta", "{name}");
    }
    assert_eq!(documents().await, before);
    let page = ada.post(FORM, &[("account", &*id), ("password", PASSWORD)]).await;
    assert_eq!(try_log_in(&app, "Berta", &words_on(&page)).await.status, 303);
    assert!(ada.is_logged_in().await);
}

/// Not in the log of a server that logs all it can, and not in the X-ray.
#[rocket::async_test]
async fn the_log_has_who_set_a_password_and_never_the_password() {
    let app = App::on_mongodb().await;
    let mut command = cloakroom(&[]);
    command.env("MONGODB_URI", app.uri()).env("ROCKET_LOG_LEVEL", "debug");
    let (running, url, _) = launch(&mut command);
    let _ = admin(&app).await;
    app.browser().register("rosa").await;
    let mut ada = Browser::new(&url);
    ada.log_in("ada").await;
    let page = ada.post(FORM, &[("account", "rosa"), ("password", PASSWORD)]).await;
    let words = words_on(&page);
    assert_eq!(page.body.matches(&words).count(), 1, "its own X-ray");
    let xray = ada.get("/xray").await;
    xray.expect_page(200, "POST &#x2F;admin&#x2F;password 200");
    assert!(!xray.body.contains(&words));
    let log = running.end();
    assert!(log.contains(" audit: ResetPassword Done user=\"ada\" to=\"rosa\" address="), "{log}");
    assert!(!log.contains(&words), "{log}");
}
