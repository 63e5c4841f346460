//! A folded X-ray says which request it is, and what it left behind: numbers, times, session, changes.

use std::collections::BTreeSet;

use crate::rows::{Row, expect_in_order, rows, rows_of};
use crate::support::{App, Browser, PASSWORD};
use crate::{class, exchanges, predict};

/// The session behind the last story on a page, as its summary says it.
fn session_of(page: &str) -> &str {
    let summary = page.rsplit_once("data-session=\"").expect("a summary").1;
    summary.split('"').next().unwrap()
}

/// The numbers of the requests on a page, those of each story in their order.
fn numbers(page: &str) -> Vec<u64> {
    let stories = page.split("class=\"xray__when\">").skip(1);
    let numbers = stories.flat_map(|rest| rest.split("<time").next().unwrap().split("request "));
    numbers.filter_map(|number| number.trim_end_matches(", ").parse().ok()).collect()
}

#[rocket::async_test]
async fn requests_are_numbered_per_browser_also_across_a_login_and_have_a_time() {
    let app = class().await;
    let (mut rosa, mut oskar) = (app.browser(), app.browser());
    rosa.sign_up("rosa").await;
    for path in ["/dashboard", "/account"] {
        rosa.get(path).await;
        oskar.get(path).await;
    }
    oskar.sign_up("oskar").await;
    assert_eq!(numbers(&oskar.get("/dashboard").await.body), [1, 2], "the login and its page");
    let before = numbers(&rosa.get("/dashboard").await.body)[0];
    rosa.log_in("rosa").await;
    assert_eq!(numbers(&rosa.get("/dashboard").await.body), [before + 1, before + 2]);
    let list = rosa.get("/xray").await.body;
    let listed = numbers(&list);
    let expected: Vec<u64> = (1..=before + 2).collect();
    assert_eq!(
        listed.iter().copied().collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>(),
        expected
    );
    assert_eq!(&listed[..3], [before + 1, before + 2, before], "the newest first");
    let stories = list.matches("class=\"card story\"").count();
    assert_eq!(list.matches("</time></span> <span class=\"xray__summary\"").count(), stories);
    let anonymous = app.browser().get("/").await.body;
    assert_eq!(numbers(&anonymous), [0_u64; 0], "no browser, no number");
    assert!(anonymous.contains("class=\"xray__when\"><time "), "{anonymous}");
}

#[rocket::async_test]
async fn a_request_that_is_gone_has_a_page_that_says_so() {
    let app = class().await;
    let mut rosa = app.browser();
    rosa.sign_up("rosa").await;
    let old = exchanges(&rosa.get("/dashboard").await).pop().unwrap();
    for _ in 0..21 {
        rosa.get("/account").await;
    }
    rosa.get(&format!("/xray/{old}")).await.expect_page(404, "20 requests");
}

#[rocket::async_test]
async fn a_session_and_a_login_are_told_apart() {
    for app in
        [class().await, App::in_memory_with(|figment| figment.merge(("teaching", true))).await]
    {
        let mut rosa = app.browser();
        assert_eq!(session_of(&rosa.get("/").await.body), "none");
        predict(&mut rosa, "http-forgets").await;
        assert!(rosa.session_id().is_some(), "progress makes an anonymous session");
        assert_eq!(session_of(&rosa.get("/").await.body), "anonymous");
        rosa.sign_up("rosa").await;
        assert_eq!(session_of(&rosa.get("/").await.body), "logged_in");
        let mut thief = rosa.copy();
        rosa.post("/logout", &[]).await;
        assert_eq!(session_of(&rosa.get("/").await.body), "none");
        assert_eq!(session_of(&thief.get("/").await.body), "none", "genuine, but not stored");
    }
}

/// What changed in a place, by the text of its heading.
fn changed<'p>(page: &'p str, place: &str) -> Option<&'p str> {
    let (_, rest) = page.split_once(&format!("<div><dt>{place}</dt><dd>"))?;
    rest.split("</dd>").next()
}

async fn page_of(browser: &mut Browser, id: &str) -> String {
    browser.get(&format!("/xray/{id}")).await.body
}

