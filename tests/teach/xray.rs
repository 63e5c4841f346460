//! The eight exchanges of TEACHING.md, each with the steps that it must show.

use mongodb::bson::{DateTime, Document, doc};

use crate::support::{Browser, PASSWORD};
use crate::{class, exchanges, expect_in_order, steps, unescape};

/// The steps of the last exchange that the page's X-ray tells.
async fn shown(browser: &mut Browser, path: &str, dialect: &str) -> Vec<String> {
    let page = browser.get(path).await;
    let id = exchanges(&page).pop().unwrap();
    steps(browser, &id, dialect).await
}

/// Sends a form and follows the redirect; the exchanges of the chain.
async fn submit(browser: &mut Browser, path: &str, fields: &[(&str, &str)]) -> Vec<String> {
    let answer = browser.post_patiently(path, fields).await;
    let page = match answer.header("location") {
        Some(next) => browser.get(next).await,
        None => answer,
    };
    exchanges(&page)
}

#[rocket::async_test]
async fn an_anonymous_page_shows_that_nothing_was_stored() {
    let app = class().await;
    let mut browser = app.browser();
    let page = browser.get("/").await;
    assert!(page.body.contains("Nothing was stored, MongoDB was not asked."), "{}", page.body);
    let steps = shown(&mut browser, "/", "plain").await;
    let expected =
        ["shows no ticket", "No ticket, so this is nobody", "nothing is stored", "No new cookie"];
    expect_in_order(&steps, &expected);
    assert!(browser.jar.is_empty());
}

#[rocket::async_test]
async fn a_registration_shows_lengths_policy_hash_and_insert() {
    let app = class().await;
    let mut browser = app.browser();
    let fields = [("username", "rosa"), ("password", PASSWORD)];
    let chain = submit(&mut browser, "/register", &fields).await;
    assert_eq!(chain.len(), 2, "register and the page after it are one story");
    let plain = steps(&mut browser, &chain[0], "plain").await;
    expect_in_order(
        &plain,
        &[
            "came from this site",
            "username (4 characters), password (21 characters)",
            "fit to be used",
            "Look up the account of this name. → nothing found",
            "hashed, slowly on purpose",
            "Write the account into the ledger. → 1 inserted",
            "The answer is 303",
        ],
    );
    let protocol = steps(&mut browser, &chain[0], "protocol").await;
    expect_in_order(&protocol, &["Argon2id, m=19456 KiB, t=2, p=1, ", "users.insert({"]);
}

