//! The eight exchanges of the X-ray, each with the steps that it must show.

use mongodb::bson::{DateTime, Document, doc};

use crate::rows::{Row, expect_in_order, rows, rows_of};
use crate::support::{Browser, PASSWORD};
use crate::{class, exchanges, predict, unescape};

/// The rows of the last exchange in the X-ray beside this page.
async fn shown(browser: &mut Browser, path: &str) -> Vec<Row> {
    let page = browser.get(path).await;
    let id = exchanges(&page).pop().unwrap();
    rows(browser, &id).await
}

/// Sends a form and follows the redirect; the exchanges of the chain.
async fn submit(browser: &mut Browser, path: &str, fields: &[(&str, &str)]) -> Vec<String> {
    let response = browser.post_patiently(path, fields).await;
    let page = match response.header("location") {
        Some(next) => browser.get(next).await,
        None => response,
    };
    exchanges(&page)
}

/// The sentence beside a page says that nothing was stored, and no command was sent.
const NOTHING: &str = "data-changed=\"false\" data-commands=\"0\"";

#[rocket::async_test]
async fn an_anonymous_page_shows_that_nothing_was_stored() {
    let app = class().await;
    let mut browser = app.browser();
    let page = browser.get("/").await;
    assert!(page.body.contains(NOTHING), "{}", page.body);
    let rows = shown(&mut browser, "/").await;
    let expected = ["page-request", "no-cookie", "session-empty", "response no-set-cookie"];
    expect_in_order(&rows, &expected);
    assert!(browser.jar.is_empty());
}

#[rocket::async_test]
async fn a_registration_shows_lengths_policy_hash_and_insert() {
    let app = class().await;
    let mut browser = app.browser();
    let fields = [("username", "rosa"), ("password", PASSWORD)];
    let chain = submit(&mut browser, "/register", &fields).await;
    assert_eq!(chain.len(), 2, "register and the page after it are one story");
    let rows = rows(&mut browser, &chain[0]).await;
    let found = expect_in_order(
        &rows,
        &[
            "form-request",
            "origin-not-sent",
            "form form-field",
            "input-accepted",
            "find-user-by-name reply-found-nothing",
            "password-hashed",
            "insert-user reply-inserted 1",
            "response-redirect",
        ],
    );
    found[2].expect_values(&["username (4)", "password (21)"]);
    found[5].expect_values(&["Argon2id, m=19456 KiB, t=2, p=1, "]);
    found[6].expect_values(&["users.insert({"]);
    found[7].expect_values(&["303", "/login"]);
}

#[rocket::async_test]
async fn a_login_shows_the_old_session_id_and_the_new_one() {
    let app = class().await;
    let mut browser = app.browser();
    browser.register("rosa").await;
    let fields = [("username", "rosa"), ("password", PASSWORD)];
    let chain = submit(&mut browser, "/login", &fields).await;
    assert_eq!(chain.len(), 2);
    let first = rows(&mut browser, &chain[0]).await;
    let from_verify = [
        "password-right",
        "session-regenerated",
        "login",
        "insert-session reply-inserted 1",
        "delete-session reply-deleted 1",
        "response-redirect set-cookie-session",
    ];
    let from_request = [
        "form-request",
        "no-cookie",
        "find-user-by-name reply-found-one",
        "password-right",
        "session-regenerated-first",
        "login",
        "insert-session reply-inserted 1",
        "response-redirect set-cookie-session",
    ];
    expect_in_order(&first, &from_request);
    let old = browser.session_id().unwrap()[..6].to_owned();
    let chain = submit(&mut browser, "/login", &fields).await;
    let again = rows(&mut browser, &chain[0]).await;
    expect_in_order(&again, &["form-request-with-cookie", "signature-genuine"]);
    let found = expect_in_order(&again, &from_verify);
    let new = &browser.session_id().unwrap()[..6];
    found[0].expect_values(&["LocalStrategy verify: done(null, user)"]);
    found[1].expect_values(&["req.session.regenerate()", &format!("{old}…"), &format!("{new}…")]);
    found[2].expect_values(&["serializeUser", "session.passport.user"]);
    found[3].expect_values(&["store.set(sid, session)"]);
    found[4].expect_values(&["store.destroy(sid)"]);
    found[5].expect_values(&["Set-Cookie: connect.sid="]);
}

