//! Cookies that a browser would reject or never send back are not sent and not stored, and the log says so.

use std::process::Command;

use mongodb::bson::Document;

use crate::support::{Answer, App, Browser, PASSWORD, Running, cloakroom, fresh_database, launch};

/// Settings with which no browser keeps the session's cookie when it comes over plain http.
const REFUSED: [&str; 7] = [
    r#"{name="__Host-sid"}"#,
    r#"{name="__host-sid"}"#,
    r#"{name="__Secure-sid"}"#,
    r#"{name="__SECURE-sid"}"#,
    r#"{cookie={same_site="none"}}"#,
    "{cookie={secure=true}}",
    r#"{name="__Host-sid",cookie={secure=true,same_site="none"}}"#,
];

fn start(settings: &str, uri: &str) -> (Running, String) {
    let mut command: Command = cloakroom(&[]);
    command.env("ROCKET_SESSION", settings).env("MONGODB_URI", uri);
    let trusted = r#"["127.0.0.1"]"#;
    let (running, url, _) = launch(command.env("ROCKET_TRUSTED_PROXIES", trusted));
    (running, url)
}

async fn post(browser: &mut Browser, path: &str, https: bool) -> Answer {
    let fields = [("username", "rosa"), ("password", PASSWORD)];
    let request = browser.request(reqwest::Method::POST, path).form(&fields);
    let proto = if https { "https" } else { "http" };
    browser.send(request.header("x-forwarded-proto", proto)).await
}

#[rocket::async_test]
async fn a_cookie_that_browsers_reject_is_not_sent_and_not_stored_and_the_log_says_what_to_do() {
    for settings in REFUSED {
        let (uri, database) = fresh_database().await;
        let (running, url) = start(settings, &uri);
        let mut rosa = Browser::new(&url);
        post(&mut rosa, "/register", false).await;
        let login = post(&mut rosa, "/login", false).await;
        assert_eq!(login.status, 303, "{settings}");
        let sent = login.all("set-cookie");
        assert!(sent.iter().all(|line| line.starts_with("device=")), "{settings}: {sent:?}");
        let sessions = database.collection::<Document>("sessions");
        assert_eq!(sessions.count_documents(Document::new()).await.unwrap(), 0, "{settings}");
        let log = running.end();
        let lines: Vec<_> = log.lines().filter(|line| line.contains("was not stored")).collect();
        assert_eq!(lines.len(), 1, "{settings}: {log}");
        let line = lines[0];
        assert!(line.contains("trusted_proxies") && line.contains("X-Forwarded-Proto"), "{line}");
    }
}

#[rocket::async_test]
async fn over_https_the_same_settings_give_a_session_in_silence() {
    for settings in REFUSED {
        let (uri, database) = fresh_database().await;
        let (running, url) = start(settings, &uri);
        let mut rosa = Browser::new(&url);
        post(&mut rosa, "/register", true).await;
        let login = post(&mut rosa, "/login", true).await;
        assert!(login.all("set-cookie").iter().all(|line| line.contains("; Secure")), "{settings}");
        let dashboard = rosa.request(reqwest::Method::GET, "/dashboard");
        let dashboard = rosa.send(dashboard.header("x-forwarded-proto", "https")).await;
        dashboard.expect_page(200, "rosa");
        let sessions = database.collection::<Document>("sessions");
        assert_eq!(sessions.count_documents(Document::new()).await.unwrap(), 1, "{settings}");
        let log = running.end();
        assert!(!log.contains("WARN"), "{settings}: {log}");
    }
}

#[rocket::async_test]
async fn device_and_notice_are_not_sent_where_a_browser_would_refuse_them() {
    for name in ["__Host-sid", "__host-sid"] {
        let (uri, _) = fresh_database().await;
        let (_running, url) = start(&format!("{{name={name:?}}}"), &uri);
        let mut rosa = Browser::new(&url);
        for path in ["/register", "/login", "/logout"] {
            let answer = post(&mut rosa, path, false).await;
            assert_eq!(answer.all("set-cookie"), [""; 0], "{name} {path}");
        }
        // Over https they have the prefix.
        let sent = post(&mut rosa, "/login", true).await;
        let sent = sent.all("set-cookie");
        assert!(sent.iter().any(|line| line.starts_with("__Host-device=")), "{sent:?}");
    }
}

#[rocket::async_test]
async fn a_plain_cookie_over_plain_http_goes_on_working() {
    for app in App::on_both_stores().await {
        let mut rosa = app.browser();
        rosa.sign_up("rosa").await;
        assert!(rosa.is_logged_in().await);
        assert!(rosa.jar.contains_key("device"), "{:?}", rosa.jar);
    }
}
