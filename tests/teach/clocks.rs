//! The lesson with three clocks. MongoDB's own clock is faster here, and leaves a few seconds in which an
//! expired session is still stored.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use mongodb::Client;
use mongodb::bson::doc;
use rocket::futures::future::join_all;
use rocket::tokio::time::sleep;

use crate::class;
use crate::learner::{Learner, goals_reached};
use crate::standalone::standalone;
use crate::support::lesson::solution;
use crate::support::{App, Mongod};

const FOLDER: &str = "10-three-clocks";

const LAB: &str = "/lab/three-clocks";

/// A server that deletes expired documents every second.
static FAST: LazyLock<Mongod> = LazyLock::new(|| Mongod::start(&["--ttl", "1"]));

/// Counts the databases on it.
static NUMBER: AtomicUsize = AtomicUsize::new(0);

/// An app for a class, on a database that suits this lesson.
pub async fn class_for(folder: &str) -> App {
    if folder != FOLDER {
        return class().await;
    }
    let name = format!("clocks_{}", NUMBER.fetch_add(1, Ordering::Relaxed));
    on(&FAST.database(&name)).await
}

/// An app on this database, which deletes the lab's sessions five seconds after they have expired.
async fn on(uri: &str) -> App {
    let app = App::on_with(uri, |figment| figment.merge(("teaching", true))).await;
    let client = Client::with_uri_str(uri).await.unwrap();
    let index = doc! { "name": "expires_1", "expireAfterSeconds": 5 };
    let later = doc! { "collMod": "lab_sessions", "index": index };
    client.default_database().unwrap().run_command(later).await.unwrap();
    app
}

/// Presses these buttons of the lab, visits it, and waits.
async fn press(rosa: &mut Learner, buttons: &[&str], seconds: u64) {
    for button in buttons {
        rosa.browsers[0].post(LAB, &[("do", button)]).await.expect_redirect("/lab/three-clocks#do");
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
    let in_memory = App::in_memory_with(|figment| figment.merge(("teaching", true)));
    let apps = [("find", on(&mongod.uri).await), ("memory", in_memory.await)];
    join_all(apps.iter().map(async |(by, app)| {
        let mut rosa = Learner::new(app, "rosa").await;
        rosa.play(FOLDER, &solution(FOLDER)).await;
        assert!(rosa.is_solved(FOLDER).await, "{by}");
        assert!(rosa.pages.contains(&format!("data-by=\"{by}\"")), "{by}");
        assert!(!rosa.pages.contains("data-by=\"stream\""), "{by}");
    }))
    .await;
}
