//! The lessons and the X-ray in a real Chromium: over plain http at an address of the local
//! network, without developer tools.

use std::net::UdpSocket;

use thirtyfour::prelude::*;

use crate::chromium::Chromium;
use crate::support::{App, PASSWORD};
use crate::{check_look, check_look_here};

/// The address that another machine in the room would use; loopback on a machine without network.
fn lan_address() -> String {
    let socket = UdpSocket::bind("0.0.0.0:0").unwrap();
    // Sends nothing: it asks the system which of its addresses it would use.
    let address = socket.connect("192.0.2.1:9").and_then(|()| socket.local_addr());
    address.map_or("127.0.0.1".to_owned(), |address| address.ip().to_string())
}

async fn class() -> App {
    App::on_mongodb_with(|figment| figment.merge(("teaching", true)).merge(("address", "0.0.0.0")))
        .await
}

async fn open(app: &App, host: &str) -> Chromium {
    log_in(Chromium::open(&app.url.replace("127.0.0.1", host)).await).await
}

async fn log_in(chromium: Chromium) -> Chromium {
    chromium.look(1280, false).await;
    chromium.sign_up("rosa").await;
    assert_eq!(chromium.path().await, "/dashboard");
    chromium
}

/// Guesses, and says so.
async fn guess(chromium: &Chromium, slug: &str) {
    chromium.goto(&format!("/learn/{slug}")).await;
    chromium.script("window.isThePageBefore = true").await;
    chromium.page.find(By::Css("button[name=choice]")).await.unwrap().click().await.unwrap();
    chromium.arrive().await;
}

async fn expect_solved(chromium: &Chromium, slug: &str) {
    chromium.goto(&format!("/learn/{slug}")).await;
    chromium.submit("Check").await;
    expect_solved_here(chromium).await;
}

async fn expect_solved_here(chromium: &Chromium) {
    let text = chromium.text().await;
    assert!(text.contains("Solved."), "{text}");
}

/// The buttons of a lab, one after the other.
async fn lab(chromium: &Chromium, slug: &str, buttons: &[&str]) {
    for button in buttons {
        chromium.goto(&format!("/lab/{slug}")).await;
        chromium.submit(button).await;
    }
}

