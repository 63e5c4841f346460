//! The teacher's pages in a real Chromium: live, by keyboard alone, and without any other host.

use std::time::Duration;

use mongodb::bson::{Document, doc};
use rocket::figment::Figment;
use rocket::tokio::time::sleep;
use rustix::process::{Pid, Signal, kill_process};
use thirtyfour::prelude::*;

use crate::chromium::Chromium;
use crate::support::{App, Browser, PASSWORD, cloakroom, fresh_database, launch};
use crate::{check_look, check_look_here};

/// A class with a teacher in Chromium.
pub async fn class(settings: fn(Figment) -> Figment) -> (App, Chromium, Browser) {
    let app = App::on_mongodb_with(settings).await;
    let mut teacher = app.browser();
    teacher.register("frida").await;
    let users = app.database().collection::<Document>("users");
    users.update_one(doc! {}, doc! { "$set": { "admin": true } }).await.unwrap();
    let mut rosa = app.browser();
    rosa.sign_up("rosa").await;
    rosa.post("/learn/the-seal/predict", &[("choice", "1")]).await;
    rosa.post("/learn/the-seal/help", &[]).await;
    let chromium = Chromium::open(&app.url).await;
    chromium.look(1280, false).await;
    chromium.goto("/login").await;
    chromium.fill("username", "frida").await;
    chromium.fill("password", PASSWORD).await;
    chromium.submit("Log in").await;
    (app, chromium, rosa)
}

