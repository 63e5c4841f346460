//! Lessons 7 and 8: a stranger's script, and a page that plays another site. Neither weakens the real site.

use std::collections::BTreeSet;

use reqwest::Method;

use crate::class;
use crate::learner::Learner;
use crate::support::lesson::solution;
use crate::support::{Answer, App, Browser};

const TARGET: &str = "/lab/another-site/target";
const OTHER: &str = "/lab/another-site/other";

/// The path of each route with these methods, with values for its parameters.
fn paths(app: &App, is_wanted: fn(&str) -> bool) -> BTreeSet<(Method, String)> {
    let found = app.routes.iter().filter(|(method, _)| is_wanted(method));
    let filled = found.map(|(method, path)| {
        let path = path.replace("<_>", "another-site").replace(['<', '>'], "");
        (method.parse().unwrap(), path)
    });
    filled.collect()
}

/// Sends a form as a page of another site does. The browser, an old one, sends all cookies with it.
async fn send_from_elsewhere(browser: &mut Browser, path: &str, body: &'static str) -> Answer {
    let request = browser.request(Method::POST, path).header("origin", "null");
    let form = request.header("content-type", "application/x-www-form-urlencoded").body(body);
    browser.send(form.header("sec-fetch-site", "cross-site")).await
}

/// A learner in lesson 8, whose browser has the cookies, and the ID of the other site's page.
async fn at_the_other_site(app: &App, name: &'static str) -> (Learner, String) {
    let folder = "08-another-site";
    let mut learner = Learner::new(app, name).await;
    learner.play(folder, &solution(folder)[..2]).await;
    let page = learner.browsers[0].get(OTHER).await.body;
    let (_, id) = page.split_once("?page=").expect("the page of the other site");
    (learner, id.split('"').next().unwrap().to_owned())
}

#[rocket::async_test]
async fn one_address_of_a_lab_takes_a_form_from_another_site_and_all_others_refuse_it() {
    let app = class().await;
    let (mut rosa, _) = at_the_other_site(&app, "rosa").await;
    let rosa = &mut rosa.browsers[0];
    let routes = paths(&app, |method| !["GET", "HEAD", "OPTIONS"].contains(&method));
    assert!(routes.len() >= 20, "{routes:?}");
    for (method, path) in routes {
        assert_eq!(method, Method::POST, "{path}");
        let expected = if path == TARGET { 303 } else { 403 };
        for body in ["", "do=give&item=hat&choice=0"] {
            assert_eq!(send_from_elsewhere(rosa, &path, body).await.status, expected, "{path}");
        }
    }
    rosa.get("/xray").await.expect_page(200, "data-step=\"origin-refused\"");
    assert_eq!(send_from_elsewhere(rosa, &format!("{TARGET}?page=x"), "").await.status, 303);
    for spelling in [
        "//lab/another-site/target",
        "/lab//another-site/target",
        "/lab/another-site/target/",
        "/%6cab/another-site/target",
        "/lab/another-site/%74arget",
    ] {
        assert_eq!(send_from_elsewhere(rosa, spelling, "").await.status, 403, "{spelling}");
    }
    for method in ["put", "get", "head", "delete"] {
        let body = format!("_method={method}").leak();
        assert_eq!(send_from_elsewhere(rosa, TARGET, body).await.status, 403, "{method}");
    }
    assert!(rosa.is_logged_in().await);
    let without = App::on_mongodb().await;
    let status = send_from_elsewhere(&mut without.browser(), TARGET, "").await.status;
    assert_eq!(status, 403, "without teaching");
}