#[rocket::async_test]
async fn the_first_lesson_is_solved_over_plain_http_at_a_lan_address() {
    let app = class().await;
    let chromium = open(&app, &lan_address()).await;
    guess(&chromium, "http-forgets").await;
    chromium.press("Ask with the cookie").await;
    chromium.press("Ask without the cookie").await;
    for _ in 0..100 {
        if chromium.text().await.matches("You are ").count() == 2 {
            break;
        }
        rocket::tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let text = chromium.text().await;
    assert!(text.contains("You are rosa.") && text.contains("You are nobody."), "{text}");
    expect_solved(&chromium, "http-forgets").await;
    chromium.close().await;
}

/// A class's browser in which no script runs.
async fn open_without_scripts(app: &App) -> Chromium {
    let url = app.url.replace("127.0.0.1", &lan_address());
    let chromium = log_in(Chromium::open_without_scripts(&url).await).await;
    chromium.goto("/learn/http-forgets").await;
    let text = chromium.text().await;
    assert!(text.contains("This lesson needs JavaScript"), "no script runs: {text}");
    chromium
}

#[rocket::async_test]
async fn four_lessons_are_solved_by_their_buttons_without_any_script() {
    let app = class().await;
    let chromium = open_without_scripts(&app).await;
    guess(&chromium, "ticket-and-coat").await;
    chromium.submit("Hang it up").await;
    expect_solved(&chromium, "ticket-and-coat").await;

    guess(&chromium, "bigger-than-a-cookie").await;
    let buttons = ["Send me a cookie of 5,000 bytes", "Put 100 KB into my session"];
    lab(&chromium, "bigger-than-a-cookie", &buttons).await;
    expect_solved(&chromium, "bigger-than-a-cookie").await;

    guess(&chromium, "the-seal").await;
    let buttons = [
        "Get a note in a cookie",
        "Get a genuine ticket",
        "Change one character of the number",
        "Change one character of the seal",
        "Make a ticket without a seal",
    ];
    lab(&chromium, "the-seal", &buttons).await;
    let note = chromium.script("return document.querySelector('.value').textContent").await;
    chromium.fill("decode", note.as_str().unwrap()).await;
    chromium.submit("Read it").await;
    assert!(chromium.text().await.contains("colour=green"));
    chromium.goto("/learn/the-seal").await;
    chromium.fill("answer", "green").await;
    chromium.submit("That is what it says").await;
    assert!(chromium.text().await.contains("Solved."), "{}", chromium.text().await);

    guess(&chromium, "two-stores").await;
    lab(&chromium, "two-stores", &["Count", "Restart the lab server", "Count"]).await;
    expect_solved(&chromium, "two-stores").await;
    chromium.close().await;
}

/// Chooses an option of a list.
async fn choose(chromium: &Chromium, name: &str, value: &str) {
    let option = format!("select[name={name}] option[value={value}]");
    chromium.page.find(By::Css(&option)).await.unwrap().click().await.unwrap();
}

/// Switches of the lab on or off.
async fn switch(chromium: &Chromium, on: &[&str], secret: &str) {
    chromium.goto("/lab/the-options").await;
    for name in ["resave", "save_uninitialized", "one_day"] {
        let field = chromium.page.find(By::Name(name)).await.unwrap();
        if field.is_selected().await.unwrap() != on.contains(&name) {
            field.click().await.unwrap();
        }
    }
    let secret = format!("[name=secret][value={secret}]");
    chromium.page.find(By::Css(&secret)).await.unwrap().click().await.unwrap();
    chromium.submit("Set the switches").await;
}

#[rocket::async_test]
async fn five_lessons_are_solved_by_their_buttons_without_any_script() {
    let app = class().await;
    let chromium = open_without_scripts(&app).await;
    guess(&chromium, "one-jar").await;
    for path in ["/", "/dashboard", "/account", "/learn", "/learn/handout"] {
        chromium.goto(path).await;
    }
    let mut private_window = app.browser();
    private_window.log_in("rosa").await;
    private_window.get("/dashboard").await;
    chromium.goto("/dashboard").await;
    expect_solved(&chromium, "one-jar").await;

    guess(&chromium, "no-secrets").await;
    lab(&chromium, "no-secrets", &["Copy Oskar's old cookie"]).await;
    let note = chromium.script("return document.querySelector('.value').textContent").await;
    chromium.fill("decode", note.as_str().unwrap()).await;
    chromium.submit("Read it").await;
    assert!(chromium.text().await.contains("password=umbrella-17"));
    lab(&chromium, "no-secrets", &["Use Oskar's ticket"]).await;
    assert!(chromium.text().await.contains("You are oskar."));
    lab(&chromium, "no-secrets", &["Revoke that ticket", "Use it again"]).await;
    assert!(
        chromium
            .text()
            .await
            .contains("worth nothing: its seal does not fit, or its session is over.")
    );
    chromium.goto("/learn/no-secrets").await;
    chromium.fill("answer", "umbrella-17").await;
    chromium.submit("That is what it says").await;
    expect_solved_here(&chromium).await;

    guess(&chromium, "the-options").await;
    switch(&chromium, &["save_uninitialized"], "first").await;
    lab(&chromium, "the-options", &["Visit as a newcomer"]).await;
    switch(&chromium, &[], "first").await;
    lab(&chromium, "the-options", &["Visit as a newcomer", "Change something"]).await;
    chromium.goto("/lab/the-options").await;
    switch(&chromium, &["resave"], "first").await;
    switch(&chromium, &["one_day"], "first").await;
    lab(&chromium, "the-options", &["Visit as a newcomer", "Change something"]).await;
    switch(&chromium, &[], "new").await;
    switch(&chromium, &[], "both").await;
    expect_solved(&chromium, "the-options").await;

    guess(&chromium, "behind-the-login").await;
    chromium.fill("password", PASSWORD).await;
    chromium.submit("Log in again").await;
    assert_eq!(chromium.path().await, "/learn/behind-the-login");
    let steps = ["find", "verify", "number", "login", "store", "send"];
    for (n, step) in steps.iter().enumerate() {
        choose(&chromium, &format!("step{}", n + 1), step).await;
    }
    chromium.submit("That is the order").await;
    expect_solved_here(&chromium).await;
    chromium.look(1280, false).await;
    chromium.screenshot("lesson-9-solved").await;

    guess(&chromium, "three-clocks").await;
    let buttons = ["Get a ticket", "Throw the cookie away", "Get a ticket", "Log out of the lab"];
    lab(&chromium, "three-clocks", &buttons).await;
    lab(&chromium, "three-clocks", &["Use the old ticket again"]).await;
    for button in ["A cookie for 20 seconds", "A document for 20 seconds"] {
        lab(&chromium, "three-clocks", &[button]).await;
        rocket::tokio::time::sleep(std::time::Duration::from_secs(22)).await;
        chromium.goto("/lab/three-clocks").await;
    }
    expect_solved(&chromium, "three-clocks").await;
    chromium.close().await;
}

#[rocket::async_test]
async fn lessons_and_x_ray_fit_every_window_and_keep_to_the_content_security_policy() {
    let app = class().await;
    // On loopback: elsewhere Chromium complains that plain http is no place for our headers.
    let chromium = open(&app, "127.0.0.1").await;
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
    for (slug, button) in [
        ("the-seal", "Get a genuine ticket"),
        ("the-options", "Change something"),
        ("no-secrets", "Copy Oskar's old cookie"),
        ("three-clocks", "Get a ticket"),
    ] {
        lab(&chromium, slug, &[button]).await;
        check_look_here(&chromium, &format!("lab-{slug}")).await;
    }
    for (path, name) in
        [("/learn/behind-the-login", "lesson-9"), ("/learn/handout", "handout"), ("/xray", "xray")]
    {
        chromium.goto(path).await;
        check_look_here(&chromium, name).await;
    }
    chromium.page.find(By::Css(".story summary")).await.unwrap().click().await.unwrap();
    chromium.page.find(By::Css(".story .exchange__link")).await.unwrap().click().await.unwrap();
    check_look_here(&chromium, "exchange").await;
    chromium.close().await;
}
