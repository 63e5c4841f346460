//! The first three lessons, which are about the learner's own login.

use crate::class;
use crate::learner::Learner;
use crate::support::{Answer, App, PASSWORD};

const LESSON: &str = "/learn/behind-the-login";
const LOGIN: &str = "/login/behind-the-login";

/// The fields of the lesson's login.
fn credentials(password: &str) -> [(&str, &str); 2] {
    [("username", "rosa"), ("password", password)]
}

/// A learner who has made the prediction of this lesson.
async fn predicted(app: &App, folder: &str) -> Learner {
    let mut rosa = Learner::new(app, "rosa").await;
    rosa.predict(folder).await;
    rosa
}

#[rocket::async_test]
async fn a_request_with_any_cookie_is_not_the_one_without() {
    let app = class().await;
    let folder = "01-http-forgets";
    let mut rosa = predicted(&app, folder).await;
    let page = rosa.page(folder).await.body;
    let who = page.split_once("data-ask-who=\"").unwrap().1.split_once('"').unwrap().0;
    let who = crate::unescape(who);
    for cookie in ["connect.sid=s%3Aabc.def", "other=1"] {
        let request = app.browser().request(reqwest::Method::GET, &who).header("cookie", cookie);
        app.browser().send(request).await.expect_page(200, "anonymous");
    }
    assert_eq!(rosa.reached(folder).await, 0);
}

#[rocket::async_test]
async fn only_an_item_that_was_added_and_is_still_there_counts() {
    let app = class().await;
    let folder = "02-ticket-and-coat";
    let mut rosa = predicted(&app, folder).await;
    for (path, item) in [("/coat", " "), ("/coat/count", ""), ("/coat/take", "hat")] {
        rosa.browsers[0].post(path, &[("item", item)]).await;
        assert_eq!(rosa.reached(folder).await, 0, "{path}");
    }
    for path in ["/coat", "/coat/take"] {
        rosa.browsers[0].post(path, &[("item", "hat")]).await;
    }
    let page = rosa.page(folder).await.body;
    assert_eq!(page.matches("goal--reached").count(), 1, "the ID is the same, the item is gone");
    rosa.browsers[0].post("/coat", &[("item", "red scarf")]).await;
    let page = rosa.page(folder).await.body;
    assert_eq!(page.matches("goal--reached").count(), 2);
    let [before, now] = documents(&page);
    assert!(!before.contains("red scarf") && now.contains("red scarf"), "{before} {now}");
    assert!(
        now.contains("<mark>")
            && now.contains("&quot;userAgent&quot;") == before.contains("&quot;userAgent&quot;")
    );
}

/// The session's document at the guess, and the one now.
fn documents(page: &str) -> [&str; 2] {
    let document =
        |n| page.split("class=\"document\"").nth(n).unwrap().split_once("</pre>").unwrap().0;
    [document(1), document(2)]
}

#[rocket::async_test]
async fn the_form_in_the_lesson_leads_back_to_it() {
    let app = class().await;
    let folder = "02-ticket-and-coat";
    let mut rosa = predicted(&app, folder).await;
    let page = rosa.page(folder).await.body;
    let form = page.split_once("action=\"/coat\"").unwrap().1.split_once("</form>").unwrap().0;
    let hidden = |name: &str| {
        let (_, value) = form.split_once(&format!("name=\"{name}\" value=\"")).unwrap();
        crate::unescape(value.split_once('"').unwrap().0)
    };
    let (user, next) = (hidden("user"), hidden("next"));
    let fields = [("item", "hat"), ("user", &user), ("next", &next)];
    rosa.browsers[0].post("/coat", &fields).await.expect_redirect("/learn/ticket-and-coat#do");
    rosa.page(folder).await.expect_flash("item-added");
    let fields = [("item", "hat"), ("user", "64b000000000000000000001"), ("next", &next)];
    rosa.browsers[0].post("/coat", &fields).await.expect_redirect("/learn/ticket-and-coat#do");
    rosa.page(folder).await.expect_flash("other-user");
}

