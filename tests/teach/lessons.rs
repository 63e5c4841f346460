//! Each lesson is solved by its own written solution, and by nothing less.

use std::time::Duration;

use rocket::figment::Figment;
use rocket::figment::providers::{Format as _, Toml};
use rocket::futures::future::join_all;
use serde::Deserialize;

use crate::class;
use crate::support::{App, Browser, PASSWORD};

const FOLDERS: [&str; 10] = [
    "01-http-forgets",
    "02-ticket-and-coat",
    "03-one-jar",
    "04-bigger-than-a-cookie",
    "05-the-seal",
    "06-no-secrets",
    "07-two-stores",
    "08-the-options",
    "09-behind-the-login",
    "10-three-clocks",
];

/// A request of a solution.
#[derive(Clone, Debug, Deserialize)]
struct Request {
    method: String,
    path: String,
    #[serde(default)]
    fields: std::collections::BTreeMap<String, String>,
    /// Which of the learner's browsers.
    #[serde(default)]
    browser: usize,
    #[serde(default = "yes")]
    cookies: bool,
    #[serde(default)]
    seconds: u64,
}

fn yes() -> bool {
    true
}

fn slug(folder: &str) -> &str {
    &folder[3..]
}

fn solution(folder: &str) -> Vec<Request> {
    let file = format!("{}/templates/lessons/{folder}/lesson.toml", env!("CARGO_MANIFEST_DIR"));
    Figment::from(Toml::file_exact(file)).extract_inner("solution").unwrap()
}

/// A learner with two browsers, the first one logged in.
struct Learner {
    name: &'static str,
    browsers: [Browser; 2],
}

impl Learner {
    async fn new(app: &App, name: &'static str) -> Self {
        let mut browser = app.browser();
        browser.sign_up(name).await;
        Self { name, browsers: [browser, app.browser()] }
    }

    async fn play(&mut self, folder: &str, requests: &[Request]) {
        for request in requests {
            self.send(folder, request).await;
        }
    }

    async fn send(&mut self, folder: &str, request: &Request) {
        let fields = request.fields.iter().map(|(name, value)| {
            let value = value.replace("{username}", self.name).replace("{password}", PASSWORD);
            (name.as_str(), value)
        });
        let fields: Vec<(&str, String)> = fields.collect();
        let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let path = self.path(folder, &request.path).await;
        let browser = &mut self.browsers[request.browser];
        let jar = browser.jar.clone();
        if !request.cookies {
            browser.jar.clear();
        }
        let answer = match request.method.as_str() {
            "GET" => browser.get(&path).await,
            "POST" => browser.post_patiently(&path, &fields).await,
            _ => return rocket::tokio::time::sleep(Duration::from_secs(request.seconds)).await,
        };
        assert!([200, 303].contains(&answer.status), "{path}: {} {}", answer.status, answer.body);
        if !request.cookies {
            browser.jar = jar;
        }
    }

    /// `{who}` is the address that the first lesson's page asks.
    async fn path(&mut self, folder: &str, path: &str) -> String {
        if path != "{who}" {
            return path.to_owned();
        }
        let page = self.browsers[0].get(&format!("/learn/{}", slug(folder))).await.body;
        let who = page.split_once("data-ask-who=\"").unwrap().1.split('"').next().unwrap();
        crate::unescape(who)
    }

    async fn is_solved(&mut self, folder: &str) -> bool {
        let page = self.browsers[0].get(&format!("/learn/{}", slug(folder))).await;
        assert_eq!(page.status, 200, "{}", page.body);
        page.body.contains("<strong>Solved.</strong>")
    }

    async fn reached(&mut self, folder: &str) -> usize {
        let page = self.browsers[0].get(&format!("/learn/{}", slug(folder))).await.body;
        page.matches("goal--reached").count()
    }

    async fn press(&mut self, folder: &str, what: &str) {
        let path = format!("/learn/{}/{what}", slug(folder));
        let answer = self.browsers[0].post(&path, &[]).await;
        assert_eq!(answer.status, 303, "{path}: {}", answer.body);
    }

    async fn predict(&mut self, folder: &str) {
        let path = format!("/learn/{}/predict", slug(folder));
        self.browsers[0].post(&path, &[("choice", "0")]).await;
    }
}

