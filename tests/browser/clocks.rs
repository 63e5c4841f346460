//! The lab of the three clocks: its countdowns run, and its link visits the server again.

use std::time::Duration;

use rocket::tokio::time::sleep;

use crate::chromium::Chromium;
use crate::class::guess;

use crate::support::App;

/// The texts of the countdowns.
async fn countdowns(chromium: &Chromium) -> Vec<String> {
    let texts = "return [...document.querySelectorAll('[data-countdown]')].map(e => e.textContent)";
    let texts = chromium.script(texts).await;
    texts.as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect()
}

#[rocket::async_test]
async fn the_countdowns_run_and_a_visit_again_is_a_request() {
    let app = App::on_mongodb_with(|figment| figment.merge(("teaching", true))).await;
    let chromium = Chromium::open(&app.url).await;
    chromium.sign_up("rosa").await;
    guess(&chromium, "three-clocks").await;
    chromium.click_through("form:has([value=short-document]) button").await;
    let before = countdowns(&chromium).await;
    assert_eq!(before.len(), 2, "cookie and document: {before:?}");
    assert!(before[0].contains(" UTC (in 24 h)") && before[1].contains(" UTC (in "), "{before:?}");
    sleep(Duration::from_millis(2_100)).await;
    let after = countdowns(&chromium).await;
    assert!(after[0] == before[0] && after[1] != before[1], "{before:?} {after:?}");
    // A visit in time extends the document. A link to the same address would only scroll.
    for _ in 0..2 {
        chromium.click_through("#do a").await;
        let now = countdowns(&chromium).await;
        assert_ne!(now[1].split(' ').next(), after[1].split(' ').next(), "{after:?} {now:?}");
        let there =
            "return document.querySelector('#do').getBoundingClientRect().top < innerHeight";
        assert_eq!(chromium.script(there).await, true);
        sleep(Duration::from_millis(1_100)).await;
    }
    chromium.close().await;
}
