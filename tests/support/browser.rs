//! A browser as far as cookies go: keeps what it is given, sends it back, follows nothing by itself.

use cloakroom::session::cookie::set_line;
use cloakroom::session::signature::Secrets;
use cloakroom::session::{CookieRecord, Sid};
use std::collections::BTreeMap;
use std::time::SystemTime;

use super::PASSWORD;

/// One browser with its jar.
pub struct Browser {
    base: String,
    http: reqwest::Client,
    pub jar: BTreeMap<String, String>,
    /// When those end that say so.
    ends: BTreeMap<String, SystemTime>,
}

/// An answer, read to its end.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub body: String,
    headers: reqwest::header::HeaderMap,
}

impl Browser {
    pub fn new(base: &str) -> Self {
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
        let http = http.build().expect("an HTTP client");
        Self { base: base.to_owned(), http, jar: BTreeMap::new(), ends: BTreeMap::new() }
    }

    /// A second browser with the same cookies: a thief, or another tab.
    pub fn copy(&self) -> Self {
        Self { jar: self.jar.clone(), ..Self::new(&self.base) }
    }

    /// With the cookies of that one: the same browser, at another host.
    pub fn with_jar_of(self, other: &Self) -> Self {
        Self { jar: other.jar.clone(), ..self }
    }

    pub async fn get(&mut self, path: &str) -> Answer {
        self.send(self.request(reqwest::Method::GET, path)).await
    }

    pub async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.send(self.request(reqwest::Method::POST, path).form(fields)).await
    }

    /// A request to be changed before it is sent.
    pub fn request(&self, method: reqwest::Method, path: &str) -> reqwest::RequestBuilder {
        self.http.request(method, format!("{}{path}", self.base))
    }

    /// Sends with the jar's cookies, and keeps those of the answer.
    pub async fn send(&mut self, request: reqwest::RequestBuilder) -> Answer {
        self.try_send(request).await.expect("the app answers")
    }

    /// The same for an app that may be gone.
    pub async fn try_send(
        &mut self,
        request: reqwest::RequestBuilder,
    ) -> Result<Answer, reqwest::Error> {
        let now = SystemTime::now();
        self.jar.retain(|name, _| self.ends.get(name).is_none_or(|end| *end > now));
        let cookies: Vec<String> = self.jar.iter().map(|(k, v)| format!("{k}={v}")).collect();
        let request =
            if cookies.is_empty() { request } else { request.header("Cookie", cookies.join("; ")) };
        let response = request.send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let answer = Answer { status, headers, body: response.text().await? };
        expect_safe_cookies(&answer);
        self.keep_cookies(&answer);
        Ok(answer)
    }

    fn keep_cookies(&mut self, answer: &Answer) {
        for line in answer.all("set-cookie") {
            let (pair, attributes) = line.split_once(';').unwrap_or((line, ""));
            let (name, value) = pair.split_once('=').expect("name=value");
            if pair.len() > 4096 {
                continue; // as browsers do, without a word
            }
            let parsed = rocket::http::Cookie::parse(line).expect("a cookie");
            match parsed.expires_datetime() {
                Some(end) => self.ends.insert(name.to_owned(), end.into()),
                None => self.ends.remove(name),
            };
            if attributes.contains("Expires=Thu, 01 Jan 1970") || attributes.contains("Max-Age=0") {
                self.jar.remove(name);
                self.ends.remove(name);
            } else {
                self.jar.insert(name.to_owned(), value.to_owned());
            }
        }
    }

    /// As `post`, and again when the server was too busy: what a visitor does, and what a test has
    /// to do that means something else and runs beside others on two cores.
    pub async fn post_patiently(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        for _ in 0..20 {
            let answer = self.post(path, fields).await;
            if answer.status != 503 {
                return answer;
            }
        }
        panic!("{path}: too busy twenty times");
    }

    /// Tries to log in; returns the answer, whatever it is.
    pub async fn try_log_in(&mut self, username: &str, password: &str) -> Answer {
        self.post_patiently("/login", &[("username", username), ("password", password)]).await
    }

    pub async fn register(&mut self, username: &str) {
        let fields = [("username", username), ("password", PASSWORD)];
        self.post_patiently("/register", &fields).await.expect_redirect("/login");
        self.jar.remove("notice");
    }

    pub async fn log_in(&mut self, username: &str) -> Answer {
        let answer = self.try_log_in(username, PASSWORD).await;
        answer.expect_redirect("/dashboard");
        answer
    }

    /// Registers and logs in.
    pub async fn sign_up(&mut self, username: &str) {
        self.register(username).await;
        self.log_in(username).await;
    }

    /// With a genuine ticket for a session that only a test puts into the database.
    pub fn with_ticket_for(mut self, sid: &Sid, secret: &str) -> Self {
        let secrets = Secrets::new(vec![secret.to_owned()]).expect("a secret");
        let line = set_line("connect.sid", &secrets.sign(sid), &CookieRecord::default());
        let (name, value) = line.split_once('=').expect("name=value");
        self.jar.insert(name.to_owned(), value.to_owned());
        self
    }

    /// The session cookie's value, decoded.
    pub fn ticket(&self) -> Option<String> {
        let value = self.jar.get("connect.sid")?;
        Some(percent_encoding::percent_decode_str(value).decode_utf8_lossy().into_owned())
    }

    /// The session id in the cookie.
    pub fn sid(&self) -> Option<String> {
        let ticket = self.ticket()?;
        Some(ticket.strip_prefix("s:")?.rsplit_once('.')?.0.to_owned())
    }

    pub async fn is_signed_in(&mut self) -> bool {
        match self.get("/dashboard").await.status {
            200 => true,
            303 => false,
            status => panic!("the dashboard answers {status}"),
        }
    }
}

