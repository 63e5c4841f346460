//! The rules for passwords, and how they are stored.

use mongodb::bson::{Document, doc};

use crate::old_accounts::{app_with, log_in, tutorial, user};
use crate::support::{App, PASSWORD, count_commands};

#[rocket::async_test]
async fn a_password_counts_to_its_last_character_whatever_it_is_made_of() {
    for app in App::on_both_stores().await {
        let long = format!("tzqkvwxj{}", "\u{1f9e5} \u{e9}m".repeat(62));
        assert_eq!(long.chars().count(), 256);
        for (number, password) in
            [long.as_str(), "  leading and trailing  ", "p\u{e4}ssw\u{f6}rter"].iter().enumerate()
        {
            let name = format!("rosa{number}");
            let fields = [("username", name.as_str()), ("password", password)];
            app.browser().post("/register", &fields).await.expect_redirect("/login");
            let shorter: String = password.chars().take(password.chars().count() - 1).collect();
            let other = format!("{shorter}y");
            let wrong = [&shorter, &other, password.trim(), ""];
            for wrong in wrong.into_iter().filter(|wrong| wrong != password) {
                assert_eq!(app.browser().try_log_in(&name, wrong).await.status, 422, "{wrong}");
            }
            assert_eq!(app.browser().try_log_in(&name, password).await.status, 303);
        }
    }
}

#[rocket::async_test]
async fn one_password_in_two_unicode_forms_is_one_password() {
    let (nfc, nfd) = ("Zo\u{eb} hangs up a coat", "Zoe\u{308}\u{a0}hangs up a coat");
    for app in App::on_both_stores().await {
        for (name, registered) in [("rosa", nfc), ("vera", nfd)] {
            let fields = [("username", name), ("password", registered)];
            app.browser().post("/register", &fields).await.expect_redirect("/login");
            for typed in [nfc, nfd] {
                assert_eq!(app.browser().try_log_in(name, typed).await.status, 303, "{typed:?}");
            }
            let other = app.browser().try_log_in(name, "Zoe hangs up a coat").await;
            assert_eq!(other.status, 422);
        }
        let mut rosa = app.browser();
        rosa.try_log_in("rosa", nfd).await.expect_redirect("/dashboard");
        let change = |new| [("current", nfd), ("new", new)];
        let same = rosa.post("/account/password", &change(nfc)).await;
        same.expect_error_at(422, "new");
        rosa.post("/account/password", &change("a better horse battery")).await;
        rosa.post("/logout", &[]).await;
        assert_eq!(rosa.try_log_in("rosa", "a better horse battery").await.status, 303);
    }
}

/// Bob holds the key of both names, so bob keeps the hash of the tutorial.
#[rocket::async_test]
async fn the_current_password_is_no_new_one_in_any_form_even_under_an_old_hash() {
    let (nfc, nfd) = ("Zo\u{eb} hangs up a coat", "Zoe\u{308} hangs up a coat");
    let app = app_with(&["Bob"]).await;
    log_in(&app, "Bob", "Bob").await;
    let users = app.database().collection::<Document>("users");
    users.insert_one(tutorial("bob", nfd)).await.unwrap();
    let mut bob = app.browser();
    bob.try_log_in("bob", nfd).await.expect_redirect("/dashboard");
    assert!(user(&app, "bob").await.get("hash").is_some(), "the old hash");
    for new in [nfc, nfd, "Zoe\u{308}\u{a0}hangs up a coat"] {
        let change = [("current", nfd), ("new", new)];
        let page = bob.post("/account/password", &change).await;
        page.expect_error_at(422, "new");
    }
    assert!(user(&app, "bob").await.get("hash").is_some(), "nothing was changed");
    let change = [("current", nfd), ("new", "a better horse battery")];
    bob.post("/account/password", &change).await.expect_redirect("/account");
    assert!(user(&app, "bob").await.get("hash").is_none());
}