#[rocket::async_test]
async fn the_page_of_the_other_site_alone_has_another_policy_than_all_pages() {
    let app = class().await;
    let (mut rosa, _) = at_the_other_site(&app, "rosa").await;
    let policy = async |rosa: &mut Browser, path: &str| {
        rosa.get(path).await.header("content-security-policy").expect(path).to_owned()
    };
    let rosa = &mut rosa.browsers[0];
    let of_all = policy(rosa, "/").await;
    assert!(of_all.contains("script-src 'self'") && !of_all.contains("sandbox"), "{of_all}");
    let routes = paths(&app, |method| method == "GET");
    assert!(routes.len() >= 25, "{routes:?}");
    for (_, path) in routes.iter().filter(|(_, path)| path != OTHER && !path.contains("/events")) {
        assert_eq!(policy(rosa, path).await, of_all, "{path}");
    }
    let sandbox = policy(rosa, OTHER).await;
    assert!(sandbox.starts_with("sandbox allow-forms allow-top-navigation; "), "{sandbox}");
    assert!(!sandbox.contains("allow-scripts") && !sandbox.contains("allow-same-origin"));
    let page = rosa.get(OTHER).await;
    page.expect_page(200, "<h1>Another site</h1>");
    assert!(!page.body.contains("rosa"), "it is not a page of the user");
    // Other lessons have no such page, and before the guess there is none.
    assert_eq!(rosa.get("/lab/the-seal/other").await.status, 404);
    app.browser().get(OTHER).await.expect_redirect("/lab/another-site#do");
}

/// The number of exchanges with this line and this status that the X-ray of this browser lists.
async fn listed(browser: &mut Browser, [line, status]: [&str; 2]) -> usize {
    let list = crate::unescape(browser.get("/xray").await.body);
    list.matches(&format!("<code>{line}</code> {status}")).count()
}

#[rocket::async_test]
async fn the_id_of_the_other_page_assigns_a_few_requests_without_a_ticket_and_no_others() {
    let app = class().await;
    let (mut rosa, id) = at_the_other_site(&app, "rosa").await;
    let (mut ruth, _) = at_the_other_site(&app, "ruth").await;
    let [rosa, ruth] = [&mut rosa.browsers[0], &mut ruth.browsers[0]];
    let (image, coat) = (format!("{TARGET}?by=image&page={id}"), format!("/coat?page={id}"));
    assert_eq!(app.browser().get(&image).await.status, 204);
    let refused = send_from_elsewhere(&mut app.browser(), &coat, "item=hat").await;
    refused.expect_page(403, "That form came from another site");
    let titles = [["GET /lab/another-site/target", "204"], ["POST /coat", "403"]];
    assert_eq!([listed(rosa, titles[0]).await, listed(rosa, titles[1]).await], [1, 1]);
    // A request with a ticket belongs to the browser with that ticket.
    ruth.get(&image).await;
    send_from_elsewhere(ruth, &coat, "item=hat").await;
    assert_eq!([listed(rosa, titles[0]).await, listed(rosa, titles[1]).await], [1, 1]);
    assert_eq!([listed(ruth, titles[0]).await, listed(ruth, titles[1]).await], [1, 1]);
    // An unknown ticket is none that a page of the lesson sends.
    let mut thief = app.browser();
    thief.jar.insert("connect.sid".to_owned(), "s%3Aabc.def".to_owned());
    thief.get(&image).await;
    assert_eq!(listed(rosa, titles[0]).await, 1);
    for _ in 0..20 {
        app.browser().get(&image).await;
    }
    assert!(listed(rosa, titles[0]).await <= 11, "an ID gives a right to read");
    // The ID of another page does nothing.
    let page = crate::exchanges(&rosa.get("/learn").await)[0].clone();
    let before = listed(rosa, titles[1]).await;
    send_from_elsewhere(&mut app.browser(), &format!("/coat?page={page}"), "item=hat").await;
    assert_eq!(listed(rosa, titles[1]).await, before);
}

