use mongodb::bson::Document;

use crate::old_accounts::{password_of, tutorial};
use crate::support::{App, Browser, PASSWORD, cloakroom, count_commands, figment, launch};

#[rocket::async_test]
async fn a_new_account_leads_to_the_login_page_with_a_notice_shown_once() {
    for app in App::on_both_stores().await {
        let mut rosa = app.browser();
        let fields = [("username", "rosa"), ("password", PASSWORD)];
        rosa.post("/register", &fields).await.expect_redirect("/login");
        assert_eq!(rosa.signed_id(), None, "who registers has no session yet");
        rosa.get("/login").await.expect_page(200, "Your account is made.");
        assert!(!rosa.get("/login").await.body.contains("Your account is made."));
    }
}

#[rocket::async_test]
async fn a_name_is_taken_in_whatever_spelling() {
    for app in App::on_both_stores().await {
        app.browser().register("Alice").await;
        for spelling in ["Alice", "alice", "ＡＬＩＣＥ"] {
            let fields = [("username", spelling), ("password", PASSWORD)];
            let answer = app.browser().post("/register", &fields).await;
            answer.expect_page(422, "is taken");
        }
    }
}

#[rocket::async_test]
async fn a_refused_form_comes_back_with_the_name_and_without_the_password() {
    let app = App::in_memory().await;
    let check = async |username: &str, password: &str, reason: &str| {
        let fields = [("username", username), ("password", password)];
        let answer = app.browser().post("/register", &fields).await;
        answer.expect_page(422, reason);
        assert!(answer.body.contains("<title>Error: "), "{}", answer.body);
        assert!(answer.body.contains("There is a problem"));
        assert!(answer.body.contains(&format!("value=\"{username}\"")), "{}", answer.body);
        assert!(password.is_empty() || !answer.body.contains(password));
    };
    check("rosa", "short-7", "The password is too short: it needs at least 8 characters.").await;
    check("rosa", "", "Enter a password.").await;
    check("ros\u{430}", PASSWORD, "The username mixes letters of different alphabets").await;
    check("rosa", &"x".repeat(257), "The password is too long").await;
    check("", PASSWORD, "Enter a username.").await;
    check("ro", PASSWORD, "The username is too short").await;
    check("ro sa", PASSWORD, "The username has a character that names cannot have.").await;
    check("", "", "Enter a username.").await;
}

#[rocket::async_test]
async fn fifty_concurrent_registrations_make_one_account() {
    for app in App::on_both_stores().await {
        let try_it = async || {
            let fields = [("username", "rosa"), ("password", PASSWORD)];
            app.browser().post_patiently("/register", &fields).await.status
        };
        let tries = (0..50).map(|_| try_it());
        let answers = rocket::futures::future::join_all(tries).await;
        assert_eq!(answers.iter().filter(|status| **status == 303).count(), 1, "{answers:?}");
        assert_eq!(answers.iter().filter(|status| **status == 422).count(), 49, "{answers:?}");
        app.browser().log_in("rosa").await;
    }
}

#[rocket::async_test]
async fn what_is_typed_comes_out_as_text() {
    let app = App::in_memory().await;
    for typed in ["<b>x</b>", "{{7*7}}", "\"><script>alert(1)</script>"] {
        let fields = [("username", typed), ("password", "short")];
        let answer = app.browser().post("/register", &fields).await;
        answer.expect_page(422, "The password is too short");
        assert!(!answer.body.contains("<b>x") && !answer.body.contains("<script>alert"));
        assert!(!answer.body.contains("value=\"49\""));
    }
    // RFC 8265 allows this as a name. Then it is text, and no markup.
    let mut browser = app.browser();
    browser.sign_up("<b>x</b>").await;
    let page = browser.get("/dashboard").await;
    page.expect_page(200, "&lt;b&gt;x&lt;");
    assert!(!page.body.contains("<b>x"));
}

#[rocket::async_test]
async fn a_user_who_is_already_logged_in_is_told_so() {
    let app = App::in_memory().await;
    let mut rosa = app.browser();
    rosa.sign_up("rosa").await;
    let page = rosa.get("/register").await;
    page.expect_page(200, "You are signed in as");
    assert!(!page.body.contains("type=\"password\""));
}

#[rocket::async_test]
async fn a_reserved_name_cannot_be_registered_and_costs_no_hash() {
    let app = App::on_mongodb().await;
    let seen = count_commands(app.database(), async {
        for reserved in
            ["admin", " ADMIN ", "\u{ff41}\u{ff44}\u{ff4d}\u{ff49}\u{ff4e}", "adm\u{131}n"]
        {
            let fields = [("username", reserved), ("password", PASSWORD)];
            let answer = app.browser().post("/register", &fields).await;
            answer.expect_page(422, "id=\"username-error\"");
        }
    });
    assert_eq!(seen.await, [""; 0], "nothing counted, nothing looked up: nothing hashed");
    app.browser().register("adminah").await;
}

/// The response to a reserved name does not tell whether an account has it.
#[rocket::async_test]
async fn an_existing_account_with_a_reserved_name_logs_in_and_stays_unknown() {
    let app = App::on_mongodb().await;
    let fields = [("username", "admin"), ("password", PASSWORD)];
    let before = app.browser().post("/register", &fields).await;
    let password = password_of("admin");
    let users = app.database().collection::<Document>("users");
    users.insert_one(tutorial("admin", &password)).await.unwrap();
    let mut admin = app.browser();
    admin.try_log_in("Admin", &password).await.expect_redirect("/dashboard");
    assert!(admin.is_logged_in().await);
    let after = app.browser().post("/register", &fields).await;
    assert_eq!((before.status, before.body), (after.status, after.body));
}

#[rocket::async_test]
async fn the_list_of_reserved_names_can_be_set() {
    let setting = ("username.reserved", ["Frau.Holle"]);
    let own = App::with(figment().merge(("session.store", "memory")).merge(setting)).await;
    own.browser().register("admin").await;
    let fields = [("username", "frau.holle"), ("password", PASSWORD)];
    own.browser().post("/register", &fields).await.expect_page(422, "id=\"username-error\"");
}

#[rocket::async_test]
async fn a_reserved_name_is_in_the_log_like_a_taken_one() {
    let mut command = cloakroom(&[]);
    let (running, url, _) = launch(command.env("SESSION_STORE", "memory"));
    let mut browser = Browser::new(&url);
    let fields = [("username", "Admin "), ("password", PASSWORD)];
    assert_eq!(browser.post("/register", &fields).await.status, 422);
    let log = running.end();
    assert!(log.contains("audit: Register Refused user=\"Admin\" "), "{log}");
}