/// The flash message of the lesson's page after the login with this password.
async fn after_login(rosa: &mut Learner, password: &str) -> Answer {
    let answer = rosa.browsers[0].post_patiently(LOGIN, &credentials(password)).await;
    answer.expect_redirect("/learn/behind-the-login#do");
    rosa.browsers[0].get(LESSON).await
}

#[rocket::async_test]
async fn a_wrong_password_in_the_lesson_changes_nothing_and_stays_there() {
    let app = class().await;
    let folder = "03-behind-the-login";
    let mut rosa = predicted(&app, folder).await;
    let before = rosa.browsers[0].session_id();
    for password in ["", "wrong horse battery"] {
        let page = after_login(&mut rosa, password).await;
        page.expect_flash("login-rejected");
        let (_, xray) = page.body.split_once("class=\"xray\"").unwrap();
        let is_coarse = xray.contains("powers of ten");
        assert_eq!(is_coarse, !password.is_empty(), "as after the login page: {xray}");
    }
    assert_eq!(rosa.browsers[0].session_id(), before);
    assert_eq!(rosa.reached(folder).await, 0);
    let page = after_login(&mut rosa, PASSWORD).await;
    page.expect_flash("logged-in");
    assert_ne!(rosa.browsers[0].session_id(), before);
    assert_eq!(rosa.reached(folder).await, 2, "all but the order");
}

#[rocket::async_test]
async fn the_login_of_the_lesson_remembers_knows_browsers_and_throttles_like_the_page() {
    let app = class().await;
    let mut rosa = Learner::guest(&app, "rosa");
    rosa.browsers[0].register("rosa").await;
    let [browser, stranger] = &mut rosa.browsers;
    let fields = [("username", "rosa"), ("password", PASSWORD), ("remember", "on")];
    let answer = browser.post_patiently(LOGIN, &fields).await;
    assert!(answer.session_cookie().unwrap().contains("Expires="), "{answer:?}");
    assert!(browser.jar.contains_key("device"), "{:?}", browser.jar);
    loop {
        stranger.post_patiently(LOGIN, &credentials("wrong horse battery")).await;
        if stranger.jar["notice"].contains("login-throttled") {
            break;
        }
    }
    stranger.get(LESSON).await.expect_flash("login-throttled");
    assert_eq!(stranger.post("/login", &credentials(PASSWORD)).await.status, 429, "one counter");
    browser.post_patiently(LOGIN, &credentials(PASSWORD)).await;
    browser.get(LESSON).await.expect_flash("logged-in");
}

#[rocket::async_test]
async fn a_login_on_the_login_page_counts_and_a_wrong_order_keeps_the_choice() {
    let app = class().await;
    let folder = "03-behind-the-login";
    let mut rosa = predicted(&app, folder).await;
    assert!(!rosa.page(folder).await.body.contains("name=\"step1\""), "the login comes first");
    rosa.browsers[0].log_in("rosa").await;
    assert_eq!(rosa.reached(folder).await, 2);
    let order = async |rosa: &mut Learner, steps: [&str; 6]| {
        let names = ["step1", "step2", "step3", "step4", "step5", "step6"];
        let fields: Vec<_> = names.into_iter().zip(steps).collect();
        let answer = rosa.browsers[0].post(&format!("{LESSON}/answer"), &fields).await;
        let next = answer.header("location").unwrap().split_once('#').unwrap().0.to_owned();
        rosa.browsers[0].get(&next).await
    };
    let wrong = ["find", "verify", "login", "number", "store", ""];
    let page = order(&mut rosa, wrong).await;
    page.expect_flash("answer-wrong");
    assert!(page.body.contains("3 of 6"), "{}", page.body);
    let chosen: Vec<&str> = page.body.split("\" selected").collect();
    let chosen: Vec<_> =
        chosen[..chosen.len() - 1].iter().map(|part| part.rsplit_once('"').unwrap().1).collect();
    assert_eq!(chosen, wrong[..5]);
    let page = order(&mut rosa, ["find", "verify", "number", "login", "store", "send"]).await;
    page.expect_flash("answer-right");
    assert_eq!(page.body.matches("goal--reached").count(), 3);
}
