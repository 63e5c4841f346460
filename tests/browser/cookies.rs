//! Which cookies a real Chromium keeps, and what is left of a login when it keeps none.

use crate::chromium::Chromium;
use crate::support::{Running, cloakroom, launch};
use crate::tls;

fn start(settings: &str) -> (Running, String) {
    let mut command = cloakroom(&[]);
    command.env("SESSION_STORE", "memory").env("ROCKET_SESSION", settings);
    command.env("ROCKET_LOG_LEVEL", "critical");
    let (running, url, _) = launch(command.env("ROCKET_TRUSTED_PROXIES", r#"["127.0.0.1"]"#));
    (running, url)
}

/// Registers and logs in; returns where that leads, and the names of the cookies that are kept.
async fn log_in(base: &str) -> (String, Vec<String>) {
    let chromium = Chromium::open(base).await;
    chromium.sign_up("rosa").await;
    let path = chromium.path().await;
    let cookies = chromium.page.get_all_cookies().await.unwrap();
    let names = cookies.into_iter().map(|cookie| cookie.name).collect();
    chromium.close().await;
    (path, names)
}

#[rocket::async_test]
async fn a_browser_logs_in_with_prefixed_cookies_over_https_and_the_log_tells_why_not_over_http() {
    for (name, settings) in [
        ("__Host-sid", r#"{name="__Host-sid"}"#),
        ("__Secure-sid", r#"{name="__Secure-sid",cookie={same_site="none"}}"#),
        ("connect.sid", r#"{cookie={same_site="none"}}"#),
    ] {
        let (running, url) = start(settings);
        let (path, cookies) = log_in(&tls::in_front_of(&url).await).await;
        assert!(
            path == "/dashboard" && cookies.iter().any(|one| one == name),
            "{path} {cookies:?}"
        );
        let log = running.end();
        assert!(!log.contains("WARN"), "{settings}: {log}");

        let (running, url) = start(settings);
        let (path, cookies) = log_in(&url).await;
        assert_eq!(path, "/login?next=/dashboard", "{settings}");
        assert!(!cookies.iter().any(|one| one == name), "{cookies:?}");
        let log = running.end();
        let lines: Vec<_> = log.lines().filter(|line| line.contains("WARN")).collect();
        assert!(lines.len() == 1 && lines[0].contains("trusted_proxies"), "{settings}: {log}");
    }
}
