//! The cookie's attributes, and the secrets that sign it.

use crate::support::Lab;

#[rocket::async_test]
async fn a_secure_cookie_on_plain_http_is_not_stored_and_not_sent() {
    for lab in Lab::both(r#"{"cookie":{"secure":true}}"#).await {
        let answer = lab.browser().steps("set:a=1").await;
        assert_eq!((answer.status, answer.session_cookie()), (200, None));
        let answer = lab.browser().steps("set:a=1,save").await;
        assert_eq!((answer.status, answer.session_cookie()), (200, None));
        let answer = lab.browser().steps("login:x").await;
        assert_eq!((answer.status, answer.session_cookie()), (200, None));
        lab.expect_documents(0).await;
    }
}

#[rocket::async_test]
async fn auto_follows_the_request_and_no_header_can_fake_https() {
    for lab in Lab::both("{}").await {
        let mut browser = lab.browser();
        let request = browser.request(reqwest::Method::GET, "/do?steps=set:a=1");
        let request =
            request.header("X-Forwarded-Proto", "https").header("Forwarded", "proto=https");
        let answer = browser.send(request).await;
        assert!(!answer.session_cookie().unwrap().contains("Secure"));
        assert_eq!(answer.session()["cookie"]["secure"], false);
    }
}

#[rocket::async_test]
async fn the_apps_own_function_says_what_https_is() {
    let check = async |lab: &Lab, proto: &str, secure: bool| {
        let mut browser = lab.browser();
        let request = browser.steps_request("set:a=1").header("X-Forwarded-Proto", proto);
        let answer = browser.send(request).await;
        let line = answer.session_cookie().unwrap_or_default();
        assert_eq!(line.contains("; Secure"), secure, "{proto}: {line}");
    };
    let always = r#"{"cookie":{"secure":true}}"#;
    let app = Lab::behind_proxy(always).await;
    check(&app, "https", true).await;
    check(&app, "http", false).await;
    let without = Lab::in_memory(always).await;
    check(&without, "https", false).await;
    let auto = Lab::behind_proxy("{}").await;
    check(&auto, "https", true).await;
    check(&auto, "http", false).await;
}

#[rocket::async_test]
async fn a_request_that_the_function_calls_http_gets_no_secure_cookie() {
    let secure = Lab::behind_proxy(r#"{"cookie":{"secure":true}}"#).await;
    let answer = secure.browser().steps("set:a=1").await;
    assert_eq!((answer.status, answer.session_cookie()), (200, None));
    let auto = Lab::behind_proxy("{}").await;
    let answer = auto.browser().steps("set:a=1").await;
    assert!(!answer.session_cookie().unwrap().contains("Secure"));
}

#[rocket::async_test]
async fn same_site_auto_follows_the_same_function() {
    let settings = r#"{"cookie":{"same_site":"auto"}}"#;
    let trusted = Lab::behind_proxy(settings).await;
    let untrusted = Lab::in_memory(settings).await;
    for (lab, proto, expected) in [
        (&trusted, "https", "HttpOnly; Secure; SameSite=None"),
        (&trusted, "http", "HttpOnly; SameSite=Lax"),
        (&untrusted, "https", "HttpOnly; SameSite=Lax"),
        (&untrusted, "http", "HttpOnly; SameSite=Lax"),
    ] {
        let mut browser = lab.browser();
        let request = browser.steps_request("set:a=1").header("X-Forwarded-Proto", proto);
        let answer = browser.send(request).await;
        let (_, flags) = answer.session_cookie().unwrap().split_once(" GMT; ").unwrap();
        assert_eq!(flags, expected, "{proto}");
    }
}

#[rocket::async_test]
async fn a_path_limited_cookie_is_for_its_path_only() {
    for lab in Lab::both(r#"{"cookie":{"path":"/do"}}"#).await {
        let answer = lab.browser().steps("set:a=1").await;
        assert!(answer.session_cookie().unwrap().contains("; Path=/do;"));
    }
    for lab in Lab::both(r#"{"cookie":{"path":"/elsewhere"}}"#).await {
        let answer = lab.browser().steps("set:a=1").await;
        assert_eq!((answer.status, answer.session_cookie()), (200, None));
        lab.expect_documents(0).await;
    }
}

#[rocket::async_test]
async fn the_tutorials_settings_give_the_tutorials_line() {
    let lab = Lab::on_mongodb(r#"{"cookie":{"same_site":false}}"#).await;
    let answer = lab.browser().steps("set:a=1").await;
    let line = answer.session_cookie().unwrap();
    let expires = lab.document().await.unwrap().get_datetime("expires").unwrap().timestamp_millis();
    let date = rocket_express_session::Timestamp::from_millis(expires).to_http_date();
    let end = format!("; Path=/; Expires={date}; HttpOnly");
    assert!(line.starts_with("connect.sid=s%3A") && line.ends_with(&end), "{line} {end}");
}

#[rocket::async_test]
async fn a_month_and_more_is_a_maximum_age_like_any_other() {
    let settings = r#"{"idle_timeout":3000000,"absolute_timeout":"1 year"}"#;
    for lab in Lab::both(settings).await {
        let session = lab.browser().steps("set:a=1").await.session();
        assert_eq!(session["cookie"]["originalMaxAge"], 3_000_000_000_u64);
        if let Some(document) = lab.document().await {
            let at = |field| document.get_datetime(field).unwrap().timestamp_millis();
            assert_eq!(at("expires") - at("lastModified"), 3_000_000_000);
        }
    }
}

#[rocket::async_test]
async fn another_name_is_another_cookie() {
    for lab in Lab::both(r#"{"name":"sessions.id"}"#).await {
        let mut browser = lab.browser();
        browser.steps("set:a=1").await;
        assert!(browser.jar.contains_key("sessions.id"));
        assert_eq!(browser.steps("").await.session()["a"], "1");
    }
}

#[rocket::async_test]
async fn an_old_secret_is_accepted_and_the_cookie_is_signed_again() {
    let old = Lab::on_mongodb(r#"{"secret":"old"}"#).await;
    let both = old.beside(r#"{"secret":["new","old"]}"#).await;
    let new = old.beside(r#"{"secret":"new"}"#).await;
    let mut browser = old.browser();
    browser.steps("set:a=1").await;
    let at = |lab: &Lab, jar: &std::collections::BTreeMap<String, String>| {
        let mut browser = lab.browser();
        browser.jar = jar.clone();
        browser
    };
    let mut removed = at(&new, &browser.jar);
    assert!(
        removed.steps("").await.session().get("a").is_none(),
        "a removed secret verifies nothing"
    );
    let mut moved = at(&both, &browser.jar);
    let answer = moved.steps("").await;
    assert_eq!(answer.session()["a"], "1");
    assert!(answer.session_cookie().is_some(), "signed again");
    assert_eq!(moved.session_id(), browser.session_id(), "the same session");
    assert_eq!(moved.steps("").await.session_cookie(), None, "once");
    assert_eq!(at(&new, &moved.jar).steps("").await.session()["a"], "1");
}
