//! Each lesson is solved in a real Chromium, by the forms and buttons of its page: over plain http at an
//! address of the local network, without developer tools.

use std::net::UdpSocket;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use rocket::tokio::time::sleep;
use serde_json::Value;
use thirtyfour::prelude::*;

use crate::chromium::Chromium;
use crate::support::lesson::{FOLDERS, Request, is_true, secret, slug, solution};
use crate::support::{App, Browser, PASSWORD, app_with_fast_ttl};

/// The address that another machine in the room would use; loopback on a machine without network.
pub fn lan_address() -> String {
    let socket = UdpSocket::bind("0.0.0.0:0").unwrap();
    // Sends nothing: it asks the system which of its addresses it would use.
    let address = socket.connect("192.0.2.1:9").and_then(|()| socket.local_addr());
    address.map_or("127.0.0.1".to_owned(), |address| address.ip().to_string())
}

/// The number of goals that the page shows as reached.
const GOALS: &str = "return document.querySelectorAll('.goal--reached').length";

/// A student at a computer, who has another device as well.
pub struct Student {
    pub chromium: Chromium,
    other: Browser,
}

impl Student {
    /// Logs in with "Keep me logged in" ticked, or not.
    pub async fn log_in(other: Browser, chromium: Chromium, remember: bool) -> Self {
        chromium.goto("/register").await;
        chromium.fill("username", "rosa").await;
        chromium.fill("password", PASSWORD).await;
        chromium.submit("Create account").await;
        chromium.fill("password", PASSWORD).await;
        if remember {
            chromium.page.find(By::Id("remember")).await.unwrap().click().await.unwrap();
        }
        chromium.submit("Log in").await;
        Self { chromium, other }
    }

    /// Solves the lesson by what its page offers.
    pub async fn solve(&mut self, folder: &str) {
        self.chromium.goto(&format!("/learn/{}", slug(folder))).await;
        for request in solution(folder) {
            match request.method.as_str() {
                _ if request.browser > 0 => self.use_other_device(&request).await,
                "WAIT" => sleep(Duration::from_secs(request.seconds)).await,
                "FINAL" => self.answer_question(folder, request.right).await,
                "GET" if request.path == "{who}" => self.ask(&request).await,
                _ if request.from_other_site => self.use_other_site(&request).await,
                "GET" => self.chromium.goto(&request.path).await,
                _ if request.fields.get("do").is_some_and(|button| button == "stranger") => {
                    self.wait_for_goal(0.into()).await; // A script of the page sends it.
                }
                _ => self.submit(folder, &request).await,
            }
        }
        let text = self.chromium.text().await;
        assert!(text.contains("Solved."), "{folder}: {text}");
    }

    async fn use_other_device(&mut self, request: &Request) {
        match request.method.as_str() {
            "GET" => drop(self.other.get(&request.path).await),
            _ => drop(self.other.log_in("rosa").await),
        }
    }

    /// Lesson 1: one of the two buttons, until its goal is reached. The page shows that by itself.
    async fn ask(&self, request: &Request) {
        let credentials = if request.cookies { "same-origin" } else { "omit" };
        let before = self.chromium.script(GOALS).await;
        self.click(&format!("[data-credentials={credentials}]")).await;
        self.wait_for_goal(before).await;
    }

    /// Waits until the page shows more goals than before.
    async fn wait_for_goal(&self, before: Value) {
        for _ in 0..100 {
            if self.chromium.script(GOALS).await != before {
                return;
            }
            sleep(Duration::from_millis(50)).await;
        }
        panic!("no goal");
    }

    /// Lesson 8: what the page of the other site offers. Its image comes by itself.
    async fn use_other_site(&self, request: &Request) {
        let path = &request.path;
        let selector = match request.fields.get("by").map(String::as_str) {
            Some("image") => return,
            Some("link") => "a[href*='by=link']".to_owned(),
            Some(_) => format!("form[method=get][action='{path}'] button"),
            None => format!("form[method=post][action^='{path}?'] button"),
        };
        self.chromium.click_through(&selector).await;
    }

    /// Fills in the form that sends this request, and sends it.
    async fn submit(&self, folder: &str, request: &Request) {
        let lesson = format!("/learn/{}", slug(folder));
        let here = self.chromium.path().await;
        let is_here =
            here.starts_with(&lesson) || here.starts_with(&format!("/lab/{}", slug(folder)));
        if !is_here {
            self.chromium.goto(&lesson).await;
        }
        if request.path.ends_with("/check") && !self.has("form[action$='/check']").await {
            return; // All goals are reached.
        }
        // The address of a form may have the section that it changes.
        let path = &request.path;
        let form = format!("main form:is([action='{path}'], [action^='{path}#'])");
        let form = match request.fields.get("do") {
            Some(button) => format!("{form}:has([name=do][value='{button}'])"),
            None => form,
        };
        for (name, value) in request.fields.iter().filter(|(name, _)| *name != "do") {
            self.enter(&format!("{form} [name='{name}']"), value).await;
        }
        self.untick_others(&form, request).await;
        let button =
            request.fields.get("do").map(|button| format!("button[name=do][value='{button}']"));
        let button = match button {
            Some(button) if self.has(&format!("{form} {button}")).await => {
                format!("{form} {button}")
            }
            _ => format!("{form} button[type=submit], {form} button:not([type])"),
        };
        self.chromium.click_through(&button).await;
    }

