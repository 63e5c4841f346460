//! The test before and after the lessons: taken once each, while it is open, and counted for the class.

use std::collections::{BTreeMap, BTreeSet};

use mongodb::bson::{Document, doc};
use rocket::figment::Figment;
use rocket::figment::providers::{Format as _, Toml};
use serde::Deserialize;

use crate::class;
use crate::class::teacher;
use crate::support::{Answer, Browser};

const PATH: &str = "/learn/test";

#[derive(Deserialize)]
pub struct Item {
    pub lesson: usize,
    pub ask: Ask,
}

#[derive(Deserialize)]
pub struct Ask {
    pub right: usize,
    pub why: String,
    pub options: Vec<Choice>,
}

#[derive(Deserialize)]
pub struct Choice {
    pub text: String,
    pub misconception: Option<String>,
}

pub fn items() -> Vec<Item> {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/templates/lessons/test.toml");
    Figment::from(Toml::file_exact(file)).extract_inner("items").unwrap()
}

/// Opens a test (`before`, `after`), or closes it (an empty text).
async fn open(teacher: &mut Browser, phase: &str) {
    teacher.post("/class/test", &[("open", phase)][usize::from(phase.is_empty())..]).await;
}

/// Hands in a test with this many right answers. The other questions stay open.
async fn hand_in(student: &mut Browser, phase: &str, right: usize) -> Answer {
    let answers = items().into_iter().take(right).enumerate();
    let answers: Vec<(String, String)> =
        answers.map(|(n, item)| (n.to_string(), item.ask.right.to_string())).collect();
    let fields = answers.iter().map(|(item, option)| (item.as_str(), option.as_str()));
    student.post(PATH, &fields.chain([("test", phase)]).collect::<Vec<_>>()).await
}

/// The numbers of the questions and options, in the order of the page.
fn order(page: &Answer) -> Vec<String> {
    assert_eq!(page.status, 200, "{}", page.body);
    let options = page.body.split("type=\"radio\" name=\"").skip(1);
    // The X-ray has buttons as well.
    let options = options.filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    let options = options.map(|option| {
        let (item, rest) = option.split_once("\" value=\"").unwrap();
        format!("{item}-{}", rest.split('"').next().unwrap())
    });
    options.collect()
}

/// The text of the line on the class page that has this attribute.
fn attribute(page: &str, name: &str) -> Option<String> {
    let (_, rest) = page.split_once(&format!("{name}=\""))?;
    Some(rest.split('"').next()?.to_owned())
}

/// The points in the CSV: before and after.
async fn points(teacher: &mut Browser, name: &str) -> (String, String) {
    let csv = teacher.get("/class/progress.csv").await.body;
    assert!(csv.starts_with("student,test before,test after,http-forgets state,"), "{csv}");
    let line = csv.lines().find(|line| line.starts_with(&format!("\"{name}\","))).unwrap();
    let fields: Vec<&str> = line.split(',').collect();
    (fields[1].to_owned(), fields[2].to_owned())
}

#[rocket::async_test]
async fn a_test_is_shuffled_for_each_student_and_a_reload_shows_the_same_order() {
    let app = class().await;
    let (mut teacher, mut rosa, mut oskar) = (teacher(&app).await, app.browser(), app.browser());
    rosa.sign_up("rosa").await;
    oskar.sign_up("oskar").await;
    rosa.get(PATH).await.expect_page(200, "id=\"closed\"");
    open(&mut teacher, "before").await;
    let first = order(&rosa.get(PATH).await);
    assert_eq!(first.len(), 40);
    assert_eq!(first, order(&rosa.get(PATH).await), "a reload");
    let others = order(&oskar.get(PATH).await);
    assert_ne!(first, others, "another student");
    open(&mut teacher, "after").await;
    let second = order(&rosa.get(PATH).await);
    assert_ne!(first, second, "another test");
    let sets = [&first, &others, &second].map(|order| order.iter().collect::<BTreeSet<_>>());
    assert!(sets[0] == sets[1] && sets[0] == sets[2] && sets[0].len() == 40);
    // Not the questions alone: the options of a question as well.
    let in_file: Vec<String> = (0..4).map(|n| format!("3-{n}")).collect();
    let is_as_in_file = |order: &[String]| order.windows(4).any(|options| options == in_file);
    assert!(![first, others, second].iter().all(|order| is_as_in_file(order)));
    app.browser().get(PATH).await.expect_page(200, "id=\"log-in\"");
    // Pages that are open learn of it, and those that are loaded now.
    for path in ["/class/news?lesson=&version=", "/learn"] {
        app.browser().get(path).await.expect_page(200, "id=\"test-open\"");
    }
    open(&mut teacher, "").await;
    let news = app.browser().get("/class/news?lesson=&version=").await;
    assert!(!news.body.contains("test-open"), "{}", news.body);
}

