use mongodb::bson::{Document, doc};

use crate::support::{App, Browser, PASSWORD};

const NEW: &str = "a better horse battery";

async fn change(browser: &mut Browser, current: &str, new: &str) -> crate::support::Answer {
    browser.post("/account/password", &[("current", current), ("new", new)]).await
}

#[rocket::async_test]
async fn the_account_page_needs_a_login() {
    for app in App::on_both_stores().await {
        app.browser().get("/account").await.expect_redirect("/login?next=/account");
        change(&mut app.browser(), PASSWORD, NEW).await.expect_redirect("/login?next=/account");
        let mut rosa = app.browser();
        rosa.sign_up("rosa").await;
        rosa.get("/account").await.expect_page(200, "action=\"/account/password\"");
    }
}

#[rocket::async_test]
async fn a_password_change_ends_the_other_sessions_and_gives_this_one_a_new_id() {
    for app in App::on_both_stores().await {
        let (mut rosa, mut vera) = (app.browser(), app.browser());
        rosa.sign_up("rosa").await;
        vera.sign_up("vera").await;
        let (mut phone, mut tablet) = (app.browser(), app.browser());
        phone.log_in("rosa").await;
        tablet.log_in("rosa").await;
        let (before, mut thief) = (rosa.session_id(), rosa.copy());
        change(&mut rosa, PASSWORD, NEW).await.expect_redirect("/account");
        rosa.get("/account").await.expect_flash("password-changed");
        assert_ne!(rosa.session_id(), before);
        assert!(!phone.is_logged_in().await && !tablet.is_logged_in().await);
        assert!(!thief.is_logged_in().await, "the old id of this browser is dead as well");
        assert!(vera.is_logged_in().await, "who has nothing to do with it");

        let log_in = async |password: &str| {
            let fields = [("username", "rosa"), ("password", password)];
            app.browser().post("/login", &fields).await.status
        };
        assert_eq!((log_in(PASSWORD).await, log_in(NEW).await), (422, 303));
    }
}

#[rocket::async_test]
async fn a_refused_change_changes_nothing_and_ends_nothing() {
    for app in App::on_both_stores().await {
        let (mut rosa, mut phone) = (app.browser(), app.browser());
        rosa.sign_up("rosa").await;
        phone.log_in("rosa").await;
        let before = rosa.session_id();
        change(&mut rosa, "wrong horse battery", NEW).await.expect_error_at(422, "current");
        change(&mut rosa, PASSWORD, "short").await.expect_error_at(422, "new");
        change(&mut rosa, "", NEW).await.expect_error_at(422, "current");
        change(&mut rosa, "", "short").await.expect_errors(422, 2);
        assert_eq!(rosa.session_id(), before);
        // The same password again. It was confirmed, so this session gets a new ID.
        change(&mut rosa, PASSWORD, PASSWORD).await.expect_error_at(422, "new");
        assert!(phone.is_logged_in().await);
        rosa.log_in("rosa").await;
    }
}

#[rocket::async_test]
async fn a_session_document_has_its_user_in_a_field_of_its_own() {
    let app = App::on_mongodb().await;
    let mut rosa = app.browser();
    rosa.sign_up("rosa").await;
    let user = app.database().collection::<Document>("users").find_one(doc! {}).await.unwrap();
    let id = user.unwrap().get_object_id("_id").unwrap().to_hex();
    let sessions = app.database().collection::<Document>("sessions");
    let session = sessions.find_one(doc! {}).await.unwrap().unwrap();
    assert_eq!(session.get_str("user").unwrap(), id);
}

#[rocket::async_test]
async fn a_deleted_account_is_gone_and_its_sessions_with_it() {
    for app in App::on_both_stores().await {
        let (mut rosa, mut phone, mut vera) = (app.browser(), app.browser(), app.browser());
        rosa.sign_up("rosa").await;
        phone.log_in("rosa").await;
        vera.sign_up("vera").await;
        let wrong = [("password", "wrong horse battery")];
        rosa.post("/account/delete", &wrong).await.expect_error_at(422, "delete-password");
        assert!(rosa.is_logged_in().await && phone.is_logged_in().await);
        let mut thief = rosa.copy();
        rosa.post("/account/delete", &[("password", PASSWORD)]).await.expect_redirect("/login");
        rosa.get("/login").await.expect_flash("account-deleted");
        for browser in [&mut rosa, &mut phone, &mut thief] {
            assert!(!browser.is_logged_in().await);
        }
        phone.get("/login").await.expect_ended("account-deleted");
        assert_eq!(app.browser().try_log_in("rosa", PASSWORD).await.status, 422);
        assert!(vera.is_logged_in().await);
        // The name is free, and its next owner finds nothing from before.
        let mut next = app.browser();
        next.sign_up("rosa").await;
        assert!(!thief.is_logged_in().await);
    }
}

#[rocket::async_test]
async fn a_session_made_under_the_old_password_is_anonymous() {
    let app = App::on_mongodb().await;
    let (mut rosa, mut late) = (app.browser(), app.browser());
    rosa.sign_up("rosa").await;
    late.log_in("rosa").await;
    // A login can do this that was checked before the change, and stored after the other sessions ended.
    let sessions = app.database().collection::<Document>("sessions");
    let filter = doc! { "_id": late.session_id().unwrap() };
    let document = sessions.find_one(filter).await.unwrap().unwrap();
    change(&mut rosa, PASSWORD, NEW).await.expect_redirect("/account");
    sessions.insert_one(document).await.unwrap();
    assert!(!late.is_logged_in().await);
    assert!(rosa.is_logged_in().await);
}

#[rocket::async_test]
async fn a_session_that_is_lost_for_another_reason_says_so() {
    for app in App::on_both_stores().await {
        let mut rosa = app.browser();
        rosa.sign_up("rosa").await;
        let mut tab = rosa.copy();
        rosa.post("/logout", &[]).await;
        tab.get("/login").await.expect_ended("unknown");
        let mut forger = app.browser();
        forger.jar.insert("connect.sid".to_owned(), "s%3Aapple.forged".to_owned());
        assert!(!forger.get("/login").await.body.contains("data-ended"));
        assert!(!app.browser().get("/login").await.body.contains("data-ended"));
    }
}

#[rocket::async_test]
async fn a_password_change_in_flight_does_not_outlive_the_logout() {
    for app in App::on_both_stores().await {
        let mut rosa = app.browser();
        rosa.sign_up("rosa").await;
        let (mut tab, mut ghosts) = (rosa.copy(), vec![]);
        let fields = [("current", PASSWORD), ("new", NEW)];
        let changing = async {
            let answer = tab.post("/account/password", &fields).await;
            (answer.status, tab)
        };
        // The change computes two hashes and the logout none, so the logout ends first.
        let leaving = async {
            rocket::tokio::time::sleep(std::time::Duration::from_millis(10)).await;
            rosa.post("/logout", &[]).await.expect_redirect("/login");
        };
        let ((status, tab), ()) = rocket::tokio::join!(changing, leaving);
        assert!(status == 303, "{status}");
        ghosts.push(tab);
        ghosts.push(rosa);
        for mut ghost in ghosts {
            assert!(!ghost.is_logged_in().await);
        }
    }
}
