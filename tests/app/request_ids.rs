//! The ID of a request: in the log, in the response and on error pages.

use crate::support::{Answer, Browser, Running, cloakroom, launch};

fn server(trusted: &str) -> (Running, Browser) {
    let mut command = cloakroom(&[]);
    command.env("SESSION_STORE", "memory").env("ROCKET_LOG_LEVEL", "normal");
    let (running, url, _) = launch(command.env("ROCKET_TRUSTED_PROXIES", trusted));
    (running, Browser::new(&url))
}

async fn get(browser: &mut Browser, path: &str, headers: &[(&str, &str)]) -> Answer {
    let mut request = browser.request(reqwest::Method::GET, path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    browser.send(request).await
}

fn id(answer: &Answer) -> String {
    answer.header("x-request-id").expect("an ID").to_owned()
}

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";

#[rocket::async_test]
async fn each_response_has_the_id_of_its_log_line_and_each_error_page_shows_it() {
    let (running, mut browser) = server("[]");
    let mut ids = vec![];
    for path in
        ["/", "/static/css/base.css", "/dashboard", "/nowhere", "/healthz", "/learn/nowhere"]
    {
        let answer = get(&mut browser, path, &[]).await;
        let id = id(&answer);
        let is_shown = answer.body.contains(&format!("request <code>{id}</code>"));
        assert_eq!(is_shown, answer.status >= 400, "{path} {}", answer.body);
        ids.push((path, id));
    }
    let forged =
        get(&mut browser, "/", &[("sec-fetch-site", "none"), ("x-request-id", "mine")]).await;
    assert_ne!(id(&forged), "mine", "not from a proxy");
    let log = running.end();
    for (path, id) in ids {
        assert!(log.contains(&format!(" GET {path} ")), "{log}");
        let line = log.lines().find(|line| line.contains(&id)).unwrap();
        assert!(line.contains(&format!(" GET {path} ")), "{line}");
    }
}

#[rocket::async_test]
async fn an_id_of_a_trusted_proxy_is_used_if_it_has_the_form_of_one() {
    let (running, mut browser) = server(r#"["127.0.0.1"]"#);
    let traceparent = format!("00-{TRACE}-b7ad6b7169203331-01");
    let uuid = "1b671a64-40d5-491e-99b0-da01ff1f3341";
    for (headers, expected) in [
        (&[("x-request-id", uuid)][..], uuid),
        (&[("traceparent", &traceparent)], TRACE),
        (&[("x-request-id", uuid), ("traceparent", &traceparent)], uuid),
        (&[("x-request-id", "a b"), ("traceparent", &traceparent)], TRACE),
    ] {
        let answer = get(&mut browser, "/nowhere", headers).await;
        assert_eq!(id(&answer), expected);
        assert!(answer.body.contains(expected), "{}", answer.body);
    }
    let long = "x".repeat(129);
    for wrong in ["", "x\" user=\"rosa", "é", "a,b", "<b>", &long] {
        let answer = get(&mut browser, "/", &[("x-request-id", wrong)]).await;
        assert_eq!(id(&answer).len(), 12, "one of ours for {wrong:?}");
    }
    let two = get(&mut browser, "/", &[("x-request-id", "one"), ("x-request-id", "two")]).await;
    assert_eq!(id(&two).len(), 12, "a proxy has added to what the client sent");
    let log = running.end();
    assert_eq!(log.matches(&format!(" request={uuid}")).count(), 2, "{log}");
    assert_eq!(log.matches(&format!(" request={TRACE}")).count(), 2, "{log}");
    assert!(!log.contains("rosa") && !log.contains("request=one"), "{log}");
}

#[rocket::async_test]
async fn an_id_from_outside_is_not_the_address_of_recorded_steps() {
    let (_running, mut browser) = server(r#"["127.0.0.1"]"#);
    for _ in 0..2 {
        get(&mut browser, "/", &[("x-request-id", "chosen")]).await;
    }
    assert_eq!(get(&mut browser, "/xray/chosen", &[]).await.status, 404);
    let list = get(&mut browser, "/xray", &[]).await;
    assert!(!list.body.contains("/xray/chosen"), "{}", list.body);
}
