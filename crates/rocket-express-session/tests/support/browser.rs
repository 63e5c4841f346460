//! A browser with a cookie jar. It follows no redirect by itself.

use std::collections::BTreeMap;
use std::time::SystemTime;

use rocket_express_session::cookie::set_line;
use rocket_express_session::{CookieRecord, Secrets, SessionId};

/// One browser with its jar.
pub struct Browser {
    base: String,
    http: reqwest::Client,
    pub jar: BTreeMap<String, String>,
    /// When the cookies expire, of those that say when.
    ends: BTreeMap<String, SystemTime>,
}

/// A response, read to its end.
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

    /// A second browser with the same cookies: an attacker's, or another tab.
    pub fn copy(&self) -> Self {
        Self { jar: self.jar.clone(), ..Self::new(&self.base) }
    }

    /// This browser with the cookies of `other`: the same browser, at another host.
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

    /// Sends with the jar's cookies, and keeps those of the response.
    pub async fn send(&mut self, request: reqwest::RequestBuilder) -> Answer {
        self.try_send(request).await.expect("a response")
    }

    /// As [`send`](Self::send), for a server that may have ended.
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
                continue; // As browsers do.
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

    /// This browser with a genuine cookie for a session that the test itself stores.
    pub fn with_cookie_for(mut self, id: &SessionId, secret: &str) -> Self {
        let secrets = Secrets::new([secret.to_owned()]).expect("a secret");
        let line = set_line("connect.sid", &secrets.sign(id), &CookieRecord::default());
        let (name, value) = line.split_once('=').expect("name=value");
        self.jar.insert(name.to_owned(), value.to_owned());
        self
    }

    /// The session cookie's value, decoded: `s:<id>.<signature>`.
    pub fn signed_id(&self) -> Option<String> {
        let value = self.jar.get("connect.sid")?;
        Some(percent_encoding::percent_decode_str(value).decode_utf8_lossy().into_owned())
    }

    /// The session ID in the cookie.
    pub fn session_id(&self) -> Option<String> {
        let signed = self.signed_id()?;
        Some(signed.strip_prefix("s:")?.rsplit_once('.')?.0.to_owned())
    }
}

/// Checks each response that sets a cookie, in any test. A page of an app must not be cached then.
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
    /// All headers but the date and the request ID, which differ in each response.
    pub fn common_headers(&self) -> Vec<(String, String)> {
        let of_one =
            |name: &reqwest::header::HeaderName| *name == "date" || *name == "x-request-id";
        let all = self.headers.iter().filter(|(name, _)| !of_one(name));
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

    /// When the session cookie of this response expires, in seconds of Unix time. `None`: when the browser is
    /// closed.
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