    /// Puts a value into a field, of whatever kind.
    async fn enter(&self, field: &str, value: &str) {
        let value = self.fill(value).await;
        let element = self.chromium.page.find(By::Css(field)).await.expect(field);
        let kind = element.attr("type").await.unwrap().unwrap_or_default();
        match (element.tag_name().await.unwrap().as_str(), kind.as_str()) {
            (_, "hidden") => {}
            ("select", _) => self.click(&format!("{field} option[value='{value}']")).await,
            (_, "radio") => self.click(&format!("{field}[value='{value}']")).await,
            (_, "checkbox") => {
                if !element.is_selected().await.unwrap() {
                    element.click().await.unwrap();
                }
            }
            _ => {
                element.clear().await.unwrap();
                element.send_keys(&value).await.unwrap();
            }
        }
    }

    /// Switches that the request does not set are off.
    async fn untick_others(&self, form: &str, request: &Request) {
        let boxes =
            self.chromium.page.find_all(By::Css(format!("{form} [type=checkbox]"))).await.unwrap();
        for element in boxes {
            let name = element.attr("name").await.unwrap().unwrap_or_default();
            if !request.fields.contains_key(&name) && element.is_selected().await.unwrap() {
                element.click().await.unwrap();
            }
        }
    }

    /// A value with the student's own words in place of `{names}`.
    async fn fill(&self, value: &str) -> String {
        let value = value.replace("{username}", "rosa").replace("{password}", PASSWORD);
        let value = self.fill_ticket(value).await;
        if !value.contains("{secret}") {
            return value;
        }
        let shown = "return document.getElementById('encoded').textContent";
        let encoded = self.chromium.script(shown).await;
        let text = STANDARD_NO_PAD.decode(encoded.as_str().unwrap().trim()).unwrap();
        let text = String::from_utf8(text).unwrap();
        value.replace("{secret}", &secret(&text))
    }

    /// The value with parts of the genuine ticket, and of the leaked files, as the page shows them.
    async fn fill_ticket(&self, value: String) -> String {
        if !["{id}", "{signature}", "{leaked"].iter().any(|name| value.contains(name)) {
            return value;
        }
        let shown = async |id: &str| {
            let text = format!("return document.getElementById('{id}')?.textContent");
            self.chromium.script(&text).await.as_str().unwrap_or_default().to_owned()
        };
        let ticket = shown("value").await;
        let (id, signature) = ticket.trim_start_matches("s:").split_once('.').unwrap_or_default();
        let value = value.replace("{id}", id).replace("{signature}", signature);
        let value = value.replace("{leaked_id}", &shown("leaked-id").await);
        value.replace("{leaked_secret}", &shown("leaked-secret").await)
    }

    async fn answer_question(&self, folder: &str, right: bool) {
        let labels = self.chromium.page.find_all(By::Css("#question label")).await.unwrap();
        assert!(labels.len() >= 4, "{folder}: {}", self.chromium.text().await);
        let mut spoilt = right;
        for label in labels {
            let is_true = is_true(folder, label.text().await.unwrap().trim());
            if is_true || !std::mem::replace(&mut spoilt, true) {
                label.click().await.unwrap();
            }
        }
        self.chromium.click_through("#question form button").await;
    }

    async fn has(&self, selector: &str) -> bool {
        !self.chromium.page.find_all(By::Css(selector)).await.unwrap().is_empty()
    }

    async fn click(&self, selector: &str) {
        let element = self.chromium.page.find(By::Css(selector)).await.expect(selector);
        element.click().await.expect(selector);
    }
}

pub async fn class() -> App {
    app_with_fast_ttl(|figment| figment.merge(("teaching", true)).merge(("address", "0.0.0.0")))
        .await
}

#[rocket::async_test]
async fn each_lesson_is_solved_by_its_page_on_a_wide_window() {
    let app = class().await;
    let chromium = Chromium::open(&app.url.replace("127.0.0.1", &lan_address())).await;
    chromium.look(1280, false).await;
    let mut rosa = Student::log_in(app.browser(), chromium, false).await;
    for folder in FOLDERS {
        rosa.solve(folder).await;
    }
    rosa.chromium.close().await;
}

#[rocket::async_test]
async fn each_lesson_without_a_script_is_solved_on_a_phone_by_a_user_who_stays_logged_in() {
    let app = class().await;
    let url = app.url.replace("127.0.0.1", &lan_address());
    let chromium = Chromium::open_without_scripts(&url).await;
    chromium.look(360, true).await;
    let mut rosa = Student::log_in(app.browser(), chromium, true).await;
    rosa.chromium.goto("/learn/http-forgets").await;
    let has_script = ["01-http-forgets", "07-what-a-script-takes"];
    for folder in FOLDERS.iter().filter(|folder| !has_script.contains(folder)) {
        rosa.solve(folder).await;
    }
    rosa.chromium.close().await;
}