#[rocket::async_test]
async fn memory_is_no_mongodb() {
    let app = class().await;
    let mut rosa = app.browser();
    rosa.sign_up("rosa").await;
    predict(&mut rosa, "two-stores").await;
    rosa.post("/lab/two-stores", &[("do", "count")]).await;
    let chain = exchanges(&rosa.get("/lab/two-stores").await);
    let counted = page_of(&mut rosa, &chain[0]).await;
    assert_eq!(changed(&counted, "This server's memory"), Some("session added"), "{counted}");
    let in_mongodb = "MongoDB, <code>lab_sessions</code>";
    assert_eq!(changed(&counted, in_mongodb), Some("session added"));
    assert_eq!(changed(&counted, "MongoDB, <code>sessions</code>"), Some("unchanged"));
    assert!(counted.contains("ray ray--memory"), "{counted}");

    let app = App::in_memory_with(|figment| figment.merge(("teaching", true))).await;
    let mut rosa = app.browser();
    let fields = [("username", "rosa"), ("password", PASSWORD)];
    rosa.post_patiently("/register", &fields).await;
    let id = exchanges(&rosa.get("/login").await)[0].clone();
    let registered = page_of(&mut rosa, &id).await;
    assert_eq!(changed(&registered, "This server's memory"), Some("account added"));
    assert_eq!(changed(&registered, "MongoDB"), Some("not asked"));
    rosa.log_in("rosa").await;
    let login = exchanges(&rosa.get("/dashboard").await)[0].clone();
    let steps = rows(&mut rosa, &login).await;
    expect_in_order(&steps, &["memory-users", "password-right", "login", "memory-insert"]);
    let page = page_of(&mut rosa, &login).await;
    assert!(!page.contains("ray--store") && page.contains("ray--memory"), "{page}");
}

/// The rows of a page that are open, and those that are folded away.
fn open_and_folded(page: &str) -> (Vec<Row>, Vec<Row>) {
    let (open, folded) = page.split_once("<details class=\"fold\">").unwrap();
    (rows_of(open), rows_of(folded))
}

#[rocket::async_test]
async fn nine_rows_stay_open_and_the_first_and_the_last_are_two_of_them() {
    let app = class().await;
    let mut rosa = app.browser();
    rosa.sign_up("rosa").await;
    let login = exchanges(&rosa.get("/dashboard").await)[0].clone();
    let (open, folded) = open_and_folded(&page_of(&mut rosa, &login).await);
    let steps: Vec<&str> = open.iter().map(Row::step).collect();
    assert_eq!((steps.len(), steps[0], steps[8]), (9, "form-request", "response-redirect"));
    let is_folded = |step| folded.iter().any(|row| row.step() == step);
    assert!(is_folded("origin-not-sent") && !is_folded("login"), "minor ones first: {folded:#?}");
}

#[rocket::async_test]
async fn the_rows_of_a_lab_are_open_and_those_of_the_login_are_folded() {
    let app = class().await;
    let mut rosa = app.browser();
    rosa.sign_up("rosa").await;
    predict(&mut rosa, "the-seal").await;
    rosa.post("/lab/the-seal", &[("do", "new")]).await;
    let id = exchanges(&rosa.get("/lab/the-seal").await)[0].clone();
    let (open, folded) = open_and_folded(&page_of(&mut rosa, &id).await);
    let is_lab = |row: &Row| row.has("lab");
    let (first, last) = (open.first().unwrap(), open.last().unwrap());
    assert_eq!((first.step(), last.step()), ("form-request-with-cookie", "response-redirect"));
    let middle = &open[1..open.len() - 1];
    assert!(middle.iter().all(|row| is_lab(row) || row.step() == "form-one-field"), "{middle:#?}");
    assert!(middle.iter().any(is_lab) && !folded.iter().any(is_lab), "{folded:#?}");
    assert!(folded.iter().any(|row| row.step() == "find-user"), "{folded:#?}");
}

#[rocket::async_test]
async fn a_session_cookie_without_a_signature_is_still_a_session_cookie() {
    let app = class().await;
    let mut rosa = app.browser();
    rosa.jar.insert("connect.sid".to_owned(), "garbled".to_owned());
    let id = exchanges(&rosa.get("/").await).pop().unwrap();
    let found = rows(&mut rosa, &id).await;
    expect_in_order(&found, &["page-request-with-cookie", "signature-missing", "session-empty"]);
}
