//! Seats with their cards, and progress as CSV.

use std::collections::BTreeMap;
use std::process::Stdio;

use crate::class;
use crate::class::{line, teacher};
use crate::labs::fill_counters;
use crate::learner::Learner;
use crate::support::lesson::solution;
use crate::support::{App, SECRET, cloakroom, figment};

/// Runs a command on the app's database, and returns its output.
fn run(app: &App, arguments: &[&str]) -> String {
    let mut command = cloakroom(arguments);
    command.env("MONGODB_URI", app.uri()).env("SESSION_SECRET", SECRET).stdin(Stdio::null());
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// An app for a class with the secret that the commands have.
async fn class_with_secret() -> App {
    App::on_mongodb_with(|figment| {
        figment.merge(("teaching", true)).merge(("session.secret", SECRET))
    })
    .await
}

/// The name and the passphrase on each card.
pub fn cards(page: &str) -> Vec<(String, String)> {
    let cards = page.split("<li class=\"seat-card\">").skip(1);
    let text = |card: &str, class: &str| {
        let rest = card.split_once(class).unwrap().1.split_once('>').unwrap().1;
        rest.split_once('<').unwrap().0.to_owned()
    };
    cards.map(|card| (text(card, "seat-card__name"), text(card, "seat-card__words"))).collect()
}

#[rocket::async_test]
async fn seats_log_in_with_the_words_on_their_cards_until_the_class_is_reset() {
    let app = class_with_secret().await;
    let mut teacher = teacher(&app).await;
    teacher.get("/class/cards").await.expect_page(200, "id=\"no-cards\"");
    let output = run(&app, &["seed", "--students", "3"]);
    assert!(output.contains("Seats created: 3."), "{output}");
    // The server notices it after a moment.
    rocket::tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    let first = cards(&teacher.get("/class/cards").await.body);
    let names: Vec<&str> = first.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["seat-01", "seat-02", "seat-03"]);
    for (name, words) in &first {
        assert_eq!(words.split(' ').count(), 4, "{words}");
        let mut student = app.browser();
        student.try_log_in(name, words).await.expect_redirect("/dashboard");
        assert_eq!(student.get("/class/cards").await.status, 403);
    }
    assert!(run(&app, &["seed", "--students", "4"]).contains("Seats created: 1."));
    // Another server's secret gives other words: the database alone does not tell them.
    let settings = figment().merge(("mongodb.uri", app.uri())).merge(("teaching", true));
    let stranger = App::with(settings.merge(("session.secret", SECRET.to_uppercase()))).await;
    let mut another = stranger.browser();
    another.log_in("frida").await;
    let others = cards(&another.get("/class/cards").await.body);
    assert!(first.iter().zip(&others).all(|(ours, theirs)| ours.1 != theirs.1), "{others:?}");

    assert!(run(&app, &["reset"]).contains("Nothing was reset."), "reset was not typed");
    let output = run(&app, &["reset", "--yes"]);
    assert!(output.contains("Accounts deleted: 4. Sessions ended: 3."), "{output}");
    assert!(teacher.is_logged_in().await, "the teacher stays");
    run(&app, &["seed", "--students", "3"]);
    rocket::tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    let second = cards(&teacher.get("/class/cards").await.body);
    assert_eq!(second.len(), 3);
    assert!(first.iter().zip(&second).all(|(old, new)| old.1 != new.1), "old cards are worthless");
}

#[rocket::async_test]
async fn the_words_on_a_card_get_in_although_strangers_have_used_up_the_attempts() {
    let app = class_with_secret().await;
    let mut teacher = teacher(&app).await;
    run(&app, &["seed", "--students", "2"]);
    rocket::tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    let cards = cards(&teacher.get("/class/cards").await.body);
    app.browser().register("rosa").await;
    for name in ["seat-01", "seat-02", "rosa"] {
        app.browser().try_log_in(name, "wrong horse battery").await.expect_errors(422, 0);
    }
    fill_counters(&app).await;
    let log_in = async |name: &str, words: &str| app.browser().try_log_in(name, words).await.status;
    for (name, words) in &cards {
        assert_eq!(log_in(name, words).await, 303, "{name}");
        assert_eq!(log_in(name, "wrong horse battery").await, 429, "a guess");
    }
    assert_eq!(log_in("seat-01", &cards[1].1).await, 429, "the words of another seat");
    assert_eq!(log_in("rosa", crate::support::PASSWORD).await, 429, "no seat");
    // A card is useless once its owner has another password.
    let mut student = app.browser();
    student.try_log_in("seat-01", &cards[0].1).await.expect_redirect("/dashboard");
    let fields = [("current", cards[0].1.as_str()), ("new", "a better horse battery")];
    student.post("/account/password", &fields).await.expect_redirect("/account");
    assert_eq!(log_in("seat-01", &cards[0].1).await, 429);
    assert_eq!(log_in("seat-01", "a better horse battery").await, 429);
}

