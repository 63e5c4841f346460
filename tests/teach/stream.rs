//! A listener at `/class/events`, as the teacher's page is one.

use std::time::Duration;

use rocket::tokio::time::timeout;

use crate::support::Browser;

/// Longer than the slowest way in which a change is noticed.
const TIMEOUT: Duration = Duration::from_secs(10);

pub struct Events(reqwest::Response);

impl Events {
    /// Listens after the event with this ID.
    pub async fn after(teacher: &Browser, id: &str) -> Self {
        let cookie = format!("connect.sid={}", teacher.jar["connect.sid"]);
        let request = teacher.request(reqwest::Method::GET, "/class/events");
        let request = request.header("cookie", cookie).header("last-event-id", id);
        let response = request.send().await.unwrap();
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self(response)
    }

    /// Reads until this text has come, and returns all that was read.
    pub async fn read_until(&mut self, text: &str) -> String {
        let mut read = String::new();
        while !read.contains(text) {
            let chunk = timeout(TIMEOUT, self.0.chunk()).await;
            let chunk = chunk.unwrap_or_else(|_| panic!("no {text} in {read}")).unwrap();
            read += &String::from_utf8_lossy(&chunk.expect("the stream goes on"));
        }
        read
    }
}