/// Waits until this script is true.
pub async fn wait_for(chromium: &Chromium, script: &str) {
    for _ in 0..100 {
        if chromium.script(&format!("return {script}")).await == true {
            return;
        }
        rocket::tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("never: {script}, in {}", chromium.text().await);
}

/// Goes on with the Tab key until the focus is on what this selector finds.
async fn tab_to(chromium: &Chromium, selector: &str) {
    for _ in 0..200 {
        let here = format!("return document.activeElement.matches({selector:?})");
        if chromium.script(&here).await == true {
            return;
        }
        type_keys(chromium, Key::Tab).await;
    }
    panic!("the Tab key never reaches {selector}");
}

/// Tried again when the roster was renewed, and the focus put back, in that very moment.
pub async fn type_keys(chromium: &Chromium, keys: impl Into<TypingData> + Clone) {
    for _ in 0..5 {
        let focused = chromium.page.active_element().await.unwrap();
        if focused.send_keys(keys.clone()).await.is_ok() {
            return;
        }
    }
    panic!("nothing takes the keys");
}

/// Opens a part of the bar by its name, with the keyboard.
async fn open_tool(chromium: &Chromium, name: &str) {
    let script = format!(
        "const all = [...document.querySelectorAll('.tool > summary')];
        all.find(summary => summary.textContent.trim() === {name:?}).focus()"
    );
    chromium.script(&script).await;
    type_keys(chromium, Key::Enter).await;
}

/// A class of forty students who are here, each with a session, some progress and a name.
async fn forty(app: &App) {
    for number in 1..=40 {
        let mut student = app.browser();
        student.sign_up(&format!("student-{number:02}")).await;
        if number % 4 > 0 {
            student.post("/learn/the-seal/predict", &[("choice", "1"), ("sure", "fairly")]).await;
        }
        if number == 33 {
            student.post("/learn/the-seal/help", &[("wanted", "yes")]).await;
        }
    }
}

#[rocket::async_test]
async fn forty_students_and_the_ledger_fit_one_screen() {
    let (app, chromium, _rosa) = class(|figment| figment.merge(("teaching", true))).await;
    forty(&app).await;
    chromium.goto("/class").await;
    wait_for(&chromium, "document.querySelector('[data-live=open]') !== null").await;
    app.browser().sign_up("late").await;
    wait_for(&chromium, "document.querySelectorAll('.entry').length > 0").await;
    for (width, height) in [(1280, 800), (1920, 1080), (1024, 768)] {
        chromium.resize(width, height, width == 1920).await;
        let bottoms = "return [...document.querySelectorAll('.seats .seat')].slice(0, 40)
            .concat(document.querySelector('.ledger'))
            .map(box => Math.ceil(box.getBoundingClientRect().bottom))";
        let bottoms = chromium.script(bottoms).await;
        let bottoms: Vec<u32> = serde_json::from_value(bottoms).unwrap();
        println!("{width} x {height}: {:?}", &bottoms[38..]);
        chromium.screenshot(&format!("forty-{width}")).await;
        let fits = bottoms.iter().all(|bottom| *bottom <= height);
        assert!(fits || width == 1024, "{width} x {height}: {bottoms:?}");
    }
    chromium.close().await;
}

#[rocket::async_test]
async fn the_class_page_stays_live_after_a_form_that_was_refused() {
    let (app, chromium, _rosa) = class(|figment| figment.merge(("teaching", true))).await;
    chromium.goto("/class").await;
    open_tool(&chromium, "More").await;
    chromium.fill("confirmation", "no").await;
    chromium.submit("Reset the class").await;
    assert_eq!(chromium.path().await, "/class/reset");
    app.browser().sign_up("oskar").await;
    wait_for(&chromium, "document.querySelector('.seats').textContent.includes('oskar')").await;
    wait_for(&chromium, "document.querySelector('[data-live=open]') !== null").await;
    chromium.close().await;
}

#[rocket::async_test]
async fn the_room_is_live_and_run_by_the_keyboard_alone() {
    let (app, chromium, mut rosa) = class(|figment| figment.merge(("teaching", true))).await;
    chromium.goto("/class").await;
    wait_for(&chromium, "document.querySelector('[data-live=open]') !== null").await;
    // A student logs in elsewhere, and logs out.
    let mut oskar = app.browser();
    oskar.sign_up("oskar").await;
    wait_for(&chromium, "document.querySelector('.seats').textContent.includes('oskar')").await;
    wait_for(&chromium, "document.querySelector('[data-ledger]').textContent.includes('+1')").await;
    rosa.post("/logout", &[]).await;
    wait_for(&chromium, "document.querySelector('.entry--delete') !== null").await;

    chromium.script("document.body.focus()").await;
    tab_to(&chromium, ".seat a").await;
    open_tool(&chromium, "Message").await;
    tab_to(&chromium, "#line").await;
    type_keys(&chromium, "Look up, please").await;
    chromium.script("window.isThePageBefore = true").await;
    type_keys(&chromium, Key::Enter).await;
    chromium.arrive().await;
    let line = "return document.querySelector('aside.banner [dir=auto]').textContent";
    assert_eq!(chromium.script(line).await, "Look up, please");
    open_tool(&chromium, "Lessons").await;
    tab_to(&chromium, "#the-seal [value=close]").await;
    chromium.script("window.isThePageBefore = true").await;
    type_keys(&chromium, Key::Enter).await;
    chromium.arrive().await;
    assert_eq!(oskar.get("/learn/the-seal").await.status, 403);
    // The address names the lesson, so the list of lessons is open.
    wait_for(&chromium, "document.querySelector('#the-seal').closest('details').open").await;
    open_tool(&chromium, "More").await;
    tab_to(&chromium, "#confirmation").await;
    type_keys(&chromium, "reset").await;
    chromium.script("window.isThePageBefore = true").await;
    type_keys(&chromium, Key::Enter).await;
    chromium.arrive().await;
    crate::expect_focus(&chromium, "[data-flash=class-reset]").await;
    chromium.close().await;
}

#[rocket::async_test]
async fn the_teacher_s_pages_fit_every_window_and_ask_no_other_host() {
    let (app, chromium, _rosa) = class(|figment| figment.merge(("teaching", true))).await;
    check_look(&chromium, "/class", "room").await;
    let open = "document.querySelector('#the-seal').closest('details').open = true;
        document.querySelector('#the-seal details').open = true";
    chromium.script(open).await;
    check_look_here(&chromium, "room-lesson").await;
    let student = "return document.querySelector('.seat--help a').getAttribute('href')";
    let student = chromium.script(student).await;
    chromium.goto(student.as_str().unwrap()).await;
    check_look_here(&chromium, "student").await;
    chromium.goto("/class/cards").await;
    check_look_here(&chromium, "cards-none").await;
    let made = crate::support::cloakroom(&["seed", "--students", "4"])
        .env("MONGODB_URI", app.uri())
        .status();
    assert!(made.unwrap().success());
    rocket::tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    chromium.goto("/class/cards").await;
    check_look_here(&chromium, "cards-four").await;
    chromium.goto("/class/teacher/x").await;
    check_look_here(&chromium, "teacher-link").await;
    // All that was asked for on these pages came from here.
    let origins = "return [...new Set(performance.getEntries().map(e => e.name)
        .filter(name => name.startsWith('http')).map(name => new URL(name).origin))]";
    for path in ["/", "/class", "/class/board", "/learn", "/xray", "/learn/handout"] {
        chromium.goto(path).await;
        let asked = chromium.script(origins).await;
        assert_eq!(asked, serde_json::json!([app.url]), "{path}");
    }
    chromium.close().await;
}

#[rocket::async_test]
async fn a_server_that_is_stopped_is_noticed_and_found_again() {
    let (uri, database) = fresh_database().await;
    let mut command = cloakroom(&["serve"]);
    let (server, url, _) = launch(command.env("MONGODB_URI", uri).env("ROCKET_TEACHING", "true"));
    let chromium = Chromium::open(&url).await;
    chromium.sign_up("frida").await;
    let users = database.collection::<Document>("users");
    users.update_one(doc! {}, doc! { "$set": { "admin": true } }).await.unwrap();
    chromium.goto("/class").await;
    let live = "document.querySelector('[data-live]').textContent === 'Live'";
    wait_for(&chromium, live).await;
    let pid = Pid::from_raw(server.0.id().try_into().unwrap()).unwrap();
    kill_process(pid, Signal::STOP).unwrap();
    sleep(Duration::from_secs(15)).await;
    let text = chromium.script("return document.querySelector('[data-live]').textContent").await;
    let is_time = |text: &str| text.chars().any(|c| c.is_ascii_digit()) && text.contains(':');
    let since = text.as_str().unwrap().strip_prefix("No connection to the server since ");
    assert!(since.is_some_and(is_time), "{text}");
    kill_process(pid, Signal::CONT).unwrap();
    wait_for(&chromium, live).await;
    chromium.close().await;
}