#[rocket::async_test]
async fn a_failed_login_shows_the_same_for_an_unknown_name_and_a_wrong_password() {
    let app = class().await;
    app.browser().register("rosa").await;
    let mut told = vec![];
    for name in ["rosa", "ruth"] {
        let mut browser = app.browser();
        let fields = [("username", name), ("password", "wrong horse battery")];
        let chain = submit(&mut browser, "/login", &fields).await;
        let all = rows(&mut browser, &chain[0]).await;
        expect_in_order(&all, &["find-user-by-name reply", "password-wrong"]);
        assert!(browser.jar.is_empty(), "no session, no cookie");
        let page = browser.get(&format!("/xray/{}?step=999", chain[0])).await.body;
        let times: Vec<&str> = page
            .split("ray__time\">")
            .skip(1)
            .map(|time| time.split('<').next().unwrap())
            .collect();
        assert!(
            times.iter().all(|time| ["0.00", "1.0", "10", "100", "1000"].contains(time)),
            "{times:?}"
        );
        // The signed keys of the throttle differ by name, and do not tell it.
        let without_keys = all.into_iter().filter(|row| row.step() != "count-attempt");
        let lines = without_keys
            .flat_map(|Row { words, dialects }| [words.join(" ")].into_iter().chain(dialects));
        told.push(
            lines
                .map(|line| {
                    let line = line.replace(name, "NAME");
                    // A coarse time can still fall on either side of a border.
                    line.split(' ')
                        .filter(|word| word.parse::<f64>().is_err())
                        .collect::<Vec<_>>()
                        .join(" ")
                })
                .collect::<Vec<_>>(),
        );
    }
    assert_eq!(told[0], told[1]);
}

#[rocket::async_test]
async fn the_dashboard_shows_two_finds_and_a_skipped_touch_and_then_a_touch() {
    let app = class().await;
    let mut browser = app.browser();
    browser.sign_up("rosa").await;
    let rows = shown(&mut browser, "/dashboard").await;
    let found = expect_in_order(
        &rows,
        &[
            "page-request-with-cookie",
            "signature-genuine",
            "find-session reply-found-one",
            "find-user reply-found-one",
            "page-rendered",
            "session-unmodified",
            "response no-set-cookie",
        ],
    );
    found[1].expect_values(&["HMAC-SHA256", "unsign(cookie, secret)"]);
    found[2].expect_values(&["sessions.find({ _id: \"", "store.get(sid)"]);
    found[3].expect_values(&["deserializeUser(id)"]);
    found[4].expect_values(&["res.render('dashboard')"]);
    found[6].expect_values(&["200"]);
    let earlier = doc! { "$set": { "lastModified": DateTime::from_millis(DateTime::now().timestamp_millis() - 3_600_000) } };
    let sessions = app.database().collection::<Document>("sessions");
    sessions.update_many(doc! {}, earlier).await.unwrap();
    let rows = shown(&mut browser, "/dashboard").await;
    expect_in_order(&rows, &["touch-session reply-written 1"]);
}

#[rocket::async_test]
async fn a_logout_shows_the_deletion_and_the_anonymous_page_after_it() {
    let app = class().await;
    let mut browser = app.browser();
    browser.sign_up("rosa").await;
    let chain = submit(&mut browser, "/logout", &[]).await;
    assert_eq!(chain.len(), 2, "the logout and the page after it are one story");
    let first = rows(&mut browser, &chain[0]).await;
    let found = expect_in_order(
        &first,
        &[
            "find-session reply-found-one",
            "session-destroyed",
            "delete-session reply-deleted 1",
            "response-redirect set-cookie-deleted",
        ],
    );
    found[3].expect_values(&["connect.sid"]);
    let after = rows(&mut browser, &chain[1]).await;
    // The page says in how many other browsers the user is still logged in.
    let count = "find-user-sessions reply-found-nothing";
    expect_in_order(&after, &["page-request", "no-cookie", count, count, count]);
    let rows = shown(&mut browser, "/login").await;
    expect_in_order(&rows, &["page-request", "no-cookie"]);
}

#[rocket::async_test]
async fn an_expired_session_shows_that_the_cookie_is_genuine_and_the_session_is_over() {
    let app = class().await;
    let mut browser = app.browser();
    browser.sign_up("rosa").await;
    let sessions = app.database().collection::<Document>("sessions");
    let over = doc! { "$set": { "expires": DateTime::from_millis(1_000) } };
    sessions.update_many(doc! {}, over).await.unwrap();
    browser.get("/dashboard").await.expect_redirect("/login?next=/dashboard");
    let rows = shown(&mut browser, "/login").await;
    expect_in_order(&rows, &["signature-genuine", "find-session", "session-expired"]);
}

