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
    let chromium = Chromium::open(&app.url.replace("127.0.0.1", host)).await;
    chromium.look(1280, false).await;
    chromium.goto("/register").await;
    chromium.fill("username", "rosa").await;
    chromium.fill("password", PASSWORD).await;
    chromium.submit("Create account").await;
    chromium.fill("username", "rosa").await;
    chromium.fill("password", PASSWORD).await;
    chromium.submit("Log in").await;
    assert_eq!(chromium.path().await, "/dashboard");
    chromium
}

/// Guesses, and says so.
async fn guess(chromium: &Chromium, slug: &str) {
    chromium.goto(&format!("/learn/{slug}")).await;
    chromium.page.find(By::Css("[name=choice]")).await.unwrap().click().await.unwrap();
    chromium.submit("That is my guess").await;
}

async fn expect_solved(chromium: &Chromium, slug: &str) {
    chromium.goto(&format!("/learn/{slug}")).await;
    chromium.submit("Check").await;
    let text = chromium.text().await;
    assert!(text.contains("Solved."), "{slug}: {text}");
}

/// The buttons of a lab, one after the other.
async fn lab(chromium: &Chromium, slug: &str, buttons: &[&str]) {
    for button in buttons {
        chromium.goto(&format!("/lab/{slug}")).await;
        chromium.submit(button).await;
    }
}

#[rocket::async_test]
async fn lessons_are_solved_by_their_buttons_over_plain_http_at_a_lan_address() {
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
