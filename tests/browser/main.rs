//! The pages in a real Chromium, on a real MongoDB.

// A signal to its process group ends chromedriver with its browsers.
#![cfg(unix)]

#[path = "../support/mod.rs"]
mod support;

mod account;
mod axe;
mod board;
mod chromium;
mod class;
mod clocks;
mod concept_test;
mod cookies;
mod forgotten;
mod layout;
mod lessons;
mod one_file;
mod other_site;
mod room;
mod tls;
mod way;

use chromium::Chromium;
use mongodb::bson::{Document, doc};
use support::{App, PASSWORD};
use thirtyfour::prelude::*;

#[rocket::async_test]
async fn register_log_in_dashboard_log_out() {
    let app = App::on_mongodb().await;
    let chromium = Chromium::open(&app.url).await;

    chromium.goto("/dashboard").await;
    assert_eq!(chromium.path().await, "/login?next=/dashboard");
    chromium.goto("/register").await;
    chromium.fill("username", "rosa").await;
    chromium.fill("password", PASSWORD).await;
    chromium.submit("Create account").await;
    assert_eq!(chromium.path().await, "/login");
    expect_focus(&chromium, "[data-flash=registered]").await;

    chromium.fill("username", "rosa").await;
    chromium.fill("password", "wrong password").await;
    chromium.submit("Log in").await;
    assert!(chromium.page.title().await.unwrap().starts_with("Error: "));
    expect_focus(&chromium, ".error-summary").await;

    chromium.fill("password", PASSWORD).await;
    chromium.submit("Log in").await;
    assert_eq!(chromium.path().await, "/dashboard");
    chromium.fill("item", "red scarf").await;
    chromium.submit("Hang it up").await;
    assert_eq!(chromium.path().await, "/dashboard#coat");
    assert!(chromium.text().await.contains("red scarf"));
    assert_eq!(
        chromium.script("return document.cookie").await,
        "",
        "no script can read the ticket"
    );
    chromium.look(1280, false).await;
    chromium.screenshot("readme").await;

    let log_out =
        chromium.page.find(By::Css("header form[action='/logout'] button")).await.unwrap();
    chromium.script("window.isThePageBefore = true").await;
    log_out.click().await.unwrap();
    chromium.arrive().await;
    assert_eq!(chromium.path().await, "/login");
    expect_focus(&chromium, "[data-flash=logged-out]").await;
    chromium.page.back().await.unwrap();
    assert!(!chromium.text().await.contains("red scarf"), "Back shows nothing private");

    // The wrong password's 422 is all that the console may mention.
    let complaints = chromium.complaints().await;
    let unexpected: Vec<_> =
        complaints.iter().filter(|text| !text.contains("status of 422")).collect();
    assert!(unexpected.is_empty(), "{unexpected:?}");
    chromium.close().await;
}

/// The element that this selector finds has the focus, so that a screen reader reads it first.
async fn expect_focus(chromium: &Chromium, selector: &str) {
    let has_focus = format!("return document.activeElement.matches({selector:?})");
    assert_eq!(chromium.script(&has_focus).await, true, "{selector}");
}

#[rocket::async_test]
async fn a_password_can_be_shown_and_is_hidden_again_when_sent() {
    let app = App::in_memory().await;
    let chromium = Chromium::open(&app.url).await;
    chromium.goto("/register").await;
    let kind = async || {
        let field = chromium.page.find(By::Name("password")).await.unwrap();
        field.attr("type").await.unwrap().unwrap()
    };
    chromium.fill("password", "short").await;
    assert_eq!(kind().await, "password");
    let field = chromium.page.find(By::Name("password")).await.unwrap();
    let rules = field.attr("passwordrules").await.unwrap();
    assert_eq!(rules.as_deref(), Some("minlength: 8; maxlength: 256"));
    let button = chromium.page.find(By::Css("[data-show-password] button")).await.unwrap();
    button.click().await.unwrap();
    assert_eq!(kind().await, "text");
    chromium.script("document.querySelector('main form').addEventListener('submit', e => e.preventDefault())").await;
    chromium.press("Create account").await;
    assert_eq!(kind().await, "password");
    chromium.close().await;
}