#[rocket::async_test]
async fn a_test_counts_once_and_only_while_it_is_open() {
    let app = class().await;
    let (mut teacher, mut rosa) = (teacher(&app).await, app.browser());
    rosa.sign_up("rosa").await;
    hand_in(&mut rosa, "before", 3).await.expect_redirect(PATH);
    rosa.get(PATH).await.expect_flash("test-closed");
    open(&mut teacher, "before").await;
    hand_in(&mut rosa, "after", 3).await;
    rosa.get(PATH).await.expect_flash("test-closed");
    assert_eq!(points(&mut teacher, "rosa").await, (String::new(), String::new()));
    for right in [3, 10, 0] {
        hand_in(&mut rosa, "before", right).await.expect_redirect(PATH);
        let page = rosa.get(PATH).await;
        page.expect_flash("test-handed-in");
        assert!(page.body.contains("id=\"handed-in\""), "{}", page.body);
        assert_eq!(points(&mut teacher, "rosa").await, ("3".to_owned(), String::new()));
    }
    // A visitor has no progress to pair.
    let mut guest = app.browser();
    hand_in(&mut guest, "before", 3).await.expect_redirect(PATH);
    guest.get(PATH).await.expect_flash("not-logged-in");
    assert_eq!(guest.session_id(), None, "nothing is stored");
    // A reset of the student deletes the test.
    let room = teacher.get("/class").await.body;
    let line = crate::class::line(&room, "rosa");
    let who = line.split_once("href=\"").unwrap().1.split('"').next().unwrap();
    teacher.post(&format!("{who}/reset"), &[]).await;
    assert_eq!(points(&mut teacher, "rosa").await, (String::new(), String::new()));
    assert_eq!(order(&rosa.get(PATH).await).len(), 40);
}

#[rocket::async_test]
async fn answers_that_the_page_does_not_have_are_none() {
    let app = class().await;
    let mut teacher = teacher(&app).await;
    open(&mut teacher, "before").await;
    let mut rosa = app.browser();
    rosa.sign_up("rosa").await;
    for fields in [&[("test", "never"), ("0", "0")][..], &[("0", "0")]] {
        assert_eq!(rosa.post(PATH, fields).await.status, 400, "{fields:?}");
    }
    for (student, status) in [(&mut rosa, 403), (&mut app.browser(), 303)] {
        assert_eq!(student.post("/class/test", &[("open", "after")]).await.status, status);
    }
    assert_eq!(teacher.post("/class/test", &[("open", "never")]).await.status, 400);
    assert_eq!(order(&rosa.get(PATH).await).len(), 40, "nothing was handed in or opened");
    let right = items()[1].ask.right.to_string();
    let huge = "9".repeat(30);
    let fields = [
        ("test", "before"),
        ("0", "99"),
        ("1", &*right),
        ("2", "-1"),
        ("3", ""),
        ("4", &huge),
        ("10", "0"),
        (&huge, "0"),
        ("tests.after", "0"),
    ];
    rosa.post(PATH, &fields).await.expect_redirect(PATH);
    let progress = app.database().collection::<Document>("progress");
    let stored = progress.find_one(doc! {}).await.unwrap().unwrap();
    let tests = stored.get_document("tests").unwrap();
    assert_eq!(tests.keys().collect::<Vec<_>>(), ["before"]);
    let answers = tests.get_array("before").unwrap();
    let given = answers.iter().map(|answer| answer.as_i64().is_some());
    assert_eq!(given.collect::<Vec<_>>(), (0..10).map(|n| n == 1).collect::<Vec<_>>());
    assert_eq!(points(&mut teacher, "rosa").await.0, "1");
}