#[rocket::async_test]
async fn an_old_hash_of_the_text_as_typed_still_lets_its_owner_in() {
    let app = App::on_mongodb().await;
    // "Zoe\u{308} hangs up a coat", hashed as the tutorial hashes it: not normalised.
    let hash = "df33a3e61c77b29f7ff0472fb3385c19a7d97f52dbcc1111faab3c91bbaf1ec7890f2800a91c8c2570e7467a88d29f0222175f75d185856a858062e8edbbac34";
    let salt = "00112233445566778899aabbccddeeff".repeat(2);
    let users = app.database().collection::<Document>("users");
    users
        .insert_one(doc! { "username": "Zoe", "hash": hash, "salt": salt, "admin": false })
        .await
        .unwrap();
    let (nfc, nfd) = ("Zo\u{eb} hangs up a coat", "Zoe\u{308} hangs up a coat");
    assert_eq!(app.browser().try_log_in("Zoe", nfc).await.status, 422, "another text");
    assert_eq!(app.browser().try_log_in("Zoe", nfd).await.status, 303);
    // The upgrade has normalised it.
    assert_eq!(app.browser().try_log_in("Zoe", nfc).await.status, 303);
}

#[rocket::async_test]
async fn a_password_over_the_maximum_is_rejected_without_hashing() {
    let app = App::on_mongodb().await;
    app.browser().register("rosa").await;
    let long = "x".repeat(257);
    let seen = count_commands(app.database(), async {
        assert_eq!(app.browser().try_log_in("rosa", &long).await.status, 422);
        let fields = [("username", "vera"), ("password", long.as_str())];
        app.browser().post("/register", &fields).await.expect_page(422, "at most 256 characters");
    });
    assert_eq!(seen.await, [""; 0], "nothing counted, nothing looked up: nothing hashed");
}

#[rocket::async_test]
async fn a_weak_hash_is_replaced_at_the_next_login_and_no_other_time() {
    let app = App::on_mongodb().await;
    app.browser().register("rosa").await;
    let users = app.database().collection::<Document>("users");
    let stored = async || {
        let user = users.find_one(doc! {}).await.unwrap().unwrap();
        user.get_str("password").unwrap().to_owned()
    };
    let strong = stored().await;
    app.browser().log_in("rosa").await;
    assert_eq!(stored().await, strong);
    // "correct horse", by the reference implementation, with m=1024.
    let weak =
        "$argon2id$v=19$m=1024,t=3,p=2$c29tZXNhbHRzb21lc2FsdA$GaQC7PeK34v/DTTgbaPrAPrFsrLqhblK";
    users.update_one(doc! {}, doc! { "$set": { "password": weak } }).await.unwrap();
    assert_eq!(app.browser().try_log_in("rosa", "wrong horse").await.status, 422);
    assert_eq!(stored().await, weak);
    assert_eq!(app.browser().try_log_in("rosa", "correct horse").await.status, 303);
    assert!(stored().await.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
    assert_eq!(app.browser().try_log_in("rosa", "correct horse").await.status, 303);
}

#[rocket::async_test]
async fn password_managers_are_told_what_each_field_is_for() {
    let app = App::on_both_stores().await;
    for app in app {
        let mut rosa = app.browser();
        rosa.sign_up("rosa").await;
        let pages = [
            app.browser().get("/login").await.body,
            app.browser().get("/register").await.body,
            rosa.get("/account").await.body,
        ];
        let has =
            |page: usize, what: &str| pages[page].contains(&format!("autocomplete=\"{what}\""));
        assert!(has(0, "username") && has(0, "current-password") && !has(0, "new-password"));
        assert!(has(1, "username") && has(1, "new-password") && !has(1, "current-password"));
        assert!(has(2, "username") && has(2, "new-password") && has(2, "current-password"));
        for page in pages {
            assert!(!page.contains("maxlength=") && !page.contains("onpaste"), "paste works");
        }
    }
}

#[rocket::async_test]
async fn no_account_exists_before_one_is_made() {
    let app = App::on_mongodb().await;
    app.browser().get("/").await.expect_page(200, "Create account");
    let users = app.database().collection::<Document>("users");
    assert_eq!(users.count_documents(doc! {}).await.unwrap(), 0);
    for (name, password) in [("admin", "admin"), ("admin", "password"), ("root", PASSWORD)] {
        assert_eq!(app.browser().try_log_in(name, password).await.status, 422);
    }
}
