//! The account page: what a visitor sees first, and what is folded.

use serde_json::json;

use crate::chromium::Chromium;
use crate::expect_focus;
use crate::support::App;

async fn log_in(app: &App) -> Chromium {
    let chromium = Chromium::open(&app.url).await;
    chromium.look(360, false).await;
    chromium.sign_up("rosa").await;
    chromium
}

#[rocket::async_test]
async fn the_form_to_change_the_password_is_open_at_its_address() {
    let app = App::in_memory().await;
    let chromium = log_in(&app).await;
    for path in ["/account#password", "/.well-known/change-password"] {
        chromium.goto("/dashboard").await;
        chromium.goto(path).await;
        assert_eq!(chromium.path().await, "/account#password");
        let top = "const field = document.querySelector('#new');
            return field.checkVisibility() && field.getBoundingClientRect().bottom <= innerHeight";
        assert_eq!(chromium.script(top).await, true, "{path}");
    }
    chromium.close().await;
}

#[rocket::async_test]
async fn ending_all_others_is_offered_only_if_there_are_others_and_opens_with_its_error() {
    let app = App::in_memory().await;
    let chromium = log_in(&app).await;
    chromium.goto("/account").await;
    let others = "const others = document.querySelector('#others'); return others && others.open";
    assert!(chromium.script(others).await.is_null());
    app.browser().log_in("rosa").await;
    chromium.goto("/account").await;
    assert_eq!(chromium.script(others).await, json!(false));
    chromium.script("document.querySelector('#others').open = true").await;
    chromium.submit("End all others").await;
    assert_eq!(chromium.script(others).await, json!(true));
    expect_focus(&chromium, "#others-password").await;
    chromium.close().await;
}

#[rocket::async_test]
async fn deleting_the_account_is_folded_and_opens_with_its_error() {
    let app = App::in_memory().await;
    let chromium = log_in(&app).await;
    chromium.goto("/account").await;
    let open = "return document.querySelector('#delete details').open";
    assert_eq!(chromium.script(open).await, json!(false));
    chromium.script("document.querySelector('#delete details').open = true").await;
    chromium.submit("Delete account").await;
    assert_eq!(chromium.script(open).await, json!(true));
    expect_focus(&chromium, "#delete-password").await;
    chromium.close().await;
}

#[rocket::async_test]
async fn the_question_for_the_password_is_what_the_visitor_sees_first() {
    let app = App::in_memory().await;
    let chromium = log_in(&app).await;
    app.browser().log_in("rosa").await;
    chromium.goto("/account").await;
    chromium.click_through("form[action$='/revoke'] button").await;
    expect_focus(&chromium, "#revoke-password").await;
    let is_seen =
        "const { top, bottom } = document.querySelector('#confirm').getBoundingClientRect();
        return top >= 0 && bottom <= innerHeight";
    assert_eq!(chromium.script(is_seen).await, true);
    chromium.close().await;
}