#[rocket::async_test]
async fn the_gain_counts_students_with_both_tests_and_no_teacher() {
    let app = class().await;
    let mut teacher = teacher(&app).await;
    let mut students: BTreeMap<&str, Browser> = BTreeMap::new();
    for name in ["rosa", "oskar", "ruth", "late"] {
        let mut student = app.browser();
        student.sign_up(name).await;
        students.insert(name, student);
    }
    let room = teacher.get("/class").await.body;
    assert_eq!(attribute(&room, "data-test").as_deref(), Some("closed"));
    assert_eq!(attribute(&room, "data-paired"), None);
    for (phase, results) in [
        ("before", [("rosa", 2), ("oskar", 4), ("ruth", 0)]),
        ("after", [("rosa", 8), ("oskar", 6), ("late", 10)]),
    ] {
        open(&mut teacher, phase).await;
        for (name, right) in results {
            hand_in(students.get_mut(name).unwrap(), phase, right).await;
        }
        hand_in(&mut teacher, phase, 10).await;
    }
    let room = teacher.get("/class").await.body;
    assert_eq!(attribute(&room, "data-test").as_deref(), Some("after"));
    assert_eq!(attribute(&room, "data-paired").as_deref(), Some("2"));
    // From 30 % to 70 %.
    assert_eq!(attribute(&room, "data-gain").as_deref(), Some("0.57"));
    assert_eq!(points(&mut teacher, "ruth").await, ("0".to_owned(), String::new()));
    assert_eq!(points(&mut teacher, "late").await, (String::new(), "10".to_owned()));
    let key = teacher.get("/class/key").await.body;
    let counts: Vec<&str> =
        key.split("data-counts>").skip(1).map(|rest| rest.split('<').next().unwrap()).collect();
    assert_eq!(counts.len(), 10);
    assert_eq!(
        counts[0],
        "Right before: 2 of 3, not answered: 1. Right after: 3 of 3, not answered: 0."
    );
    assert_eq!(
        counts[9],
        "Right before: 0 of 3, not answered: 3. Right after: 1 of 3, not answered: 2."
    );
}

#[rocket::async_test]
async fn a_class_that_knew_everything_before_has_no_gain() {
    let app = class().await;
    let (mut teacher, mut rosa) = (teacher(&app).await, app.browser());
    rosa.sign_up("rosa").await;
    for phase in ["before", "after"] {
        open(&mut teacher, phase).await;
        hand_in(&mut rosa, phase, 10).await;
    }
    let room = teacher.get("/class").await;
    room.expect_page(200, "data-paired=\"1\"");
    assert_eq!(attribute(&room.body, "data-gain"), None);
    teacher.get("/class/key").await.expect_page(200, "data-paired=\"1\"");
}

#[rocket::async_test]
async fn no_page_says_what_is_right_before_the_second_test_is_closed() {
    let app = class().await;
    let (mut teacher, mut rosa) = (teacher(&app).await, app.browser());
    rosa.sign_up("rosa").await;
    let mut pages = vec![];
    for phase in ["before", "after"] {
        open(&mut teacher, phase).await;
        pages.push(rosa.get(PATH).await);
        pages.push(hand_in(&mut rosa, phase, 4).await);
        pages.push(rosa.get(PATH).await);
        if phase == "before" {
            open(&mut teacher, "").await;
            pages.push(rosa.get(PATH).await);
        }
    }
    pages.push(rosa.get("/learn").await);
    pages.push(rosa.get("/learn/handout").await);
    for page in &pages {
        let text = crate::unescape(&page.body);
        assert!(!text.contains("id=\"results\"") && !text.contains(" right"), "{text}");
        for item in items() {
            assert!(!text.contains(&item.ask.why[..30]), "{text}");
        }
    }
    open(&mut teacher, "").await;
    let page = rosa.get(PATH).await;
    page.expect_page(200, "id=\"results\"");
    let text = crate::unescape(&page.body);
    for item in items() {
        assert!(text.contains(&item.ask.why[..30]), "{text}");
    }
    let mut late = app.browser();
    late.sign_up("late").await;
    assert!(!late.get(PATH).await.body.contains("id=\"results\""));
}