/// What holds for every answer that sets a cookie, in whatever test.
fn expect_safe_cookies(answer: &Answer) {
    let lines = answer.all("set-cookie");
    let is_of_the_app = answer.header("content-security-policy").is_some();
    assert!(
        lines.is_empty() || !is_of_the_app || answer.header("cache-control") == Some("no-store")
    );
    // But for the one that a lesson is about.
    let is_small = |line: &&str| line.len() <= 4096 || line.starts_with("lab.big=");
    assert!(lines.iter().all(is_small), "{lines:?}");
}

impl Answer {
    /// All headers but those that no two answers share.
    pub fn common_headers(&self) -> Vec<(String, String)> {
        let all = self.headers.iter().filter(|(name, _)| *name != "date");
        let text =
            |(name, value): (&reqwest::header::HeaderName, &reqwest::header::HeaderValue)| {
                (name.to_string(), value.to_str().expect("a readable header").to_owned())
            };
        all.map(text).collect()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().expect("a readable header"))
    }

    pub fn all(&self, name: &str) -> Vec<&str> {
        let values = self.headers.get_all(name).iter();
        values.map(|value| value.to_str().expect("a readable header")).collect()
    }

    pub fn session_cookie(&self) -> Option<&str> {
        self.all("set-cookie").into_iter().find(|line| line.starts_with("connect.sid="))
    }

    /// When the session cookie of this response expires, in seconds of Unix time. `None`: with the
    /// browser.
    pub fn session_cookie_end(&self) -> Option<i64> {
        let line = self.session_cookie().expect("a session cookie");
        let cookie = rocket::http::Cookie::parse(line).expect("a cookie");
        Some(cookie.expires_datetime()?.unix_timestamp())
    }

    pub fn expect_redirect(&self, location: &str) {
        assert_eq!((self.status, self.header("location")), (303, Some(location)), "{}", self.body);
    }

    pub fn expect_page(&self, status: u16, text: &str) {
        assert_eq!(self.status, status, "{}", self.body);
        assert!(self.body.contains(text), "no {text:?} in:\n{}", self.body);
    }
}
