//! The lesson with three clocks. MongoDB's own clock is faster here, and leaves a few seconds in which an
//! expired session is still stored.

use std::time::Duration;

use rocket::figment::Figment;
use rocket::futures::future::join_all;
use rocket::tokio::time::sleep;

use crate::class;
use crate::learner::{Learner, goals_reached};
use crate::standalone::standalone;
use crate::support::lesson::solution;
use crate::support::{App, app_with_fast_ttl, app_with_fast_ttl_on};

const FOLDER: &str = "10-three-clocks";

const LAB: &str = "/lab/three-clocks";

/// An app for a class, on a database that suits this lesson.
pub async fn class_for(folder: &str) -> App {
    if folder == FOLDER { app_with_fast_ttl(with_teaching).await } else { class().await }
}

fn with_teaching(figment: Figment) -> Figment {
    figment.merge(("teaching", true))
}

/// Presses these buttons of the lab, visits it, and waits.
async fn press(rosa: &mut Learner, buttons: &[&str], seconds: u64) {
    for button in buttons {
        rosa.browsers[0].post(LAB, &[("do", button)]).await.expect_redirect(LAB);
        rosa.browsers[0].get(LAB).await.expect_page(200, "id=\"do\"");
    }
    sleep(Duration::from_secs(seconds)).await;
}

/// The goals of the lesson, in the order of the page.
const GOALS: [&str; 5] = ["forget", "logout", "browser-clock", "server-clock", "ttl"];

/// A learner, the buttons to press, the seconds to wait, the goals that are reached, and what the page shows.
type Try<'a> = (&'static str, &'a [&'a str], u64, &'a [&'a str], &'a str);

/// The waits of this test are played at the same time, by a learner each.
#[rocket::async_test]
async fn no_clock_is_taken_for_another_and_a_logout_is_none_of_them() {
    let app = class_for(FOLDER).await;
    let (nothing, gone) = ("data-state=\"", "data-by=\"stream\"");
    let tries: [Try; 6] = [
        ("anna", &["new", "forget"], 0, &["forget"], nothing),
        ("bela", &["new", "logout"], 0, &[], nothing),
        ("cora", &["short-document", "logout", "replay"], 28, &["logout"], nothing),
        ("dina", &["short-document"], 28, &["ttl"], gone),
        ("emil", &["short-document"], 21, &["server-clock"], "data-state=\"expired\""),
        ("fritz", &["short-cookie", "forget"], 21, &["forget"], nothing),
    ];
    join_all(tries.map(async |(name, buttons, seconds, expected, shown)| {
        let mut learner = Learner::new(&app, name).await;
        learner.predict(FOLDER).await;
        press(&mut learner, buttons, seconds).await;
        let page = learner.browsers[0].get(LAB).await.body;
        assert_eq!(goals_reached(&page, &GOALS), expected, "{name}: {buttons:?}");
        assert!(page.contains(shown), "{name}: {page}");
        // The time of the delete is MongoDB's, and not that of the visit.
        let late = page.split_once("data-late=\"").map(|(_, rest)| rest.split('"').next().unwrap());
        assert_eq!(late.is_some(), shown == gone, "{name}: {page}");
        assert!(late.is_none_or(|late| ["5", "6"].contains(&late)), "{late:?} s after the expiry");
    }))
    .await;
}

#[rocket::async_test]
async fn the_lesson_can_be_solved_without_a_change_stream_and_in_memory() {
    let mongod = standalone().await;
    let on_standalone = app_with_fast_ttl_on(&mongod.uri, with_teaching).await;
    let apps = [("find", on_standalone), ("memory", App::in_memory_with(with_teaching).await)];
    join_all(apps.iter().map(async |(by, app)| {
        let mut rosa = Learner::new(app, "rosa").await;
        rosa.play(FOLDER, &solution(FOLDER)).await;
        assert!(rosa.is_solved(FOLDER).await, "{by}");
        assert!(rosa.pages.contains(&format!("data-by=\"{by}\"")), "{by}");
        assert!(!rosa.pages.contains("data-by=\"stream\""), "{by}");
    }))
    .await;
}
