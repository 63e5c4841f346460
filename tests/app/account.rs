use mongodb::bson::{Document, doc};

use crate::support::{App, Browser, PASSWORD};

const NEW: &str = "a better horse battery";

async fn change(browser: &mut Browser, current: &str, new: &str) -> crate::support::Answer {
    browser.post("/account/password", &[("current", current), ("new", new)]).await
}

#[rocket::async_test]
async fn the_account_page_is_for_whoever_is_logged_in() {
    for app in App::on_both_stores().await {
        app.browser().get("/account").await.expect_redirect("/login?next=/account");
        change(&mut app.browser(), PASSWORD, NEW).await.expect_redirect("/login");
        let mut rosa = app.browser();
        rosa.sign_up("rosa").await;
        rosa.get("/account").await.expect_page(200, "Change password");
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
        let (before, mut thief) = (rosa.sid(), rosa.copy());
        change(&mut rosa, PASSWORD, NEW).await.expect_redirect("/account");
        rosa.get("/account").await.expect_page(200, "2 other sessions have ended.");
        assert_ne!(rosa.sid(), before);
        assert!(!phone.is_signed_in().await && !tablet.is_signed_in().await);
        assert!(!thief.is_signed_in().await, "the old id of this browser is dead as well");
        assert!(vera.is_signed_in().await, "who has nothing to do with it");

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
        let before = rosa.sid();
        change(&mut rosa, "wrong horse battery", NEW).await.expect_page(422, "not your password");
        change(&mut rosa, PASSWORD, "short").await.expect_page(422, "too short");
        change(&mut rosa, "", NEW).await.expect_page(422, "Enter the password that you have now.");
        assert_eq!(rosa.sid(), before);
        assert!(phone.is_signed_in().await);
        rosa.log_in("rosa").await;
    }
}

#[rocket::async_test]
async fn a_session_says_in_a_field_of_its_own_whose_it_is() {
    let app = App::on_mongodb().await;
    let mut rosa = app.browser();
    rosa.sign_up("rosa").await;
    let user = app.database().collection::<Document>("users").find_one(doc! {}).await.unwrap();
    let id = user.unwrap().get_object_id("_id").unwrap().to_hex();
    let sessions = app.database().collection::<Document>("sessions");
    let session = sessions.find_one(doc! {}).await.unwrap().unwrap();
    assert_eq!(session.get_str("user").unwrap(), id);
}
