//! How the pages fit their window: header, content and footer, long names, large text, and paper.

use serde_json::json;
use thirtyfour::prelude::*;

use crate::chromium::Chromium;
use crate::support::{App, PASSWORD};

/// The longest name that an account may have.
const LONGEST: &str = "Wilhelmina-von-und-zu-Hohenstein";

/// No page scrolls sideways: not in a narrow window, and not with text of twice the size.
pub async fn expect_no_sideways_scroll(chromium: &Chromium, name: &str) {
    for (width, size) in [(1280, ""), (360, ""), (320, ""), (360, "200%"), (1280, "200%")] {
        chromium.look(width, false).await;
        let wide = format!(
            "document.documentElement.style.fontSize = '{size}';
            return document.documentElement.scrollWidth"
        );
        assert_eq!(chromium.script(&wide).await, width, "{name} scrolls sideways, text: {size:?}");
    }
    chromium.script("document.documentElement.style.fontSize = ''").await;
}

/// A browser of a user with the longest name, who may be an admin.
async fn log_in(app: &App, is_admin: bool) -> Chromium {
    let chromium = Chromium::open(&app.url).await;
    chromium.sign_up(LONGEST).await;
    if is_admin {
        let users = app.database().collection::<mongodb::bson::Document>("users");
        let set = mongodb::bson::doc! { "$set": { "admin": true } };
        users.update_one(mongodb::bson::doc! {}, set).await.unwrap();
    }
    chromium
}

async fn app(teaching: bool) -> App {
    if teaching {
        App::on_mongodb_with(|figment| figment.merge(("teaching", true))).await
    } else {
        App::on_mongodb().await
    }
}

#[rocket::async_test]
async fn header_content_and_footer_line_up_at_every_width() {
    // Without the padding, because the text starts there.
    let edges = "return ['.top__bar', '.bench, body:not(:has(.bench)) > .page', '.foot__bar']
        .map(selector => {
            const { left, right } = document.querySelector(selector).getBoundingClientRect();
            return [left, right];
        })";
    for teaching in [false, true] {
        let app = app(teaching).await;
        let chromium = log_in(&app, false).await;
        for width in [320, 360, 800, 1199, 1280, 1440, 1920, 2560] {
            chromium.look(width, false).await;
            chromium.goto("/dashboard").await;
            let edges = chromium.script(edges).await;
            assert_eq!(edges[0], edges[1], "header and content, {width}, {teaching}");
            assert_eq!(edges[0], edges[2], "header and footer, {width}, {teaching}");
        }
        chromium.close().await;
    }
}

#[rocket::async_test]
async fn the_header_has_two_rows_at_most_on_a_phone_whatever_the_name() {
    // A row is as high as its tallest part, a button.
    let rows = "const bar = document.querySelector('.top__bar');
        const row = bar.querySelector('.brand').offsetHeight;
        return Math.round((bar.offsetHeight - 16) / row)";
    let name = "const name = document.querySelector('.top__name');
        return [name.textContent, name.scrollWidth > name.clientWidth]";
    for (teaching, is_admin) in [(false, false), (false, true), (true, false), (true, true)] {
        let app = app(teaching).await;
        let chromium = log_in(&app, is_admin).await;
        chromium.look(360, false).await;
        chromium.goto("/account").await;
        assert_eq!(chromium.script(rows).await, 2, "{teaching} {is_admin}");
        let name = chromium.script(name).await;
        assert_eq!(name, json!([format!("Logged in as {LONGEST}"), true]), "cut, and still there");
        chromium.close().await;
    }
}

#[rocket::async_test]
async fn a_new_item_and_its_message_are_in_the_window_at_once() {
    let app = App::in_memory().await;
    let chromium = log_in(&app, false).await;
    let is_seen = "return ['#coat h2', '[data-flash=item-added]', '.item']
        .map(selector => document.querySelector(selector).getBoundingClientRect())
        .every(({ top, bottom }) => top >= 0 && bottom <= innerHeight)";
    for width in [1280, 360] {
        chromium.look(width, false).await;
        chromium.goto("/dashboard").await;
        for number in 0..6 {
            chromium.fill("item", &format!("item {number}")).await;
            chromium.submit("Hang it up").await;
            let newest = chromium.page.find(By::Css(".item__text")).await.unwrap();
            assert_eq!(newest.text().await.unwrap(), format!("item {number}"));
            assert_eq!(chromium.script(is_seen).await, true, "{width}, item {number}");
        }
    }
    chromium.close().await;
}

#[rocket::async_test]
async fn what_people_type_has_its_own_direction() {
    let app = App::in_memory().await;
    let chromium = log_in(&app, false).await;
    chromium.fill("item", "שלום עולם!").await;
    chromium.submit("Hang it up").await;
    chromium.fill("item", "red scarf").await;
    let directions = "return ['.item__text', 'input[type=text][name=item]']
        .map(selector => getComputedStyle(document.querySelector(selector)).direction)";
    assert_eq!(chromium.script(directions).await, json!(["rtl", "ltr"]));
    chromium.close().await;
}

#[rocket::async_test]
async fn paper_shows_no_controls_and_no_empty_cards() {
    let app = app(true).await;
    let chromium = log_in(&app, false).await;
    app.browser().log_in(LONGEST).await;
    let seen = "const isSeen = element => element.checkVisibility() && element.offsetHeight > 0;
        const controls = [...document.querySelectorAll('button, input, .fold > summary')].filter(isSeen);
        const empty = [...document.querySelectorAll('.card')].filter(isSeen)
            .filter(card => card.innerText.trim().split('\\n').length < 2);
        return [...controls, ...empty].map(element => element.outerHTML.slice(0, 80))";
    for path in ["/dashboard", "/account", "/learn/the-seal", "/admin"] {
        chromium.goto(path).await;
        chromium.emulate_print().await;
        assert_eq!(chromium.script(seen).await, json!([]), "{path}");
    }
    chromium.close().await;
}

#[rocket::async_test]
async fn times_are_in_the_reader_s_zone_where_a_script_runs_and_in_utc_elsewhere() {
    let app = App::in_memory().await;
    let chromium = Chromium::open(&app.url).await;
    chromium.set_time_zone("Asia/Kolkata").await;
    chromium.sign_up("rosa").await;
    // India is 5:30 hours ahead of UTC, so the minutes differ as well.
    let minutes = "return [...document.querySelectorAll('time[data-local=exact]')].map(time =>
        [time.textContent, time.dateTime])";
    let times = chromium.script(minutes).await;
    let times = times.as_array().unwrap();
    assert!(!times.is_empty());
    for time in times {
        let (text, iso) = (time[0].as_str().unwrap(), time[1].as_str().unwrap());
        let utc: u32 = iso[14..16].parse().unwrap();
        let minute = format!(":{:02}", (utc + 30) % 60);
        assert!(text.contains(&minute) && !text.contains("UTC"), "{text} for {iso}");
    }
    let mut plain = app.browser();
    plain.try_log_in("rosa", PASSWORD).await;
    let page = plain.get("/dashboard").await.body;
    let (_, time) = page.split_once("data-local=\"exact\">").unwrap();
    assert!(time.split_once("</time>").unwrap().0.ends_with(" UTC"));
    chromium.goto("/account").await;
    let relative = "const time = document.querySelector('time[data-local=relative]');
        return [time.textContent, time.title.includes('GMT+5:30')]";
    assert_eq!(chromium.script(relative).await, json!(["just now", true]));
    chromium.close().await;
}
