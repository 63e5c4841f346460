//! Accounts that an attacker makes in an Express app on the same database, to take or hide another user's
//! name.

use cloakroom::auth::Users as _;
use cloakroom::auth::users::mongo::MongoUsers;
use cloakroom::db::Mongo;
use mongodb::bson::{Bson, Decimal128, Document, doc};

use crate::old_accounts::{app_with, log_in, password_of, try_log_in, tutorial, user};
use crate::support::{App, PASSWORD, cloakroom};

async fn register(app: &App, username: &str) -> u16 {
    let fields = [("username", username), ("password", PASSWORD)];
    app.browser().post("/register", &fields).await.status
}

/// An Express app stores the space that a phone's keyboard adds.
#[rocket::async_test]
async fn an_old_name_with_white_space_around_it_is_protected_and_found() {
    let names = ["trail ", " lead", "tab\t", "line\n", "space\u{a0}", "wide\u{3000}"];
    let app = app_with(&names).await;
    for name in names {
        assert_eq!(register(&app, name.trim()).await, 422, "{name:?}");
        assert_eq!(try_log_in(&app, name.trim(), &password_of(name)).await.status, 303, "{name:?}");
    }
}

/// Marks in another order, and the two forms of a sigma, are one name.
#[rocket::async_test]
async fn an_old_name_in_another_normal_form_is_protected_and_found() {
    let pairs = [
        ("th\u{ea}\u{323}x", "th\u{1ec7}x"),
        ("q\u{307}\u{323}aa", "q\u{323}\u{307}aa"),
        (
            "\u{393}\u{399}\u{3a9}\u{3a1}\u{393}\u{39f}\u{3a3}",
            "\u{3b3}\u{3b9}\u{3c9}\u{3c1}\u{3b3}\u{3bf}\u{3c2}",
        ),
        ("\u{3b3}\u{3b9}\u{3b1}\u{3c2}", "\u{393}\u{399}\u{391}\u{3a3}"),
    ];
    for (old, typed) in pairs {
        let app = app_with(&[old]).await;
        assert_eq!(register(&app, typed).await, 422, "{old:?}");
        assert_eq!(try_log_in(&app, typed, &password_of(old)).await.status, 303, "{old:?}");
    }
}

/// The lookup reads fifty documents, and these are equal to the name for the collation.
#[rocket::async_test]
async fn a_crowd_of_names_that_look_the_same_hides_no_account() {
    let app = App::on_mongodb().await;
    app.browser().register("early").await;
    let users = app.database().collection::<Document>("users");
    for name in ["early", "victim"] {
        let (start, end) = name.split_at(2);
        let hidden = |number| format!("{start}{}{end}", "\u{200b}".repeat(number));
        let crowd: Vec<Document> = (1..=60).map(|number| tutorial(&hidden(number), "x")).collect();
        users.insert_many(crowd).await.unwrap();
    }
    app.browser().log_in("early").await;
    assert_eq!(register(&app, "victim").await, 422, "it may be hidden behind those");
}

/// A name may look like the ID of another account.
#[rocket::async_test]
async fn an_id_goes_before_a_name_that_looks_like_it() {
    let app = app_with(&["Bob", "bob"]).await;
    let id = user(&app, "Bob").await.get_object_id("_id").unwrap().to_hex();
    app.browser().register(&id).await;
    let granted = cloakroom(&["grant", &id]).env("MONGODB_URI", app.uri()).output().unwrap();
    assert!(granted.status.success());
    assert!(user(&app, "Bob").await.get_bool("admin").unwrap());
    assert!(!user(&app, &id).await.get_bool("admin").unwrap());
}

/// A document whose ID is of another type is no account here, but its name is taken.
#[rocket::async_test]
async fn the_name_of_an_account_that_only_the_other_app_knows_is_taken() {
    let app = App::on_mongodb().await;
    let users = app.database().collection::<Document>("users");
    users.insert_one(doc! { "_id": "u-1", "username": "Vera", "hash": "x" }).await.unwrap();
    assert_eq!(register(&app, "vera").await, 422);
    assert_eq!(try_log_in(&app, "Vera", PASSWORD).await.status, 422);
}

/// A name is printed on the terminal and in the log.
#[rocket::async_test]
async fn a_name_forges_no_line_on_the_terminal() {
    let name = "eve\n2026-11-26 INFO audit: Grant Done user=\"mallory\"\u{1b}[31m";
    let app = app_with(&[name]).await;
    let id = user(&app, name).await.get_object_id("_id").unwrap().to_hex();
    for arguments in [["grant", &*id], ["unlock", name], ["revoke", "nothing\nlike it"]] {
        let output = cloakroom(&arguments).env("MONGODB_URI", app.uri()).output().unwrap();
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said);
        assert!(!said.contains("\n2026-11-26 INFO") && !said.contains('\u{1b}'), "{said}");
    }
}

