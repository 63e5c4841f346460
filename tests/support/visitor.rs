//! What a visitor of the app does in a browser: register, log in, and see who is logged in.

use super::browser::{Answer, Browser};

/// A password that the rules accept.
pub const PASSWORD: &str = "correct horse battery";

impl Browser {
    /// As `post`, and again while the server is too busy, as a visitor does. For tests that mean something
    /// else, and run beside others on two cores.
    pub async fn post_patiently(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        for _ in 0..20 {
            let answer = self.post(path, fields).await;
            if answer.status != 503 {
                return answer;
            }
        }
        panic!("{path}: too busy twenty times");
    }

    /// Tries to log in; returns the response.
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

    pub async fn is_logged_in(&mut self) -> bool {
        match self.get("/dashboard").await.status {
            200 => true,
            303 => false,
            status => panic!("the dashboard answers {status}"),
        }
    }
}
