//! A learner in a test, who can send the solution of a lesson.

use std::collections::BTreeSet;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use reqwest::Method;

use crate::support::lesson::{Request, is_true, slug};
use crate::support::{Answer, App, Browser, PASSWORD};

/// Those of the goals that a page shows as reached. `names`: all of the lesson, in the order of the page.
pub fn goals_reached(page: &str, names: &[&'static str]) -> Vec<&'static str> {
    let goals: Vec<&str> = page.split("<li class=\"goal").skip(1).collect();
    assert_eq!(goals.len(), names.len(), "{page}");
    let is_reached = |goal: &&str| goal.starts_with(" goal--reached");
    let pairs = names.iter().zip(goals).filter(|(_, goal)| is_reached(goal));
    pairs.map(|(name, _)| *name).collect()
}

/// Gets a page, like a learner who reloads it when the machine is busy.
async fn get_patiently(browser: &mut Browser, path: &str) -> Answer {
    for _ in 0..5 {
        let answer = browser.get(path).await;
        if answer.status != 503 {
            return answer;
        }
    }
    panic!("{path}: too busy five times");
}

/// A learner with two browsers, the first one logged in.
pub struct Learner {
    name: &'static str,
    pub browsers: [Browser; 2],
    /// All pages that the learner got.
    pub pages: String,
    /// The names and values of all session cookies that the learner had, those of the labs included.
    pub tickets: BTreeSet<(String, String)>,
}

impl Learner {
    pub async fn new(app: &App, name: &'static str) -> Self {
        let mut browser = app.browser();
        browser.sign_up(name).await;
        Self { browsers: [browser, app.browser()], ..Self::guest(app, name) }
    }

    /// A learner who has ticked "Keep me logged in".
    pub async fn remembered(app: &App, name: &'static str) -> Self {
        let mut learner = Self::guest(app, name);
        learner.browsers[0].register(name).await;
        let fields = [("username", name), ("password", PASSWORD), ("remember", "on")];
        learner.browsers[0].post_patiently("/login", &fields).await.expect_redirect("/dashboard");
        learner
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
        match request.method.as_str() {
            "WAIT" => rocket::tokio::time::sleep(Duration::from_secs(request.seconds)).await,
            "FINAL" => self.answer_question(folder, request.right).await,
            _ if request.from_other_site => self.send_from_other_site(request).await,
            _ => self.request(folder, request).await,
        }
    }

    /// Sends what the page of the other site would send, with the cookies that a browser would send.
    async fn send_from_other_site(&mut self, request: &Request) {
        let (_, id) = self.pages.rsplit_once("?page=").expect("the page of the other site");
        let id = id.split('"').next().unwrap();
        let path = format!("{}?page={id}", request.path);
        let browser = &mut self.browsers[0];
        let all = browser.jar.clone();
        browser.jar.retain(|name, _| request.sent.contains(name));
        let sent = if request.method == "GET" {
            let fields = request.fields.iter().map(|(name, value)| format!("&{name}={value}"));
            browser.request(Method::GET, &format!("{path}{}", fields.collect::<String>()))
        } else {
            browser.request(Method::POST, &path).header("origin", "null").form(&request.fields)
        };
        let answer = browser.send(sent.header("sec-fetch-site", "cross-site")).await;
        assert!([204, 303, 403].contains(&answer.status), "{path}: {}", answer.status);
        browser.jar.extend(all);
    }

    async fn request(&mut self, folder: &str, request: &Request) {
        let fields = request.fields.iter().map(|(name, value)| (name.as_str(), self.fill(value)));
        let fields: Vec<(&str, String)> = fields.collect();
        let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let path = self.path(folder, &request.path).await;
        let browser = &mut self.browsers[request.browser];
        let jar = browser.jar.clone();
        if !request.cookies {
            browser.jar.clear();
        }
        let answer = match request.method.as_str() {
            "GET" => get_patiently(browser, &path).await,
            _ => browser.post_patiently(&path, &fields).await,
        };
        assert!([200, 303].contains(&answer.status), "{path}: {} {}", answer.status, answer.body);
        if !request.cookies {
            browser.jar = jar;
        }
        self.pages += &answer.body;
        let tickets = browser.jar.iter().filter(|(name, _)| name.ends_with("sid"));
        self.tickets.extend(tickets.map(|(name, value)| (name.clone(), value.clone())));
    }

    /// A value of a field with the learner's own words in place of `{names}`.
    pub fn fill(&self, value: &str) -> String {
        let value = value.replace("{username}", self.name).replace("{password}", PASSWORD);
        let plain = self.browsers[0].jar.get("lab.plain").cloned().unwrap_or_default();
        let value = self.fill_ticket(&value).replace("{plain}", &plain);
        if value.contains("{secret}") {
            value.replace("{secret}", &self.read_secret())
        } else {
            value
        }
    }

    /// The value with parts of the genuine ticket, and of the leaked files.
    fn fill_ticket(&self, value: &str) -> String {
        let ticket = self.shown("value").unwrap_or_default();
        let (id, signature) = ticket.trim_start_matches("s:").split_once('.').unwrap_or_default();
        let value = value.replace("{id}", id).replace("{signature}", signature);
        let value = value.replace("{leaked_id}", &self.shown("leaked-id").unwrap_or_default());
        value.replace("{leaked_secret}", &self.shown("leaked-secret").unwrap_or_default())
    }

    /// What the lab's cookie in base64 says behind its last sign `=` or `:`.
    fn read_secret(&self) -> String {
        let text =
            STANDARD_NO_PAD.decode(self.shown("encoded").expect("a cookie to read")).unwrap();
        crate::support::lesson::secret(&String::from_utf8(text).unwrap())
    }

    /// The text of the element with this ID, on the last page that had it.
    fn shown(&self, id: &str) -> Option<String> {
        let (_, rest) = self.pages.rsplit_once(&format!(" id=\"{id}\""))?;
        Some(crate::unescape(rest.split_once('>')?.1.split('<').next()?))
    }

    /// The path with `{who}` replaced by the address that the first lesson's page asks.
    async fn path(&mut self, folder: &str, path: &str) -> String {
        if path != "{who}" {
            return path.to_owned();
        }
        let page = self.page(folder).await.body;
        let who = page.split_once("data-ask-who=\"").unwrap().1.split('"').next().unwrap();
        crate::unescape(who)
    }

    /// Answers the final question that was drawn, rightly or by ticking one false sentence more.
    pub async fn answer_question(&mut self, folder: &str, right: bool) {
        let all = self.question(folder).await;
        assert!(all.len() >= 4 && all.iter().any(|(_, right)| *right), "{folder}: {all:?}");
        let false_one = all.iter().position(|(_, right)| !right).unwrap();
        let ticked = all.iter().enumerate();
        let ticked = ticked.filter(|(n, (_, is))| *is || !right && *n == false_one);
        let ticked: Vec<String> = ticked.map(|(n, _)| n.to_string()).collect();
        self.tick(folder, &ticked.iter().map(String::as_str).collect::<Vec<_>>()).await;
    }

    /// Sends the final question with these boxes ticked.
    pub async fn tick(&mut self, folder: &str, boxes: &[&str]) {
        let fields: Vec<(&str, &str)> = boxes.iter().map(|name| (*name, "on")).collect();
        let path = format!("/learn/{}/question", slug(folder));
        let answer = self.browsers[0].post(&path, &fields).await;
        assert_eq!(answer.status, 303, "{path}: {}", answer.body);
    }

    /// The sentences of the final question that was drawn, and whether each is right. None before it.
    pub async fn question(&mut self, folder: &str) -> Vec<(String, bool)> {
        let page = self.page(folder).await.body;
        let boxes = page.split("type=\"checkbox\" name=\"").skip(1);
        let boxes = boxes.filter(|text| text.starts_with(|c: char| c.is_ascii_digit()));
        let texts = boxes.map(|text| {
            let text = text.split_once("<span>").unwrap().1.split_once("</span>").unwrap().0;
            crate::unescape(text.replace("<code>", "").replace("</code>", ""))
        });
        let sentence = |text: String| {
            let is_true = is_true(folder, &text);
            (text, is_true)
        };
        texts.map(sentence).collect()
    }

    /// The page of the lesson, with its lab if it has one.
    pub async fn page(&mut self, folder: &str) -> Answer {
        let page = self.browsers[0].get(&format!("/learn/{}", slug(folder))).await;
        assert_eq!(page.status, 200, "{}", page.body);
        page
    }

    pub async fn is_solved(&mut self, folder: &str) -> bool {
        self.page(folder).await.body.contains("<strong>Solved.</strong>")
    }

    pub async fn reached(&mut self, folder: &str) -> usize {
        self.page(folder).await.body.matches("goal--reached").count()
    }

    pub async fn press(&mut self, folder: &str, what: &str) {
        let path = format!("/learn/{}/{what}", slug(folder));
        let answer = self.browsers[0].post(&path, &[]).await;
        assert_eq!(answer.status, 303, "{path}: {}", answer.body);
    }

    pub async fn predict(&mut self, folder: &str) {
        self.choose(folder, 0).await;
    }

    /// Sends the prediction with this option.
    pub async fn choose(&mut self, folder: &str, option: usize) {
        let path = format!("/learn/{}/predict", slug(folder));
        let fields = [("choice", option.to_string()), ("sure", "fairly".to_owned())];
        let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        assert_eq!(self.browsers[0].post(&path, &fields).await.status, 303);
    }
}
