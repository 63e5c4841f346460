//! The lessons about the cookie jar, the longest cookie and the two stores.

use std::time::Duration;

use rocket::tokio::time::sleep;

use crate::class;
use crate::learner::Learner;
use crate::support::App;
use crate::support::lesson::solution;

const FOLDER: &str = "04-one-jar";

#[rocket::async_test]
async fn a_cookie_that_is_sent_again_with_the_same_session_id_counts_as_the_same() {
    let app = App::on_mongodb_with(|figment| {
        figment
            .merge(("teaching", true))
            .merge(("session.touch_after", "1 second"))
            .merge(("session.absolute_timeout", "30 days"))
    })
    .await;
    let mut rosa = Learner::remembered(&app, "rosa").await;
    let id = rosa.browsers[0].session_id();
    rosa.predict(FOLDER).await;
    sleep(Duration::from_millis(1_100)).await;
    let renewed = rosa.browsers[0].get("/dashboard").await;
    assert!(renewed.session_cookie().is_some(), "the cookie has a later end");
    for path in ["/", "/dashboard", "/account", "/learn"] {
        // A change of the session sends the cookie again as well.
        let changed = rosa.browsers[0].post("/coat/count", &[]).await;
        assert!(changed.session_cookie().is_some(), "with another end");
        let page = rosa.browsers[0].get(path).await;
        assert!(page.session_cookie().is_none(), "a look changes nothing");
    }
    assert_eq!(rosa.browsers[0].session_id(), id);
    assert_eq!(rosa.reached(FOLDER).await, 1);
}

#[rocket::async_test]
async fn one_browser_alone_or_a_second_one_without_a_login_are_not_two_jars() {
    let app = class().await;
    let mut rosa = Learner::new(&app, "rosa").await;
    rosa.predict(FOLDER).await;
    let [first, second] = &mut rosa.browsers;
    first.get("/dashboard").await;
    first.post("/logout", &[]).await;
    first.log_in("rosa").await;
    // Another browser, not logged in, and another user in it.
    second.get("/dashboard").await;
    second.sign_up("ruth").await;
    second.get("/dashboard").await;
    for _ in 0..5 {
        first.get("/dashboard").await;
    }
    assert_eq!(rosa.reached(FOLDER).await, 1, "the pages alone");
    // Only coming back to the first browser shows that its session is still there.
    let [first, second] = &mut rosa.browsers;
    second.post("/logout", &[]).await;
    second.log_in("rosa").await;
    second.get("/dashboard").await;
    first.get("/dashboard").await;
    assert_eq!(rosa.reached(FOLDER).await, 2);
}

#[rocket::async_test]
async fn these_lessons_are_solved_on_a_site_without_mongodb() {
    let app = App::in_memory_with(|figment| figment.merge(("teaching", true))).await;
    let mut rosa = Learner::new(&app, "rosa").await;
    for folder in [FOLDER, "11-bigger-than-a-cookie", "12-two-stores"] {
        rosa.play(folder, &solution(folder)).await;
        assert!(rosa.is_solved(folder).await, "{folder}");
    }
}

#[rocket::async_test]
async fn a_browser_that_keeps_a_long_cookie_reaches_the_goal_and_the_page_says_so() {
    let app = class().await;
    let mut rosa = Learner::new(&app, "rosa").await;
    rosa.predict("11-bigger-than-a-cookie").await;
    let lab = "/lab/bigger-than-a-cookie";
    rosa.browsers[0].post(lab, &[("do", "big-cookie")]).await;
    rosa.browsers[0].jar.insert("lab.big".to_owned(), "x".repeat(4_992));
    let page = rosa.browsers[0].get(lab).await.body;
    let evidence = page.split_once("goal__evidence\">").unwrap().1.split("</span>").next().unwrap();
    assert_eq!(evidence.matches("5000 bytes").count(), 2, "{evidence}");
}

#[rocket::async_test]
async fn a_restart_before_any_count_is_no_evidence_and_each_start_draws_another_number() {
    let app = class().await;
    let mut rosa = Learner::new(&app, "rosa").await;
    let (folder, lab) = ("12-two-stores", "/lab/two-stores");
    rosa.predict(folder).await;
    let press = async |rosa: &mut Learner, button: &str| {
        rosa.browsers[0].post(lab, &[("do", button)]).await.expect_redirect(lab);
        let page = rosa.browsers[0].get(lab).await.body;
        let number = page.split_once("Boot number").unwrap().1.split_once("<dd>").unwrap().1;
        (number[..4].to_owned(), page.matches("goal--reached").count())
    };
    let (mut numbers, mut reached) = (vec![], vec![]);
    for button in ["restart", "restart", "count", "restart", "count"] {
        let (number, goals) = press(&mut rosa, button).await;
        numbers.push(number);
        reached.push(goals);
    }
    assert_eq!(reached, [0, 0, 1, 2, 3]);
    assert!(numbers[0] != numbers[1] && numbers[1] == numbers[2], "{numbers:?}");
    assert!(numbers[2] != numbers[3] && numbers[3] == numbers[4], "{numbers:?}");
}
