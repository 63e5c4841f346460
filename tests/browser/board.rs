//! The board on a projector, and what the teacher's buttons do on the open pages of students.

use std::time::{Duration, Instant};

use thirtyfour::prelude::*;

use crate::chromium::Chromium;
use crate::room::{class, type_keys, wait_for};
use crate::support::lesson::{FOLDERS, slug};
use crate::support::{App, Browser, PASSWORD};
use crate::{axe, layout};

/// A teacher with a board in Chromium, who presses buttons in another browser.
async fn board() -> (App, Chromium, Browser, Browser) {
    let (app, chromium, rosa) =
        class(|figment| figment.merge(("teaching", true)).merge(("address", "0.0.0.0"))).await;
    let mut teacher = app.browser();
    teacher.log_in("frida").await;
    (app, chromium, teacher, rosa)
}

async fn press(teacher: &mut Browser, fields: &[(&str, &str)]) {
    assert_eq!(teacher.post("/class/board", fields).await.status, 303, "{fields:?}");
}

/// Puts a login on the board. Its X-ray is the longest.
async fn put_login(app: &App, teacher: &mut Browser) {
    let mut student = app.browser();
    student.register("student").await;
    student.post("/learn/the-seal/predict", &[("choice", "1")]).await;
    student.get("/lab/the-seal").await;
    student.log_in("student").await;
    let page = student.get("/dashboard").await.body;
    let aside = page.split_once("<aside class=\"xray\"").expect("an X-ray").1;
    let (_, id) = aside.split_once("exchange__link\" href=\"/xray/").expect("a request");
    let id = id.split('"').next().unwrap();
    press(teacher, &[("do", "request"), ("request", id)]).await;
}

/// Waits until this script is true, for two seconds.
async fn soon(chromium: &Chromium, script: &str) {
    let start = Instant::now();
    wait_for(chromium, script).await;
    assert!(start.elapsed() < Duration::from_secs(2), "{script}: {:?}", start.elapsed());
}

/// The number of rows that are shown, and whether the newest one is in view as a whole.
const NEWEST: &str = "return (() => {
    const rows = [...document.querySelectorAll('.ray')].filter(row => row.checkVisibility());
    const { top, bottom } = rows.at(-1).getBoundingClientRect();
    const stage = document.querySelector('.board__stage').getBoundingClientRect();
    const isIn = top >= stage.top - 1 && bottom <= stage.bottom + 1 && bottom <= innerHeight;
    return [rows.length, isIn, isIn || `${top} to ${bottom} in ${stage.top} to ${stage.bottom}`];
})()";

