//! The look of the lessons and of the X-ray in a real Chromium.

use thirtyfour::prelude::*;

use crate::chromium::Chromium;
use crate::support::App;
use crate::{check_look, check_look_here};

pub async fn guess(chromium: &Chromium, slug: &str) {
    chromium.goto(&format!("/learn/{slug}")).await;
    for field in ["input[name=choice]", "input[name=sure]"] {
        chromium.page.find(By::Css(field)).await.unwrap().click().await.unwrap();
    }
    chromium.submit("Store my guess").await;
}

#[rocket::async_test]
async fn lessons_and_x_ray_fit_every_window_and_keep_to_the_content_security_policy() {
    let app = App::on_mongodb_with(|figment| figment.merge(("teaching", true))).await;
    // On loopback: elsewhere Chromium complains that plain http is no place for our headers.
    let chromium = Chromium::open(&app.url).await;
    chromium.look(1280, false).await;
    chromium.sign_up("rosa").await;
    check_look(&chromium, "/", "class").await;
    check_look(&chromium, "/dashboard", "class").await;
    chromium.script("document.querySelector('.xray details').open = true").await;
    check_look_here(&chromium, "xray-open").await;
    // Where there is room, a script opens the X-ray of a page that comes.
    chromium.look(1280, false).await;
    guess(&chromium, "http-forgets").await;
    let is_open = "return document.querySelector('.xray details').open";
    assert_eq!(chromium.script(is_open).await, true);
    check_look_here(&chromium, "lesson-1").await;
    check_look(&chromium, "/learn", "class").await;
    chromium.look(1280, false).await;
    chromium.goto("/learn/the-seal").await;
    check_look_here(&chromium, "lesson-5").await;
    for slug in ["the-seal", "the-options", "no-secrets", "three-clocks"] {
        guess(&chromium, slug).await;
        check_look_here(&chromium, &format!("lab-{slug}")).await;
    }
    for (path, name) in
        [("/learn/behind-the-login", "lesson-3"), ("/learn/handout", "handout"), ("/xray", "xray")]
    {
        chromium.goto(path).await;
        check_look_here(&chromium, name).await;
    }
    chromium.page.find(By::Css(".story summary")).await.unwrap().click().await.unwrap();
    chromium.page.find(By::Css(".story .exchange__link")).await.unwrap().click().await.unwrap();
    check_look_here(&chromium, "exchange").await;
    chromium.page.find(By::Css(".ray__code")).await.unwrap().click().await.unwrap();
    check_look_here(&chromium, "code").await;
    chromium.close().await;
}