#[rocket::async_test]
async fn a_seat_whose_name_a_student_registered_has_no_card_and_is_named() {
    let app = class_with_secret().await;
    let (mut teacher, mut early) = (teacher(&app).await, app.browser());
    early.sign_up("Seat-02").await;
    app.browser().register("seat-2").await;
    for (students, made) in [("3", "Seats created: 2."), ("4", "Seats created: 1.")] {
        let output = run(&app, &["seed", "--students", students]);
        assert!(output.contains(made), "{output}");
        assert!(output.contains("registered the names themselves: seat-02\n"), "{output}");
    }
    rocket::tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    let page = teacher.get("/class/cards").await.body;
    assert!(page.contains("<span data-taken>seat-02</span>"), "{page}");
    let first = cards(&page);
    let names: Vec<&str> = first.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["seat-01", "seat-03", "seat-04"]);
    for (name, words) in &first {
        app.browser().try_log_in(name, words).await.expect_redirect("/dashboard");
    }
    // An account that was deleted and registered again is no longer a seat.
    let mut leaver = app.browser();
    leaver.try_log_in(&first[0].0, &first[0].1).await;
    leaver.post("/account/delete", &[("password", &first[0].1)]).await;
    app.browser().register("seat-01").await;
    let page = teacher.get("/class/cards").await.body;
    assert!(page.contains("<span data-taken>seat-01, seat-02</span>"), "{page}");
    assert_eq!(cards(&page).len(), 2);
}

#[rocket::async_test]
async fn progress_is_a_csv_without_secrets_or_addresses() {
    let app = class().await;
    let mut teacher = teacher(&app).await;
    let mut rosa = Learner::new(&app, "rosa").await;
    let folder = "02-ticket-and-coat";
    rosa.play(folder, &solution(folder)).await;
    rosa.predict("05-the-seal").await;
    app.browser().register("=1+\"1,").await;
    let csv = teacher.get("/class/progress.csv").await;
    assert!(csv.body.contains("\n\"'=1+\"\"1,\","), "no formula: {}", csv.body);
    assert_eq!(csv.header("content-type"), Some("text/csv; charset=utf-8"));
    assert_eq!(csv.header("content-disposition"), Some("attachment; filename=\"progress.csv\""));
    let lines: Vec<&str> = csv.body.lines().collect();
    assert!(lines[1].starts_with("\"'=1+"), "by name, also those who are away: {}", csv.body);
    let rosa_s = lines.iter().find(|line| line.starts_with("\"rosa\",")).expect("a line");
    let cells: BTreeMap<&str, &str> = lines[0].split(',').zip(rosa_s.split(',')).collect();
    for (column, expected) in [
        ("ticket-and-coat state", "solved"),
        ("ticket-and-coat prediction", "right"),
        ("ticket-and-coat goals", "2 of 2"),
        ("ticket-and-coat tries", "2"),
        ("ticket-and-coat minutes", "0"),
        ("the-seal state", "begun"),
        ("the-seal prediction", "wrong"),
        ("the-seal tries", "0"),
        ("the-seal minutes", ""),
        ("http-forgets state", ""),
        ("http-forgets goals", ""),
    ] {
        assert_eq!(cells.get(column), Some(&expected), "{column}: {}", csv.body);
    }
    let room = teacher.get("/class").await.body;
    let path = line(&room, "rosa").split_once("href=\"").unwrap().1.split('"').next().unwrap();
    let cells = [("Goals", "2 of 2"), ("Tries", "2"), ("Minutes", "0")];
    let cells = cells.map(|(label, text)| format!("<td data-label=\"{label}\">{text}</td>"));
    teacher.get(path).await.expect_page(200, &cells.concat());
    assert!(!csv.body.contains("127.0.0.1"));
    assert_eq!(rosa.browsers[0].get("/class/progress.csv").await.status, 403);
}
