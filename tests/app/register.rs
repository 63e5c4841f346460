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
        rosa.get("/login").await.expect_flash("registered");
        assert!(!rosa.get("/login").await.body.contains("data-flash"), "once");
    }
}

#[rocket::async_test]
async fn a_name_is_taken_in_whatever_spelling() {
    for app in App::on_both_stores().await {
        app.browser().register("Alice").await;
        for spelling in ["Alice", "alice", "ＡＬＩＣＥ"] {
            let fields = [("username", spelling), ("password", PASSWORD)];
            let answer = app.browser().post("/register", &fields).await;
            answer.expect_error_at(422, "username");
        }
    }
}

#[rocket::async_test]
async fn a_refused_form_comes_back_with_the_name_and_without_the_password() {
    let app = App::in_memory().await;
    let check = async |username: &str, password: &str, field: &str| {
        let fields = [("username", username), ("password", password)];
        let answer = app.browser().post("/register", &fields).await;
        answer.expect_error_at(422, field);
        assert!(answer.body.contains(&format!("value=\"{username}\"")), "{}", answer.body);
        assert!(password.is_empty() || !answer.body.contains(password));
    };
    for password in ["short-7", "", &"x".repeat(257)] {
        check("rosa", password, "password").await;
    }
    for username in ["ros\u{430}", "", "ro", "ro sa"] {
        check(username, PASSWORD, "username").await;
    }
    let fields = [("username", ""), ("password", "")];
    app.browser().post("/register", &fields).await.expect_errors(422, 2);
}

#[rocket::async_test]
async fn the_way_to_a_page_leads_through_a_new_account() {
    for app in App::on_both_stores().await {
        let mut rosa = app.browser();
        let login = rosa.get("/login?next=/account?x=1%26y=2%23password").await;
        let register = "/register?next=/account?x=1%26y=2%23password";
        let link = format!("href=\"{}\"", register.replace('/', "&#x2F;"));
        assert!(login.body.contains(&link), "{}", login.body);
        let next = ("next", "/account?x=1&y=2#password");
        rosa.get(register).await.expect_page(200, "value=\"&#x2F;account?x=1&amp;y=2#password\"");
        let wrong = [("username", "Ro"), ("password", PASSWORD), next];
        let again = rosa.post("/register", &wrong).await;
        again.expect_page(422, "value=\"&#x2F;account?x=1&amp;y=2#password\"");

        let fields = [("username", "Ros\u{eb}"), ("password", PASSWORD), next];
        let made = rosa.post("/register", &fields).await;
        made.expect_redirect("/login?next=/account?x=1%26y=2%23password");
        let login = rosa.get("/login?next=/account?x=1%26y=2%23password").await;
        login.expect_page(200, "value=\"Ros\u{eb}\"");
        let fields = [("username", "Ros\u{eb}"), ("password", PASSWORD), next];
        rosa.post("/login", &fields).await.expect_redirect("/account?x=1&y=2#password");
    }
}

#[rocket::async_test]
async fn no_other_site_can_put_a_name_into_the_login_form() {
    let app = App::in_memory().await;
    let mut rosa = app.browser();
    let fields = [("username", "rosa"), ("password", PASSWORD)];
    rosa.post("/register", &fields).await.expect_redirect("/login");
    let genuine = rosa.jar["notice"].clone();
    rosa.get("/login").await.expect_page(200, "value=\"rosa\"");
    let (start, rest) = genuine.split_once('.').unwrap();
    let (_, signature) = rest.split_once('.').unwrap();
    let forged = format!("{start}.{}.{signature}", "dmVyYQ"); // vera
    rosa.jar.insert("notice".to_owned(), forged);
    let login = rosa.get("/login").await;
    assert!(!login.body.contains("vera") && !login.body.contains("data-flash"), "{}", login.body);
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
        answer.expect_error_at(422, "password");
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
    page.expect_page(200, "rosa");
    assert!(!page.body.contains("type=\"password\""));
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
            answer.expect_error_at(422, "username");
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
    own.browser().post("/register", &fields).await.expect_error_at(422, "username");
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