#[rocket::async_test]
async fn a_tampered_cookie_shows_that_the_database_was_not_asked() {
    let app = class().await;
    let mut browser = app.browser();
    browser.sign_up("rosa").await;
    let cookie = browser.jar["connect.sid"].replacen("s%3A", "s%3AX", 1);
    browser.jar.insert("connect.sid".to_owned(), cookie);
    let page = browser.get("/").await;
    assert!(page.body.contains(NOTHING), "{}", page.body);
    let id = exchanges(&page).pop().unwrap();
    expect_in_order(&rows(&mut browser, &id).await, &["signature-wrong"]);
}

#[rocket::async_test]
async fn the_list_has_the_stories_of_this_browser_alone() {
    let app = class().await;
    let (mut rosa, mut oskar) = (app.browser(), app.browser());
    rosa.sign_up("rosa").await;
    rosa.get("/dashboard").await;
    rosa.get("/account").await;
    oskar.sign_up("oskar").await;
    let list = rosa.get("/xray").await;
    let shown = unescape(&list.body);
    let (login, account) = ("POST /login 303 → GET /dashboard 200", "GET /account 200");
    assert!(shown.find(account).unwrap() < shown.find(login).unwrap(), "newest first: {shown}");
    assert!(!unescape(oskar.get("/xray").await.body).contains(account));
    rosa.log_in("rosa").await;
    let shown = unescape(rosa.get("/xray").await.body);
    assert!(shown.contains(account), "a new session ID is no new browser: {shown}");
    let anonymous = app.browser().get("/xray").await;
    anonymous.expect_page(200, "href=\"/login?next=/xray\"");
    assert!(!anonymous.body.contains("class=\"stories\""));
    assert_eq!(rosa.get("/xray/nowhere").await.status, 404);
}

#[rocket::async_test]
async fn step_mode_goes_forth_and_back() {
    let app = class().await;
    let mut rosa = app.browser();
    rosa.sign_up("rosa").await;
    let id = exchanges(&rosa.get("/dashboard").await).pop().unwrap();
    let all = rosa.get(&format!("/xray/{id}")).await.body;
    assert!(all.contains("?step=1\"") && !all.contains("?step=2"), "{all}");
    let second = rosa.get(&format!("/xray/{id}?step=2")).await.body;
    assert_eq!(rows_of(&second).len(), 2);
    assert!(second.contains("?step=1") && second.contains("?step=3"), "{second}");
    assert_eq!(rows_of(&rosa.get(&format!("/xray/{id}?step=0")).await.body).len(), 1);
    let last = rosa.get(&format!("/xray/{id}?step=999")).await.body;
    assert!(last.contains("?step=") && !last.contains("?step=1000"), "{last}");
    assert!(!last.contains(">Next<"), "{last}");
}

#[rocket::async_test]
async fn the_lab_s_steps_are_told_apart_from_those_of_the_site() {
    let app = class().await;
    let mut rosa = app.browser();
    rosa.sign_up("rosa").await;
    predict(&mut rosa, "the-seal").await;
    rosa.post("/lab/the-seal", &[("do", "new")]).await;
    let page = rosa.get("/lab/the-seal").await;
    assert!(page.body.contains("<code>progress</code>"), "other writes are told as well");
    rosa.post("/lab/the-seal", &[("do", "send"), ("value", "s:forged.signature")]).await;
    let page = rosa.get("/lab/the-seal").await;
    let chain = exchanges(&page);
    let forged = rows(&mut rosa, &chain[0]).await;
    let from_lab = "response-redirect set-cookie-by-lab";
    let found = expect_in_order(&forged, &["signature-genuine", from_lab]);
    assert!(!found[1].has("set-cookie-session"), "{forged:#?}");
    let visit = rows(&mut rosa, &chain[1]).await;
    let steps = ["signature-genuine", "user-found", "signature-wrong lab"];
    let found = expect_in_order(&visit, &steps);
    assert!(!found[0].has("lab") && !found[1].has("lab"), "{visit:#?}");
    // The session in the lab server's memory is gone, and has not expired.
    predict(&mut rosa, "two-stores").await;
    rosa.post("/lab/two-stores", &[("do", "count")]).await;
    rosa.post("/lab/two-stores", &[("do", "restart")]).await;
    let page = rosa.get("/lab/two-stores").await;
    let last = exchanges(&page).pop().unwrap();
    expect_in_order(&rows(&mut rosa, &last).await, &["session-unknown lab"]);
}