#[rocket::async_test]
async fn a_login_shows_the_old_number_and_the_new_one() {
    let app = class().await;
    let mut browser = app.browser();
    browser.register("rosa").await;
    let fields = [("username", "rosa"), ("password", PASSWORD)];
    let chain = submit(&mut browser, "/login", &fields).await;
    assert_eq!(chain.len(), 2);
    let first = steps(&mut browser, &chain[0], "plain").await;
    expect_in_order(
        &first,
        &[
            "shows no ticket",
            "No ticket, so this is nobody.",
            "Look up the account of this name. → found",
            "The password fits its hash",
            "A new number for the ticket",
            "Into the coat goes whose it is",
            "Hang up a new coat. → 1 inserted",
            "Keep this ticket",
        ],
    );
    let old = browser.session_id().unwrap()[..6].to_owned();
    let chain = submit(&mut browser, "/login", &fields).await;
    let again = steps(&mut browser, &chain[0], "express").await;
    expect_in_order(
        &again,
        &[
            "unsign(cookie, secret)",
            "LocalStrategy verify: done(null, user)",
            "req.session.regenerate()",
            "serializeUser",
            "store.set(sid, session)",
            "store.destroy(sid)",
            "Set-Cookie: connect.sid=",
        ],
    );
    let (new, again) =
        (&browser.session_id().unwrap()[..6], steps(&mut browser.copy(), &chain[0], "plain").await);
    let sentence = format!("{new}…. The old one, {old}…, is worth nothing");
    expect_in_order(&again, &[&sentence, "Take the coat from its hook. → 1 deleted"]);
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
        let mut all = vec![];
        for dialect in ["plain", "protocol", "express"] {
            all.extend(steps(&mut browser, &chain[0], dialect).await);
        }
        expect_in_order(&all, &["Look up the account of this name. → answered", "Refused"]);
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
        // Sealed keys of the throttle differ by name, and say nothing of it.
        told.push(
            all.into_iter()
                .filter(|step| !step.contains("throttle."))
                .map(|step| {
                    let words = step.replace(name, "NAME");
                    // Roughly told, a time can still fall on either side of a border.
                    words
                        .split(' ')
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
    let plain = shown(&mut browser, "/dashboard", "plain").await;
    expect_in_order(
        &plain,
        &[
            "shows its ticket, ",
            "The seal on ticket",
            "Fetch the coat from its hook. → found, ",
            "Look up the account whose number is in the coat. → found, ",
            "The page is made.",
            "Nothing in the coat has changed",
            "The answer is 200",
        ],
    );
    let protocol = shown(&mut browser, "/dashboard", "protocol").await;
    expect_in_order(&protocol, &["HMAC-SHA256 over", "sessions.find({ _id: \"", "touch skipped"]);
    let express = shown(&mut browser, "/dashboard", "express").await;
    expect_in_order(
        &express,
        &["store.get(sid)", "deserializeUser(id)", "res.render('dashboard')"],
    );
    let earlier = doc! { "$set": { "lastModified": DateTime::from_millis(DateTime::now().timestamp_millis() - 3_600_000) } };
    let sessions = app.database().collection::<Document>("sessions");
    sessions.update_many(doc! {}, earlier).await.unwrap();
    let plain = shown(&mut browser, "/dashboard", "plain").await;
    expect_in_order(&plain, &["Only move the time when the coat is thrown out. → 1 written"]);
}

#[rocket::async_test]
async fn a_logout_shows_the_deletion_and_who_is_left() {
    let app = class().await;
    let mut browser = app.browser();
    browser.sign_up("rosa").await;
    let chain = submit(&mut browser, "/logout", &[]).await;
    assert_eq!(chain.len(), 2, "the logout and the page after it are one story");
    let first = steps(&mut browser, &chain[0], "plain").await;
    expect_in_order(
        &first,
        &[
            "Fetch the coat from its hook. → found",
            "The session ends",
            "Take the coat from its hook. → 1 deleted",
            "Throw the cookie connect.sid away",
        ],
    );
    let after = steps(&mut browser, &chain[1], "plain").await;
    expect_in_order(&after, &["shows no ticket", "No ticket, so this is nobody"]);
}

#[rocket::async_test]
async fn an_expired_session_shows_that_the_ticket_is_real_and_the_coat_is_gone() {
    let app = class().await;
    let mut browser = app.browser();
    browser.sign_up("rosa").await;
    let sessions = app.database().collection::<Document>("sessions");
    let over = doc! { "$set": { "expires": DateTime::from_millis(1_000) } };
    sessions.update_many(doc! {}, over).await.unwrap();
    browser.get("/dashboard").await.expect_redirect("/login?next=/dashboard");
    let steps = shown(&mut browser, "/login", "plain").await;
    expect_in_order(
        &steps,
        &[
            "The seal on ticket",
            "Fetch the coat from its hook. →",
            "The ticket is real, the coat is no longer kept",
        ],
    );
}

#[rocket::async_test]
async fn a_tampered_ticket_shows_that_the_database_was_not_asked() {
    let app = class().await;
    let mut browser = app.browser();
    browser.sign_up("rosa").await;
    let ticket = browser.jar["connect.sid"].replacen("s%3A", "s%3AX", 1);
    browser.jar.insert("connect.sid".to_owned(), ticket);
    let page = browser.get("/").await;
    assert!(page.body.contains("MongoDB was not asked"), "{}", page.body);
    let id = exchanges(&page).pop().unwrap();
    let steps = steps(&mut browser, &id, "plain").await;
    expect_in_order(&steps, &["The seal is broken: we did not even ask the database"]);
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
    let told = unescape(&list.body);
    let (login, account) = ("POST /login 303 → GET /dashboard 200", "GET /account 200");
    assert!(told.find(account).unwrap() < told.find(login).unwrap(), "newest first: {told}");
    assert!(!unescape(oskar.get("/xray").await.body).contains(account));
    rosa.log_in("rosa").await;
    let told = unescape(rosa.get("/xray").await.body);
    assert!(told.contains(account), "a new number is no new browser: {told}");
    let nobody = app.browser().get("/xray").await;
    nobody.expect_page(200, "shows no ticket, so we cannot tell");
    assert_eq!(rosa.get("/xray/nowhere").await.status, 404);
}

#[rocket::async_test]
async fn step_mode_goes_forth_and_back() {
    let app = class().await;
    let mut rosa = app.browser();
    rosa.sign_up("rosa").await;
    let id = exchanges(&rosa.get("/dashboard").await).pop().unwrap();
    let rows = |page: &str| page.matches("<li class=\"ray").count();
    let second = rosa.get(&format!("/xray/{id}?step=2")).await.body;
    assert_eq!(rows(&second), 2);
    assert!(second.contains("?step=1") && second.contains("?step=3"), "{second}");
    assert_eq!(rows(&rosa.get(&format!("/xray/{id}?step=0")).await.body), 1);
    let last = rosa.get(&format!("/xray/{id}?step=999")).await.body;
    assert!(!last.contains(">Next<"), "{last}");
}

#[rocket::async_test]
async fn the_lab_s_steps_are_told_apart_from_those_of_the_site() {
    let app = class().await;
    let mut rosa = app.browser();
    rosa.sign_up("rosa").await;
    rosa.post("/lab/the-seal", &[("do", "new")]).await;
    let page = rosa.get("/lab/the-seal").await;
    assert!(page.body.contains("<code>progress</code>"), "what else was written is told as well");
    rosa.post("/lab/the-seal", &[("do", "other-number")]).await;
    let page = rosa.get("/lab/the-seal").await;
    let chain = exchanges(&page);
    let forged = steps(&mut rosa, &chain[0], "plain").await;
    expect_in_order(&forged, &["The seal on ticket", "The lab hands you a ticket: "]);
    assert!(!forged.iter().any(|step| step.contains("with our seal")), "{forged:#?}");
    let visit = steps(&mut rosa, &chain[1], "plain").await;
    let lab = "In the lab: The seal is broken: the database was not asked for it";
    expect_in_order(&visit, &["The seal on ticket", "That is you", lab]);
    // What was in the lab server's memory is gone, and not past its end.
    rosa.post("/lab/two-stores", &[("do", "count")]).await;
    rosa.post("/lab/two-stores", &[("do", "restart")]).await;
    let page = rosa.get("/lab/two-stores").await;
    let last = exchanges(&page).pop().unwrap();
    let visit = steps(&mut rosa, &last, "plain").await;
    expect_in_order(&visit, &["In the lab: The ticket is real, the coat is no longer kept. This"]);
}