/// An account that only our own rules reject can still get a new password.
#[rocket::async_test]
async fn the_password_of_an_odd_old_account_can_be_changed() {
    for odd in [
        doc! { "created_at": 1.5 },
        doc! { "created_at": "yesterday", "admin": "yes" },
        doc! { "admin": 1, "salt": null },
        doc! { "password_version": i64::MAX },
        doc! { "password_version": 1e300 },
        doc! { "password_version": -1 },
        doc! { "password_version": Bson::Decimal128("3".parse::<Decimal128>().unwrap()) },
    ] {
        let app = app_with(&["vera"]).await;
        let users = app.database().collection::<Document>("users");
        let mut set = odd.clone();
        set.remove("salt");
        users.update_one(doc! {}, doc! { "$set": set }).await.unwrap();
        let mut vera = log_in(&app, "vera", "vera").await;
        let change = [("current", &*password_of("vera")), ("new", "four words of vera")];
        vera.post("/account/password", &change).await.expect_redirect("/account");
        assert!(vera.is_logged_in().await, "{odd}");
        assert_eq!(try_log_in(&app, "vera", "four words of vera").await.status, 303, "{odd}");
        assert_eq!(try_log_in(&app, "vera", &password_of("vera")).await.status, 422, "{odd}");
    }
}

/// The Express app can set a new password. From then on, that one counts here as well.
#[rocket::async_test]
async fn a_password_that_the_other_app_has_set_is_the_one_that_counts() {
    let app = app_with(&["vera"]).await;
    log_in(&app, "vera", "vera").await;
    let reset = tutorial("vera", "a new one of the app");
    let set = doc! { "hash": reset.get("hash"), "salt": reset.get("salt") };
    let users = app.database().collection::<Document>("users");
    users.update_one(doc! {}, doc! { "$set": set }).await.unwrap();
    assert_eq!(try_log_in(&app, "vera", &password_of("vera")).await.status, 422);
    for _ in 0..2 {
        assert_eq!(try_log_in(&app, "vera", "a new one of the app").await.status, 303);
    }
    assert!(user(&app, "vera").await.get("hash").is_none(), "upgraded again");
}

/// A reset of the class deletes the students' accounts, and those were made here.
#[rocket::async_test]
async fn a_reset_of_the_class_leaves_the_accounts_of_another_program() {
    let app = app_with(&["vera", "berta"]).await;
    app.browser().register("student").await;
    log_in(&app, "vera", "vera").await;
    let users = MongoUsers::new(&Mongo::over(app.database().clone(), 10));
    assert_eq!(users.delete_students().await.unwrap(), 1);
    log_in(&app, "vera", "vera").await;
    log_in(&app, "berta", "berta").await;
}

/// An upgrade leaves some fields of the old document. They do not count as a newer password.
#[rocket::async_test]
async fn an_upgraded_account_logs_in_whatever_other_fields_it_has() {
    let bcrypt = "$2b$10$rOBHTzdOUjsuBszL896hEOerewe7n7H0T880gREhdOp4sA27JS.5u"; // "hunter2"
    let pbkdf2 = tutorial("vera", "an older password");
    for other in [
        doc! { "hash": "of something else", "salt": "ab" },
        doc! { "hash": pbkdf2.get("hash"), "salt": pbkdf2.get("salt") },
        doc! { "hash": "" },
    ] {
        let app = App::on_mongodb().await;
        let mut vera = doc! { "username": "vera", "password": bcrypt };
        vera.extend(other.clone());
        app.database().collection("users").insert_one(vera).await.unwrap();
        for _ in 0..3 {
            assert_eq!(try_log_in(&app, "vera", "hunter2").await.status, 303, "{other}");
        }
    }
}

/// The other program has renamed an account that was made here.
#[rocket::async_test]
async fn a_key_that_a_renamed_account_still_holds_is_taken() {
    let app = App::on_mongodb().await;
    app.browser().register("rosa").await;
    let rename = doc! { "$set": { "username": "rosalie" } };
    let users = app.database().collection::<Document>("users");
    users.update_one(doc! {}, rename).await.unwrap();
    assert_eq!(register(&app, "rosa").await, 422);
    app.browser().log_in("rosalie").await;
}