#[rocket::async_test]
async fn each_new_row_is_in_view_and_keys_go_on_without_a_reload() {
    let (app, chromium, mut teacher, _) = board().await;
    put_login(&app, &mut teacher).await;
    chromium.resize(1024, 768, false).await;
    chromium.goto("/class/board").await;
    chromium.script("window.isThePageBefore = true").await;
    let last = "Number(document.querySelector('[data-last-step]').dataset.lastStep)";
    let last = chromium.script(&format!("return {last}")).await.as_u64().unwrap();
    assert!(last >= 8, "a long request: {last}");
    for dialect in ["express", "plain", "protocol"] {
        let choose = format!(
            "document.querySelector('[value={dialect}]').click(); document.activeElement.blur()"
        );
        chromium.script(&choose).await;
        for (step, key) in (1..=last).zip([Key::PageDown, Key::Right].iter().cycle()) {
            let shown = chromium.script(NEWEST).await;
            assert_eq!((&shown[0], &shown[1]), (&step.into(), &true.into()), "{dialect}: {shown}");
            type_keys(&chromium, key.clone()).await;
        }
        for key in [Key::PageUp, Key::Left].iter().cycle().take(usize::try_from(last).unwrap()) {
            type_keys(&chromium, key.clone()).await;
        }
        assert_eq!(chromium.script(NEWEST).await[0], 1);
    }
    // The class page knows the step, and the choice of words stays.
    type_keys(&chromium, Key::PageDown).await;
    wait_for(&chromium, "document.querySelector('[data-board-step]').textContent.startsWith('2 ')")
        .await;
    assert_eq!(chromium.script("return window.isThePageBefore").await, true, "no reload");
    let synced = async |teacher: &mut Browser| teacher.get("/class").await.body;
    for _ in 0..40 {
        if synced(&mut teacher).await.contains("data-board-step=\"2 of") {
            break;
        }
        rocket::tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(synced(&mut teacher).await.contains("data-board-step=\"2 of"));
    chromium.goto("/class/board").await;
    assert_eq!(chromium.script(NEWEST).await[0], 2);
    let chosen = "return document.querySelector('[name=dialect]:checked').value";
    assert_eq!(chromium.script(chosen).await, "protocol");
    chromium.close().await;
}

#[rocket::async_test]
async fn without_a_script_the_links_of_the_board_lead_from_step_to_step() {
    let (app, chromium, mut teacher, _) = board().await;
    chromium.close().await;
    put_login(&app, &mut teacher).await;
    let chromium = Chromium::open_without_scripts(&app.url).await;
    chromium.goto("/login").await;
    chromium.fill("username", "frida").await;
    chromium.fill("password", PASSWORD).await;
    chromium.press("Log in").await;
    chromium.goto("/class/board").await;
    for step in 2..5 {
        let next = chromium.page.find(By::Css("a[rel=next]")).await.unwrap();
        next.click().await.unwrap();
        assert_eq!(chromium.path().await, format!("/class/board?step={step}#newest"));
        let shown = chromium.page.find_all(By::Css(".ray:not([hidden])")).await.unwrap();
        assert_eq!(shown.len(), step);
        assert!(shown.last().unwrap().is_displayed().await.unwrap());
    }
    chromium.close().await;
}

#[rocket::async_test]
async fn the_board_follows_the_class_within_two_seconds() {
    let (app, chromium, mut teacher, mut rosa) = board().await;
    chromium.resize(1024, 768, true).await;
    chromium.goto("/class/board").await;
    soon(&chromium, "document.querySelector('[data-here=\"1\"]') !== null").await;
    let dark = "return getComputedStyle(document.body).backgroundColor";
    assert_eq!(chromium.script(dark).await, "rgb(251, 250, 247)", "light in a dark browser");
    let mut oskar = app.browser();
    oskar.sign_up("oskar").await;
    soon(&chromium, "document.querySelector('[data-here=\"2\"]') !== null").await;
    press(&mut teacher, &[("do", "lesson"), ("lesson", "the-seal")]).await;
    soon(&chromium, "document.querySelector('.board__options')?.checkVisibility()").await;
    press(&mut teacher, &[("do", "next")]).await;
    let bars = |count| {
        format!("document.querySelector('[data-students=\"1 of {count}\"]')?.checkVisibility()")
    };
    soon(&chromium, &bars(1)).await;
    oskar.post("/learn/the-seal/predict", &[("choice", "0")]).await;
    soon(&chromium, &bars(2)).await;
    assert_eq!(
        chromium.script("return document.querySelector('.tag').checkVisibility()").await,
        false
    );
    press(&mut teacher, &[("do", "next")]).await;
    soon(&chromium, "document.querySelector('.tag').checkVisibility()").await;
    // A step of the board's own keys is not undone by a change that comes at the same time.
    type_keys(&chromium, Key::PageDown).await;
    rosa.post("/coat", &[("item", "scarf")]).await;
    rocket::tokio::time::sleep(Duration::from_secs(1)).await;
    let claim = "return document.querySelector('.board__claim').checkVisibility()";
    assert_eq!(chromium.script(claim).await, true);
    assert_eq!(
        chromium.script("return document.querySelector('[data-board-lost]').textContent").await,
        ""
    );
    chromium.close().await;
}

#[rocket::async_test]
async fn the_board_is_accessible_and_fits_each_projector() {
    let (app, chromium, mut teacher, _) = board().await;
    let look = async |name: &str| {
        chromium.goto("/class/board").await;
        layout::expect_no_sideways_scroll(&chromium, name).await;
        for (width, height) in [(1024, 768), (1280, 800), (1920, 1080)] {
            chromium.resize(width, height, true).await;
            // Only the middle scrolls.
            let tall = "return document.documentElement.scrollHeight";
            assert_eq!(chromium.script(tall).await, height, "{name}, {width}");
            if name == "request" {
                assert_eq!(chromium.script(NEWEST).await[1], true, "{width}");
            }
            let faults = axe::faults(&chromium).await;
            assert!(faults.is_empty(), "{name}, {width}: {faults:#?}");
            chromium.screenshot(&format!("board-{name}-{width}")).await;
        }
        assert!(chromium.complaints().await.is_empty());
    };
    look("invitation").await;
    press(&mut teacher, &[("do", "lesson"), ("lesson", "the-seal")]).await;
    for name in ["question", "guesses", "answer", "claim"] {
        look(name).await;
        press(&mut teacher, &[("do", "next")]).await;
    }
    put_login(&app, &mut teacher).await;
    press(&mut teacher, &[("do", "step"), ("step", "7")]).await;
    look("request").await;
    press(&mut teacher, &[("do", "request"), ("request", "gone")]).await;
    look("gone").await;
    chromium.close().await;
}

#[rocket::async_test]
async fn the_slides_of_each_lesson_fit_the_smallest_projector() {
    let (app, chromium, mut teacher, _) = board().await;
    chromium.resize(1024, 768, false).await;
    for slug in FOLDERS.map(slug) {
        // Visitors have bars of their own.
        app.browser().post(&format!("/learn/{slug}/predict"), &[("choice", "0")]).await;
        press(&mut teacher, &[("do", "lesson"), ("lesson", slug)]).await;
        for step in ["1", "2", "3", "4"] {
            press(&mut teacher, &[("do", "step"), ("step", step)]).await;
            chromium.goto("/class/board").await;
            let size =
                "const { scrollHeight, clientHeight } = document.querySelector('.board__stage');
                return [scrollHeight <= clientHeight, scrollHeight, clientHeight]";
            let size = chromium.script(size).await;
            assert_eq!(size[0], true, "{slug}, step {step}: {size}");
            if slug == "the-options" {
                chromium.screenshot(&format!("board-{slug}-{step}-1024")).await;
            }
        }
    }
    chromium.close().await;
}

#[rocket::async_test]
async fn open_pages_of_students_get_the_teacher_s_news_and_lose_nothing_that_was_typed() {
    let (app, chromium, mut teacher, mut rosa) = board().await;
    chromium.close().await;
    let chromium = Chromium::open(&app.url).await;
    chromium.sign_up("student").await;
    chromium.goto("/learn/the-seal").await;
    let choose = "document.querySelectorAll('[name=choice]')[2].checked = true";
    chromium.script(choose).await;
    let start = Instant::now();
    press(&mut teacher, &[("do", "look")]).await;
    teacher.post("/class/line", &[("line", "Look up, please")]).await;
    teacher.post("/class/lessons/the-seal", &[("do", "reveal")]).await;
    teacher.post("/class/lessons/the-seal", &[("do", "close")]).await;
    let news = "document.querySelector('.look')?.checkVisibility()
        && document.querySelector('#closed-now') !== null
        && document.querySelector('.news').textContent.includes('Look up, please')
        && document.querySelector('#predict [data-students=\"1 of 1\"]') !== null";
    while chromium.script(&format!("return {news}")).await != true {
        assert!(start.elapsed() < Duration::from_secs(15), "{}", chromium.text().await);
        rocket::tokio::time::sleep(Duration::from_millis(200)).await;
    }
    println!("the news came after {:?}", start.elapsed());
    for (width, dark) in [(1280, false), (1280, true), (360, false), (360, true)] {
        chromium.look(width, dark).await;
        let faults = axe::faults(&chromium).await;
        assert!(faults.is_empty(), "{width}, dark: {dark}: {faults:#?}");
        chromium.screenshot(&format!("look-{width}-{dark}")).await;
    }
    let kept = "return document.querySelectorAll('[name=choice]')[2].checked";
    assert_eq!(chromium.script(kept).await, true);
    // By keyboard, and it stays away on this page although other news come.
    chromium.script("document.querySelector('[data-look-hide]').focus()").await;
    type_keys(&chromium, Key::Enter).await;
    rosa.sign_up("oskar").await;
    rosa.post("/learn/http-forgets/predict", &[("choice", "0")]).await;
    teacher.post("/class/line", &[("line", "And now")]).await;
    let line = "document.querySelector('.news').textContent.includes('And now')";
    while chromium.script(&format!("return {line}")).await != true {
        assert!(start.elapsed() < Duration::from_secs(60), "{}", chromium.text().await);
        rocket::tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let seen = "return document.querySelector('.look').checkVisibility()";
    assert_eq!(chromium.script(seen).await, false);
    chromium.goto("/dashboard").await;
    assert_eq!(chromium.script(seen).await, true, "a page that is loaded now");
    assert!(chromium.complaints().await.is_empty());
    chromium.close().await;
}
