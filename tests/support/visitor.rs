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

impl Answer {
    /// The page shows this flash message: its name is in `data-flash`.
    pub fn expect_flash(&self, name: &str) {
        self.expect_page(200, &format!("data-flash=\"{name}\""));
    }

    /// The login page says why the session has ended: a word in `data-ended`.
    pub fn expect_ended(&self, reason: &str) {
        self.expect_page(200, &format!("data-ended=\"{reason}\""));
    }

    /// The form is shown again, with this many errors at fields. `0`: the error is of the form as a whole.
    pub fn expect_errors(&self, status: u16, count: usize) {
        self.expect_page(status, "<title>Error: ");
        assert_eq!(self.body.matches("class=\"field__error\"").count(), count, "{}", self.body);
        let has_summary = self.body.contains("class=\"error-summary\"");
        assert_eq!(has_summary, count != 1, "a summary for more than one error: {}", self.body);
        assert_eq!(self.body.matches(" autofocus").count(), 1, "one focus: {}", self.body);
    }

    /// The form is shown again, with an error at the field with this ID alone.
    pub fn expect_error_at(&self, status: u16, id: &str) {
        self.expect_errors(status, 1);
        assert!(self.body.contains(&format!("id=\"{id}-error\"")), "{}", self.body);
    }
}
