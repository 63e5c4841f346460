//! Password hashes of other programs, and passwords in other Unicode forms.

use std::time::{Duration, Instant};

use mongodb::bson::{Document, doc};

use crate::old_accounts::{app_with, try_log_in, tutorial, user};
use crate::support::App;

/// A bcrypt hash is checked and upgraded. With a hash that cannot be checked, each password is wrong.
#[rocket::async_test]
async fn bcrypt_hashes_log_in_and_others_are_refused_like_a_wrong_password() {
    let app = App::on_mongodb().await;
    let users = app.database().collection::<Document>("users");
    let bcrypt = "$2b$10$rOBHTzdOUjsuBszL896hEOerewe7n7H0T880gREhdOp4sA27JS.5u"; // "hunter2"
    for (name, fields) in [
        ("rosa", doc! { "password": bcrypt }),
        ("ruth", doc! { "hash": bcrypt.replace("$2b$", "$2a$"), "email": "r@example.org" }),
        ("rita", doc! { "password": bcrypt.replace("$2b$", "$2y$"), "salt": "", "admin": true }),
    ] {
        let mut document = doc! { "username": name };
        document.extend(fields);
        users.insert_one(document).await.unwrap();
        assert_eq!(try_log_in(&app, name, "hunter3").await.status, 422, "{name}");
        for _ in 0..2 {
            assert_eq!(try_log_in(&app, name, "hunter2").await.status, 303, "{name}");
        }
        let upgraded = user(&app, name).await;
        assert!(upgraded.get_str("password").unwrap().starts_with("$argon2id$"), "{upgraded}");
        assert!(upgraded.get("hash").is_none(), "{upgraded}");
        assert_eq!(upgraded.get_bool("admin").unwrap_or(false), name == "rita");
    }
    for hash in ["$scrypt$ln=14,r=8,p=1$c2FsdA$aGFzaA", "hunter2", "{SSHA}aGFzaA", "$2b$10$short"] {
        users
            .insert_one(doc! { "username": "vera", "password": hash, "salt": "ab" })
            .await
            .unwrap();
        let refused = try_log_in(&app, "vera", "hunter2").await;
        let unknown = try_log_in(&app, "unknown", "hunter2").await;
        assert_eq!((refused.status, refused.body.replace("vera", "unknown")), (422, unknown.body));
        users.delete_one(doc! { "username": "vera" }).await.unwrap();
    }
}

/// OWASP ASVS 6.3.8: an old hash takes another time than Argon2.
#[rocket::async_test]
async fn a_refusal_takes_its_time_whatever_kind_of_hash_it_was() {
    let app = app_with(&["vera"]).await;
    app.browser().register("rosa").await;
    for name in ["vera", "rosa", "unknown", "no name at all", ""] {
        let begun = Instant::now();
        assert_eq!(try_log_in(&app, name, "a wrong guess").await.status, 422, "{name}");
        assert!(name.is_empty() || begun.elapsed() >= Duration::from_millis(100), "{name}");
    }
}

/// `ë` can be typed as one code point or as two.
#[rocket::async_test]
async fn a_password_is_one_in_both_of_its_forms_and_old_hashes_are_tried_as_typed() {
    let (nfc, nfd) = ("Zo\u{eb} hangs up a coat", "Zoe\u{308} hangs up a coat");
    let app = App::on_mongodb().await;
    app.browser().post("/register", &[("username", "zoe"), ("password", nfc)]).await;
    for (name, password) in [("nfc", nfc), ("nfd", nfd)] {
        app.database().collection("users").insert_one(tutorial(name, password)).await.unwrap();
    }
    for typed in [nfc, nfd, "Zo\u{eb} hangs up\u{a0}a coat"] {
        assert_eq!(try_log_in(&app, "zoe", typed).await.status, 303, "{typed:?}");
        assert_eq!(try_log_in(&app, "nfc", typed).await.status, 303, "{typed:?}");
    }
    assert_eq!(try_log_in(&app, "nfd", nfd).await.status, 303, "as typed");
    assert_eq!(try_log_in(&app, "nfd", nfc).await.status, 303, "upgraded to the normal form");
}
