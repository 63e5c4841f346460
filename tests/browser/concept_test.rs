//! The look of the test, the words, and the answer key in a real Chromium, on screen and on paper.

use mongodb::bson::{Document, doc};
use thirtyfour::prelude::*;

use crate::check_look_here;
use crate::chromium::Chromium;
use crate::support::App;

/// A picture of the page on paper: the X-ray and all that can be pressed are not on it.
async fn print(chromium: &Chromium, name: &str) {
    chromium.look(794, false).await;
    chromium.emulate_print().await;
    let shown = "return [...document.querySelectorAll('.xray, main form, main button')]
        .filter(element => element.checkVisibility()).length";
    assert_eq!(chromium.script(shown).await, 0, "{name}");
    let width = chromium.script("return document.documentElement.scrollWidth").await;
    assert_eq!(width, 794, "{name} is too wide for A4");
    chromium.screenshot(&format!("{name}-print")).await;
    chromium.look(1280, false).await;
}

/// Presses a button of the test on the class page, which folds its tools.
async fn press(chromium: &Chromium, button: &str) {
    chromium.goto("/class").await;
    chromium.script("document.querySelector('#test').closest('details').open = true").await;
    chromium.submit(button).await;
}

#[rocket::async_test]
async fn a_teacher_opens_the_test_takes_it_and_prints_the_answer_key() {
    let app = App::on_mongodb_with(|figment| figment.merge(("teaching", true))).await;
    let chromium = Chromium::open(&app.url).await;
    chromium.look(1280, false).await;
    chromium.sign_up("frida").await;
    let users = app.database().collection::<Document>("users");
    users.update_one(doc! {}, doc! { "$set": { "admin": true } }).await.unwrap();
    let mut rosa = app.browser();
    rosa.sign_up("rosa").await;
    for (button, phase) in [
        ("Open the test before the lessons", "before"),
        ("Open the test after the lessons", "after"),
    ] {
        press(&chromium, button).await;
        assert_eq!(chromium.path().await, "/class#test");
        rosa.post("/learn/test", &[("test", phase), ("0", "1"), ("1", "3"), ("2", "2")]).await;
        chromium.goto("/learn/test").await;
        check_look_here(&chromium, &format!("test-{phase}")).await;
        chromium.look(1280, false).await;
        for fieldset in chromium.page.find_all(By::Css("main fieldset")).await.unwrap() {
            fieldset.find(By::Css("label")).await.unwrap().click().await.unwrap();
        }
        chromium.submit("Hand in").await;
        assert_eq!(
            chromium.script("return document.activeElement.dataset.flash").await,
            "test-handed-in"
        );
        check_look_here(&chromium, &format!("test-{phase}-handed-in")).await;
        chromium.look(1280, false).await;
        press(&chromium, "Close the test").await;
    }
    check_look_here(&chromium, "class-test").await;
    for (path, name) in [
        ("/learn/test", "test-results"),
        ("/learn/words", "words"),
        ("/learn/handout", "handout"),
        ("/class/handout", "handout-answers"),
        ("/class/key", "key"),
        ("/learn", "lessons-list"),
    ] {
        chromium.goto(path).await;
        check_look_here(&chromium, name).await;
        print(&chromium, name).await;
    }
    chromium.close().await;
}
