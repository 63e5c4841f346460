//! `/class/events`, as the teacher's page listens to it.

use std::time::Duration;

use rocket::tokio::time::timeout;

use crate::support::Browser;

/// Longer than the room's slowest way to hear of something.
const PATIENCE: Duration = Duration::from_secs(10);

pub struct Events(reqwest::Response);

impl Events {
    /// After the event of this id.
    pub async fn after(teacher: &Browser, id: &str) -> Self {
        let cookie = format!("connect.sid={}", teacher.jar["connect.sid"]);
        let request = teacher.request(reqwest::Method::GET, "/class/events");
        let request = request.header("cookie", cookie).header("last-event-id", id);
        let response = request.send().await.unwrap();
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self(response)
    }

    /// Everything until this text is there.
    pub async fn read_until(&mut self, text: &str) -> String {
        let mut read = String::new();
        while !read.contains(text) {
            let chunk = timeout(PATIENCE, self.0.chunk()).await;
            let chunk = chunk.unwrap_or_else(|_| panic!("no {text} in {read}")).unwrap();
            read += &String::from_utf8_lossy(&chunk.expect("the stream goes on"));
        }
        read
    }
}