#[rocket::async_test]
async fn a_request_counts_only_if_the_browser_had_the_cookies_and_a_cookie_strict_is_no_other_site()
{
    let app = class().await;
    let folder = "08-another-site";
    let (mut rosa, id) = at_the_other_site(&app, "rosa").await;
    let link = format!("{TARGET}?by=link&page={id}");
    rosa.browsers[0].get(&link).await;
    assert_eq!(rosa.reached(folder).await, 0, "the address was typed: all cookies came");
    let jar = rosa.browsers[0].jar.clone();
    rosa.browsers[0].jar.remove("lab.strict");
    rosa.browsers[0].get(&format!("{TARGET}?by=link&page=unknown")).await;
    assert_eq!(rosa.reached(folder).await, 0, "no page has started it");
    rosa.browsers[0].get(&link).await;
    assert_eq!(rosa.reached(folder).await, 1);
    rosa.press(folder, "reset").await;
    rosa.predict(folder).await;
    rosa.browsers[0].post("/lab/another-site", &[("do", "give")]).await;
    rosa.browsers[0].jar.remove("lab.lax");
    let page = rosa.browsers[0].get(OTHER).await.body;
    let id = page.split_once("?page=").unwrap().1.split('"').next().unwrap();
    rosa.browsers[0].jar = jar;
    rosa.browsers[0].jar.remove("lab.strict");
    rosa.browsers[0].get(&format!("{TARGET}?by=link&page={id}")).await;
    assert_eq!(rosa.reached(folder).await, 0, "a cookie was missing before");
}

#[rocket::async_test]
async fn what_the_script_sends_is_compared_with_the_learners_own_cookies_and_not_kept() {
    let app = class().await;
    let (folder, lab) = ("07-what-a-script-takes", "/lab/what-a-script-takes");
    let mut rosa = Learner::new(&app, "rosa").await;
    rosa.play(folder, &solution(folder)[..3]).await;
    let [plain, http_only] =
        ["lab.plain", "lab.http-only"].map(|name| rosa.browsers[0].jar[name].clone());
    let both = format!("lab.plain={plain}; lab.http-only={http_only}");
    for read in ["", "lab.plain=other", "lab.plain", &both, &format!("lab.http-only={http_only}")] {
        rosa.browsers[0].post(lab, &[("do", "stranger"), ("value", read)]).await;
        assert_eq!(rosa.reached(folder).await, 0, "{read:?}");
    }
    let read = format!("zebra=1; lab.plain={plain}");
    let mut without = rosa.browsers[0].copy();
    without.jar.remove("lab.http-only");
    without.post(lab, &[("do", "stranger"), ("value", &read)]).await;
    assert_eq!(rosa.reached(folder).await, 1, "it acts only with the cookie");
    rosa.browsers[0].post(lab, &[("do", "stranger"), ("value", &read)]).await;
    assert_eq!(rosa.reached(folder).await, 2);
    rosa.browsers[0].get(lab).await.expect_page(200, "id=\"in-your-name\"");
    let recordings = rosa.browsers[0].get("/xray").await.body;
    assert!(!recordings.contains(&plain) && !recordings.contains("zebra"), "{recordings}");
    for (button, runs) in [("escape", false), ("trust", true)] {
        rosa.browsers[0].post(lab, &[("do", button)]).await;
        let page = rosa.browsers[0].get(lab).await.body;
        assert_eq!(page.contains("data-stranger=\""), runs, "{button}");
    }
    assert_eq!(rosa.reached(folder).await, 3);
}

#[rocket::async_test]
async fn both_lessons_are_solved_by_their_solutions() {
    let app = class().await;
    for folder in ["07-what-a-script-takes", "08-another-site"] {
        let mut rosa =
            Learner::new(&app, if folder.starts_with("07") { "rosa" } else { "ruth" }).await;
        rosa.play(folder, &solution(folder)).await;
        let page = rosa.page(folder).await.body;
        let goals: Vec<&str> = page.split("class=\"goal").skip(2).collect();
        assert!(rosa.is_solved(folder).await, "{folder}: {goals:#?}");
    }
}