#[rocket::async_test]
async fn every_page_fits_its_window_and_keeps_to_the_content_security_policy() {
    let app = App::on_mongodb().await;
    let mut admin = app.browser();
    admin.register("Wilhelmina-von-und-zu-Hohenstein").await;
    let users = app.database().collection::<Document>("users");
    users.update_one(doc! {}, doc! { "$set": { "admin": true } }).await.unwrap();
    let chromium = Chromium::open(&app.url).await;
    for path in ["/", "/register", "/login", "/logout", "/nowhere", "/privacy"] {
        check_look(&chromium, path, "out").await;
    }
    chromium.goto("/login").await;
    chromium.submit("Log in").await;
    check_look_here(&chromium, "login-error").await;
    chromium.goto("/login").await;
    chromium.fill("username", "wilhelmina-von-und-zu-hohenstein").await;
    chromium.fill("password", PASSWORD).await;
    chromium.submit("Log in").await;
    chromium.fill("item", &"x".repeat(100)).await;
    chromium.submit("Hang it up").await;
    // Another session, to be listed and revoked.
    admin.log_in("wilhelmina-von-und-zu-hohenstein").await;
    for path in ["/", "/dashboard", "/account", "/logout", "/login", "/admin"] {
        check_look(&chromium, path, "in").await;
    }
    chromium.goto("/account").await;
    chromium.fill("current", PASSWORD).await;
    chromium.submit("Change password").await;
    check_look_here(&chromium, "account-error").await;
    chromium.script("document.querySelector('#others').open = true").await;
    chromium.submit("End all others").await;
    check_look_here(&chromium, "account-proof").await;
    chromium.fill("current", PASSWORD).await;
    chromium.fill("new", "a better horse battery").await;
    chromium.submit("Change password").await;
    check_look_here(&chromium, "account-changed").await;
    // The login page says that the session was ended from elsewhere.
    let sessions = app.database().collection::<Document>("sessions");
    sessions.delete_many(doc! {}).await.unwrap();
    chromium.goto("/dashboard").await;
    check_look_here(&chromium, "login-ended").await;
    // An attacker has guessed at this name.
    while app.browser().try_log_in("nobody", "wrong horse battery").await.status == 422 {}
    chromium.fill("username", "nobody").await;
    chromium.fill("password", PASSWORD).await;
    chromium.submit("Log in").await;
    check_look_here(&chromium, "login-throttled").await;
    chromium.close().await;
}

async fn check_look(chromium: &Chromium, path: &str, state: &str) {
    chromium.goto(path).await;
    let name = format!("{}-{state}", if path == "/" { "home" } else { &path[1..] });
    check_look_here(chromium, &name).await;
}

async fn check_look_here(chromium: &Chromium, name: &str) {
    layout::expect_no_sideways_scroll(chromium, name).await;
    for (width, dark) in [(1280, false), (1280, true), (360, false), (360, true)] {
        chromium.look(width, dark).await;
        let faults = axe::faults(chromium).await;
        assert!(faults.is_empty(), "{name}, {width}, dark: {dark}: {faults:#?}");
        let scheme = if dark { "dark" } else { "light" };
        chromium.screenshot(&format!("{name}-{width}-{scheme}")).await;
    }
    let complaints = chromium.complaints().await;
    // The console names a page that is an error by its own address; nothing else may be missing.
    let here = chromium.path().await;
    let is_expected =
        |text: &&String| text.contains(&format!("{here} - ")) && text.contains("status of 4");
    let unexpected: Vec<_> = complaints.iter().filter(|text| !is_expected(text)).collect();
    assert!(unexpected.is_empty(), "{name}: {unexpected:?}");
}
