//! The visitor's way through the forms: each leads to what it changed, with a message and the focus there.

use thirtyfour::prelude::*;

use crate::chromium::Chromium;
use crate::expect_focus;
use crate::support::{App, PASSWORD};

/// Whether all of these elements are in the window. A script of the test runs in any browser.
async fn expect_in_view(chromium: &Chromium, selectors: &[&str]) {
    for selector in selectors {
        let is_seen = format!(
            "const {{ top, bottom }} = document.querySelector(\"{selector}\").getBoundingClientRect();
            return top >= 0 && bottom <= innerHeight"
        );
        assert_eq!(chromium.script(&is_seen).await, true, "{selector}");
    }
}

/// A narrow window with script, and one without.
async fn browsers(app: &App) -> [Chromium; 2] {
    let both = [Chromium::open(&app.url).await, Chromium::open_without_scripts(&app.url).await];
    for chromium in &both {
        chromium.look(360, false).await;
    }
    both
}

#[rocket::async_test]
async fn what_the_dashboard_changed_is_in_view_with_its_message_and_the_focus() {
    let app = App::in_memory().await;
    for (chromium, name) in browsers(&app).await.into_iter().zip(["rosa", "vera"]) {
        chromium.sign_up(name).await;
        for (button, flash) in [
            ("Hang it up", "item-added"),
            ("Add one visit", "counted"),
            ("Take down red scarf", "item-taken"),
        ] {
            if button == "Hang it up" {
                chromium.fill("item", " red scarf ").await;
            }
            chromium.submit(button).await;
            assert_eq!(chromium.path().await, "/dashboard#coat");
            expect_focus(&chromium, "#coat").await;
            expect_in_view(&chromium, &[&format!("[data-flash={flash}]")]).await;
            if flash == "item-added" {
                expect_in_view(&chromium, &[".item"]).await;
            }
        }
        chromium.submit("Hang it up").await;
        expect_focus(&chromium, "#item").await;
        expect_in_view(&chromium, &["#item", "#item-error"]).await;
        chromium.close().await;
    }
}

#[rocket::async_test]
async fn the_way_to_a_page_leads_through_a_new_account_and_keeps_what_was_typed() {
    let app = App::in_memory().await;
    for (chromium, name) in browsers(&app).await.into_iter().zip(["rosa", "vera"]) {
        chromium.goto("/account").await;
        chromium.click_through(".card__foot a").await;
        assert_eq!(chromium.path().await, "/register?next=/account");
        chromium.fill("username", name).await;
        chromium.fill("password", "short").await;
        chromium.submit("Create account").await;
        expect_focus(&chromium, "#password").await;
        let typed = "return document.querySelector('#username').value";
        assert_eq!(chromium.script(typed).await, name);
        chromium.fill("password", PASSWORD).await;
        chromium.submit("Create account").await;
        expect_focus(&chromium, "[data-flash=registered]").await;
        assert_eq!(chromium.script(typed).await, name);
        chromium.fill("password", "wrong horse battery").await;
        chromium.submit("Log in").await;
        expect_focus(&chromium, ".error-summary").await;
        chromium.fill("password", PASSWORD).await;
        chromium.submit("Log in").await;
        assert_eq!(chromium.path().await, "/account");
        chromium.close().await;
    }
}

#[rocket::async_test]
async fn a_lesson_shows_what_a_form_did_and_the_x_ray_keeps_its_words() {
    let app = App::in_memory_with(|figment| figment.merge(("teaching", true))).await;
    let chromium = Chromium::open(&app.url).await;
    chromium.look(360, false).await;
    chromium.sign_up("rosa").await;
    chromium.goto("/learn/the-seal").await;
    for field in ["input[name=choice]", "input[name=sure]"] {
        chromium.page.find(By::Css(field)).await.unwrap().click().await.unwrap();
    }
    chromium.submit("Store my guess").await;
    assert_eq!(chromium.path().await, "/lab/the-seal#do");
    expect_focus(&chromium, "#do").await;
    expect_in_view(&chromium, &["[data-flash=guessed]"]).await;
    chromium.submit("Check").await;
    expect_focus(&chromium, "#check").await;
    expect_in_view(&chromium, &["#check-title"]).await;

    let choice = "return document.querySelector('[name=dialect]:checked').value";
    assert_eq!(chromium.script(choice).await, "plain");
    chromium.script("document.querySelector('[name=dialect][value=protocol]').click()").await;
    chromium.script("sessionStorage.clear()").await;
    chromium.goto("/learn").await;
    assert_eq!(chromium.script(choice).await, "protocol", "another tab has it as well");
    chromium.close().await;
}
