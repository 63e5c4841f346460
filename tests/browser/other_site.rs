//! Lessons 7 and 8 in Chromium: what a script reads, and which cookies come with requests of another site.

use std::time::Duration;

use rocket::tokio::time::sleep;
use thirtyfour::prelude::*;

use crate::chromium::Chromium;
use crate::lessons::{class, lan_address};
use crate::{axe, layout};

/// The table of lesson 8: the kind of each request, and which of the three cookies came with the last one.
async fn table(chromium: &Chromium) -> Vec<String> {
    let rows = "return [...document.querySelectorAll('.sent tbody tr')].map(row => \
        row.dataset.kind + ':' + [...row.querySelectorAll('td')].map(cell => \
        cell.textContent.includes('✓') ? ' sent' : ' -').join(''))";
    let mut rows: Vec<String> = serde_json::from_value(chromium.script(rows).await).unwrap();
    rows.sort();
    rows
}

/// Opens the other site from the lesson, and uses the element with this selector there.
async fn from_other_site(chromium: &Chromium, selector: &str) {
    chromium.click_through("a[href$='/other']").await;
    chromium.click_through(selector).await;
}

/// A student who has made the prediction of this lesson, and has pressed its first button.
async fn begin(chromium: &Chromium, slug: &str, button: &str) {
    chromium.sign_up("rosa").await;
    chromium.goto(&format!("/learn/{slug}")).await;
    for field in ["[name=choice]", "[name=sure]"] {
        chromium.page.find(By::Css(field)).await.unwrap().click().await.unwrap();
    }
    chromium.submit("Store my guess").await;
    chromium.submit(button).await;
}

async fn expect_look(chromium: &Chromium, name: &str) {
    layout::expect_no_sideways_scroll(chromium, name).await;
    for (width, dark) in [(1280, false), (1280, true), (360, false), (360, true)] {
        chromium.look(width, dark).await;
        let faults = axe::faults(chromium).await;
        assert!(faults.is_empty(), "{name}, {width}, dark: {dark}: {faults:#?}");
        let scheme = if dark { "dark" } else { "light" };
        chromium.screenshot(&format!("{name}-{width}-{scheme}")).await;
    }
}

const POST_FORM: &str = "form[method=post][action*='/target'] button";

/// The cookies are old after ten seconds here (`--enable-features`), and after two minutes otherwise.
#[rocket::async_test]
async fn the_table_of_lesson_8_says_what_chromium_sends_with_requests_of_another_site() {
    let app = class().await;
    let url = app.url.replace("127.0.0.1", &lan_address());
    let chromium = Chromium::open_with_fast_cookies(&url).await;
    chromium.look(1280, false).await;
    begin(&chromium, "another-site", "Get the three cookies").await;
    from_other_site(&chromium, POST_FORM).await;
    let young = ["POST form: sent - -", "image: - - -"];
    assert_eq!(table(&chromium).await, young, "Lax + POST");
    sleep(Duration::from_secs(11)).await;
    from_other_site(&chromium, POST_FORM).await;
    assert_eq!(table(&chromium).await, ["POST form: - - -", "image: - - -"]);
    chromium.submit("Get the cookies again").await;
    from_other_site(&chromium, POST_FORM).await;
    assert_eq!(table(&chromium).await, young, "they are new again");
    from_other_site(&chromium, "form[method=get] button").await;
    from_other_site(&chromium, "a[href*='by=link']").await;
    let all = ["GET form: sent sent -", "POST form: sent - -", "image: - - -", "link: sent sent -"];
    assert_eq!(table(&chromium).await, all);
    chromium.goto("/lab/another-site").await;
    expect_look(&chromium, "lesson-8").await;
    from_other_site(&chromium, "form[action^='/coat'] button").await;
    assert!(chromium.text().await.contains("That form came from another site"));
    chromium.page.back().await.unwrap();
    for (width, dark) in [(1280, false), (1280, true), (360, false), (360, true)] {
        chromium.look(width, dark).await;
        chromium.screenshot(&format!("lesson-8-other-{width}-{dark}")).await;
    }
    chromium.click_through("a[href$='#do']").await;
    let goals = "return document.querySelectorAll('.goal--reached').length";
    assert_eq!(chromium.script(goals).await, 5);
    chromium.close().await;
}

#[rocket::async_test]
async fn the_script_of_lesson_7_reads_one_cookie_and_acts_with_both() {
    let app = class().await;
    let chromium = Chromium::open(&app.url.replace("127.0.0.1", &lan_address())).await;
    chromium.look(1280, false).await;
    begin(&chromium, "what-a-script-takes", "Get both cookies").await;
    let goals = "return document.querySelectorAll('.goal--reached').length";
    for _ in 0..100 {
        if chromium.script(goals).await == 2 {
            break;
        }
        sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(chromium.script(goals).await, 2);
    let cookies = chromium.script("return document.cookie").await;
    let names: Vec<&str> =
        cookies.as_str().unwrap().split("; ").map(|pair| pair.split('=').next().unwrap()).collect();
    assert_eq!(names, ["lab.plain"]);
    chromium.click_through("a[href*='/lab/what-a-script-takes?']").await;
    assert!(chromium.text().await.contains("I give all my prizes"));
    expect_look(&chromium, "lesson-7").await;
    chromium.submit("Mend the site: escape the entries").await;
    assert_eq!(chromium.script(goals).await, 3);
    let mut complaints = chromium.complaints().await;
    // At an address of the local network, over http.
    complaints.retain(|text| !text.contains("Cross-Origin-Opener-Policy header has been ignored"));
    assert!(complaints.is_empty(), "{complaints:?}");
    expect_look(&chromium, "lesson-7-mended").await;
    chromium.close().await;
}
