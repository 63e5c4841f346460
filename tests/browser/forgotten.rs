//! An admin sets a new password for a user who has forgotten the old one.

use mongodb::bson::{Document, doc};
use thirtyfour::prelude::*;

use crate::check_look_here;
use crate::chromium::Chromium;
use crate::support::{App, PASSWORD};

const OWNER: &str = "Wilhelmina-von-und-zu-Hohenstein";

#[rocket::async_test]
async fn the_page_with_a_new_password_has_the_focus_and_is_shown_once() {
    let app = App::on_mongodb().await;
    let mut owner = app.browser();
    owner.sign_up(OWNER).await;
    app.browser().register("ada").await;
    let users = app.database().collection::<Document>("users");
    let admin = doc! { "$set": { "admin": true } };
    users.update_one(doc! { "username": "ada" }, admin).await.unwrap();
    let chromium = Chromium::open(&app.url).await;
    chromium.goto("/login?next=/admin").await;
    chromium.fill("username", "ada").await;
    chromium.fill("password", PASSWORD).await;
    chromium.submit("Log in").await;

    chromium.fill("account", OWNER).await;
    chromium.submit("Set a new password").await;
    check_look_here(&chromium, "admin-own-password").await;
    let account = chromium.page.find(By::Name("account")).await.unwrap();
    assert_eq!(account.prop("value").await.unwrap().as_deref(), Some(OWNER), "the name stays");
    chromium.fill("password", PASSWORD).await;
    chromium.submit("Set a new password").await;
    let focused = chromium.page.active_element().await.unwrap();
    assert_eq!(focused.id().await.unwrap().as_deref(), Some("new-password"));
    let words = chromium.page.find(By::Css("#new-password code")).await.unwrap();
    let words = words.text().await.unwrap();
    check_look_here(&chromium, "admin-new-password").await;

    chromium.goto("/admin/password").await;
    assert_eq!(chromium.path().await, "/admin");
    assert!(!chromium.text().await.contains(&words));
    assert_eq!(owner.try_log_in(OWNER, &words).await.status, 303);
    chromium.close().await;
}