/// Each lesson in a class of its own, all at once: the last one waits for its clocks.
async fn for_each_lesson(what: impl AsyncFn(&App, &'static str)) {
    join_all(FOLDERS.map(async |folder| what(&class().await, folder).await)).await;
}

#[rocket::async_test]
async fn each_lesson_is_solved_by_its_solution_and_a_reset_returns_to_the_start() {
    for_each_lesson(async |app, folder| {
        let (mut rosa, mut oskar) =
            (Learner::new(app, "rosa").await, Learner::new(app, "ruth").await);
        oskar.predict(folder).await;
        assert!(!rosa.is_solved(folder).await, "{folder}");
        rosa.play(folder, &solution(folder)).await;
        let page = rosa.browsers[0].get(&format!("/learn/{}", slug(folder))).await.body;
        let goals: Vec<&str> = page.split("class=\"goal").skip(2).collect();
        assert!(rosa.is_solved(folder).await, "{folder}: {goals:#?}");
        if folder == FOLDERS[0] {
            // The two questions side by side: with the ticket and without.
            assert_eq!(page.matches("id=\"evidence-").count(), 2, "{page}");
            let marked = page.matches("ray--differs").count();
            assert!(marked >= 4, "{marked} steps differ");
        }
        // What one has done is nobody else's.
        oskar.press(folder, "check").await;
        assert_eq!(oskar.reached(folder).await, 0, "{folder}");
        rosa.press(folder, "reset").await;
        assert!(!rosa.is_solved(folder).await, "{folder}");
        assert_eq!(rosa.reached(folder).await, 0, "{folder}");
        rosa.predict(folder).await;
        rosa.press(folder, "check").await;
        assert_eq!(
            rosa.reached(folder).await,
            0,
            "{folder}: what was before the guess is no evidence"
        );
    })
    .await;
}

#[rocket::async_test]
async fn doing_nothing_and_clicking_at_random_solves_no_lesson() {
    for_each_lesson(async |app, folder| {
        let mut rosa = Learner::new(app, "rosa").await;
        rosa.press(folder, "check").await;
        rosa.predict(folder).await;
        rosa.press(folder, "check").await;
        assert_eq!(rosa.reached(folder).await, 0, "{folder}: nothing was done");
        let slug = slug(folder);
        for path in [format!("/learn/{slug}"), format!("/lab/{slug}"), "/account".to_owned()] {
            rosa.browsers[0].get(&path).await;
            rosa.browsers[0].post(&format!("/learn/{slug}/answer"), &[("answer", "blue")]).await;
            rosa.browsers[0].post(&format!("/lab/{slug}"), &[("do", "no such button")]).await;
            rosa.browsers[0].post(&format!("/lab/{slug}"), &[("do", "note")]).await;
        }
        rosa.press(folder, "check").await;
        assert!(!rosa.is_solved(folder).await, "{folder}");
    })
    .await;
}

#[rocket::async_test]
async fn nothing_short_of_the_solution_solves_a_lesson() {
    // All but the one whose clocks take a minute.
    join_all(FOLDERS[..9].iter().map(async |folder| {
        let (app, all) = (class().await, solution(folder));
        let mut rosa = Learner::new(&app, "rosa").await;
        // Of requests that matter, the last one before the last check is left out.
        let left_out = all.iter().rposition(|request| {
            request.method == "POST" && !request.path.ends_with("/check") || request.path == "{who}"
        });
        let left_out = left_out.unwrap();
        let rest = all.iter().enumerate().filter(|(n, _)| *n != left_out);
        let rest: Vec<Request> = rest.map(|(_, request)| request.clone()).collect();
        rosa.play(folder, &rest).await;
        assert!(!rosa.is_solved(folder).await, "{folder}");
    }))
    .await;
}

#[rocket::async_test]
async fn progress_outlives_a_logout_and_is_taken_along_at_a_login() {
    let app = class().await;
    let mut rosa = Learner::new(&app, "rosa").await;
    let folder = FOLDERS[1];
    rosa.play(folder, &solution(folder)).await;
    rosa.browsers[0].post("/logout", &[]).await;
    assert!(!rosa.is_solved(folder).await, "nobody has done nothing");
    rosa.browsers[0].log_in("rosa").await;
    assert!(rosa.is_solved(folder).await);
    // A lesson without a login, and then the login.
    let folder = FOLDERS[4];
    let mut nobody = Learner { name: "new", browsers: [app.browser(), app.browser()] };
    nobody.play(folder, &solution(folder)).await;
    assert!(nobody.is_solved(folder).await);
    nobody.browsers[0].sign_up("new").await;
    assert!(nobody.is_solved(folder).await);
    let mut elsewhere = Learner { name: "new", browsers: [app.browser(), app.browser()] };
    elsewhere.browsers[0].log_in("new").await;
    assert!(elsewhere.is_solved(folder).await, "it is the user's");
}

#[rocket::async_test]
async fn lessons_are_given_in_memory_as_well() {
    let app = App::in_memory_with(|figment| figment.merge(("teaching", true))).await;
    let mut rosa = Learner::new(&app, "rosa").await;
    for folder in &FOLDERS[..2] {
        rosa.play(folder, &solution(folder)).await;
        assert!(rosa.is_solved(folder).await, "{folder}");
    }
    let list = rosa.browsers[0].get("/learn").await;
    list.expect_page(200, "✓ solved");
    rosa.browsers[0].get("/learn/handout").await.expect_page(200, "What is a session?");
    assert_eq!(rosa.browsers[0].get("/learn/no-such-lesson").await.status, 404);
    assert_eq!(rosa.browsers[0].get("/lab/http-forgets").await.status, 404, "it has no lab");
}

#[rocket::async_test]
async fn no_switch_of_the_lab_touches_the_login() {
    let app = class().await;
    let mut rosa = Learner::new(&app, "rosa").await;
    let ticket = rosa.browsers[0].jar["connect.sid"].clone();
    for button in ["new", "forget", "steal", "revoke", "logout", "restart", "short-document"] {
        rosa.browsers[0].post("/lab/no-secrets", &[("do", button)]).await;
    }
    let switches = [("do", "switch"), ("secret", "new"), ("save_uninitialized", "on")];
    rosa.browsers[0].post("/lab/the-options", &switches).await;
    assert_eq!(rosa.browsers[0].jar["connect.sid"], ticket);
    assert!(rosa.browsers[0].is_signed_in().await);
    // Nor is a ticket of the lab one of the site.
    rosa.browsers[0].post("/lab/no-secrets", &[("do", "steal")]).await;
    let mut thief = app.browser();
    thief.jar.insert("connect.sid".to_owned(), rosa.browsers[0].jar["lab.sid"].clone());
    assert!(!thief.is_signed_in().await);
}
