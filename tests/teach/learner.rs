//! A learner in a test, who can send the solution of a lesson.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use rocket::figment::Figment;
use rocket::figment::providers::{Format as _, Toml};
use serde::Deserialize;

use crate::support::{App, Browser, PASSWORD};

/// A request in the solution of a lesson.
#[derive(Clone, Debug, Deserialize)]
pub struct Request {
    pub method: String,
    pub path: String,
    #[serde(default)]
    fields: BTreeMap<String, String>,
    /// The number of the learner's browser.
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

pub fn slug(folder: &str) -> &str {
    &folder[3..]
}

pub fn solution(folder: &str) -> Vec<Request> {
    let file = format!("{}/templates/lessons/{folder}/lesson.toml", env!("CARGO_MANIFEST_DIR"));
    Figment::from(Toml::file_exact(file)).extract_inner("solution").unwrap()
}

/// A learner with two browsers, the first one logged in.
pub struct Learner {
    name: &'static str,
    pub browsers: [Browser; 2],
    /// All pages that the learner got.
    pub pages: String,
    /// All session cookies that the learner got, those of the labs included.
    pub tickets: BTreeSet<String>,
}

impl Learner {
    pub async fn new(app: &App, name: &'static str) -> Self {
        let mut browser = app.browser();
        browser.sign_up(name).await;
        Self { browsers: [browser, app.browser()], ..Self::guest(app, name) }
    }

    /// A learner who is not logged in.
    pub fn guest(app: &App, name: &'static str) -> Self {
        let browsers = [app.browser(), app.browser()];
        Self { name, browsers, pages: String::new(), tickets: BTreeSet::new() }
    }

    pub async fn play(&mut self, folder: &str, requests: &[Request]) {
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
        self.pages += &answer.body;
        let tickets = browser.jar.iter().filter(|(name, _)| name.ends_with("sid"));
        self.tickets.extend(tickets.map(|(_, value)| value.clone()));
    }

    /// The path with `{who}` replaced by the address that the first lesson's page asks.
    async fn path(&mut self, folder: &str, path: &str) -> String {
        if path != "{who}" {
            return path.to_owned();
        }
        let page = self.browsers[0].get(&format!("/learn/{}", slug(folder))).await.body;
        let who = page.split_once("data-ask-who=\"").unwrap().1.split('"').next().unwrap();
        crate::unescape(who)
    }

    pub async fn is_solved(&mut self, folder: &str) -> bool {
        let page = self.browsers[0].get(&format!("/learn/{}", slug(folder))).await;
        assert_eq!(page.status, 200, "{}", page.body);
        page.body.contains("<strong>Solved.</strong>")
    }

    pub async fn reached(&mut self, folder: &str) -> usize {
        let page = self.browsers[0].get(&format!("/learn/{}", slug(folder))).await.body;
        page.matches("goal--reached").count()
    }

    pub async fn press(&mut self, folder: &str, what: &str) {
        let path = format!("/learn/{}/{what}", slug(folder));
        let answer = self.browsers[0].post(&path, &[]).await;
        assert_eq!(answer.status, 303, "{path}: {}", answer.body);
    }

    pub async fn predict(&mut self, folder: &str) {
        let path = format!("/learn/{}/predict", slug(folder));
        self.browsers[0].post(&path, &[("choice", "0")]).await;
    }
}
