//! The teacher's settings and the reset, on two instances.

use std::time::Duration;

use mongodb::bson::{DateTime, Document, doc};
use rocket::futures::future::join_all;
use rocket::tokio::time::sleep;

use crate::class::teacher;
use crate::learner::Learner;
use crate::stream::Events;
use crate::support::lesson::solution;
use crate::support::{App, Browser, PASSWORD};

/// Two instances on one database, with a teacher who is logged in to the first.
async fn two() -> (App, App, Browser) {
    let first = crate::class().await;
    let second = App::on_with(first.uri(), |figment| figment.merge(("teaching", true))).await;
    let teacher = teacher(&first).await;
    (first, second, teacher)
}

/// Waits until the page has this text: the other instance notices a change after a moment.
async fn expect_soon(browser: &mut Browser, path: &str, status: u16, text: &str) {
    for _ in 0..60 {
        let page = browser.get(path).await;
        if page.status == status && page.body.contains(text) {
            return;
        }
        sleep(Duration::from_millis(50)).await;
    }
    browser.get(path).await.expect_page(status, text);
}

#[rocket::async_test]
async fn a_line_is_on_every_page_of_every_instance_until_it_is_removed() {
    let (first, second, mut teacher) = two().await;
    let line = "Please look <b>up</b>";
    teacher.post("/class/line", &[("line", line)]).await.expect_redirect("/class");
    for app in [&first, &second] {
        expect_soon(&mut app.browser(), "/login", 200, "Please look &lt;b&gt;up").await;
    }
    teacher.post("/class/line", &[("line", " ")]).await;
    assert!(!first.browser().get("/login").await.body.contains("teacher says"));
}

#[rocket::async_test]
async fn a_closed_lesson_is_closed_for_students_on_every_instance() {
    let (first, second, mut teacher) = two().await;
    let mut rosa = first.browser();
    rosa.sign_up("rosa").await;
    let close = [("do", "close")];
    teacher.post("/class/lessons/the-seal", &close).await.expect_redirect("/class#the-seal");
    for app in [&first, &second] {
        let mut browser = app.browser().with_jar_of(&rosa);
        expect_soon(&mut browser, "/learn/the-seal", 403, "id=\"closed\"").await;
        expect_soon(&mut browser, "/lab/the-seal", 403, "id=\"closed\"").await;
        browser.get("/learn").await.expect_page(200, "closed for now");
        browser.get("/learn/no-secrets").await.expect_page(200, "No secrets in cookies");
    }
    let answer = rosa.post("/learn/the-seal/predict", &[("choice", "1")]).await;
    assert_eq!(answer.status, 403);
    assert_eq!(teacher.get("/learn/the-seal").await.status, 200);
    teacher.post("/class/lessons/the-seal", &[("do", "open")]).await;
    assert_eq!(rosa.get("/learn/the-seal").await.status, 200);
    // Students and visitors may not.
    for path in ["/class/lessons/the-seal", "/class/line", "/class/reset"] {
        assert_eq!(rosa.post(path, &[("do", "close")]).await.status, 403, "{path}");
        assert_eq!(first.browser().post(path, &[]).await.status, 303, "{path}");
    }
}

#[rocket::async_test]
async fn guesses_are_shown_as_bars_when_the_teacher_says_so() {
    let (first, _, mut teacher) = two().await;
    let (mut rosa, mut oskar) =
        (Learner::new(&first, "rosa").await, Learner::new(&first, "oskar").await);
    let path = "/learn/the-seal";
    rosa.predict("05-the-seal").await;
    oskar.browsers[0].post("/learn/the-seal/predict", &[("choice", "1")]).await;
    assert!(!rosa.browsers[0].get(path).await.body.contains("What the class thought"));
    teacher.get("/class").await.expect_page(200, "1 of 2");
    teacher.post("/class/lessons/the-seal", &[("do", "reveal")]).await;
    let page = rosa.browsers[0].get(path).await;
    page.expect_page(200, "What the class thought");
    assert_eq!(page.body.matches("1 of 2 students").count(), 2);
    teacher.post("/class/lessons/the-seal", &[("do", "hide")]).await;
    assert!(!rosa.browsers[0].get(path).await.body.contains("What the class thought"));
    // The lesson is reset for all.
    teacher.post("/class/lessons/the-seal", &[("do", "reset")]).await;
    teacher.get("/class").await.expect_page(200, "data-students=\"0 of 0\"");
}

#[rocket::async_test]
async fn a_bar_counts_who_learns_and_is_still_there_and_guests_apart() {
    let (first, _, mut teacher) = two().await;
    let mut rosa = Learner::new(&first, "rosa").await;
    let mut guest = Learner::guest(&first, "guest");
    rosa.predict("05-the-seal").await;
    guest.predict("05-the-seal").await;
    teacher.post("/learn/the-seal/predict", &[("choice", "1")]).await;
    for _ in 0..3 {
        let mut another = Learner::guest(&first, "another");
        another.browsers[0].post("/learn/the-seal/predict", &[("choice", "1")]).await;
    }
    for path in ["/class", "/learn/the-seal"] {
        let page = teacher.get(path).await;
        page.expect_page(200, "data-students=\"1 of 1\"");
        page.expect_page(200, "data-guests=\"3 of 4\"");
        teacher.post("/class/lessons/the-seal", &[("do", "reveal")]).await;
    }
    let users = first.database().collection::<Document>("users");
    users.delete_one(doc! { "username": "rosa" }).await.unwrap();
    let room = teacher.get("/class").await;
    room.expect_page(200, "data-guests=\"1 of 4\"");
    room.expect_page(200, "data-students=\"0 of 0\"");
    room.expect_page(200, "data-logged-in=\"0 of 0\"");
}

#[rocket::async_test]
async fn a_guest_cannot_ask_for_help() {
    let (first, _, mut teacher) = two().await;
    let mut guest = Learner::guest(&first, "guest");
    guest.predict("05-the-seal").await;
    let page = guest.browsers[0].get("/learn/the-seal").await;
    assert!(page.status == 200 && !page.body.contains("Ask for help"), "{}", page.body);
    guest.press("05-the-seal", "help").await;
    assert!(!teacher.get("/class").await.body.contains("seat--help"));
}

#[rocket::async_test]
async fn a_student_who_asks_for_help_is_listed_first_until_helped() {
    let (first, _, mut teacher) = two().await;
    let (mut rosa, mut zoe) =
        (Learner::new(&first, "rosa").await, Learner::new(&first, "zoe").await);
    rosa.predict("05-the-seal").await;
    zoe.press("05-the-seal", "help").await;
    let room = teacher.get("/class").await.body;
    let place = |name: &str| room.find(&format!("<bdi>{name}</bdi></a>")).unwrap();
    assert!(place("zoe") < place("rosa"), "{room}");
    assert!(room.contains("! help, 0 min"), "{room}");
    let before = room.split_once("<bdi>zoe</bdi>").unwrap().0;
    let who = before.rsplit_once("/class/students/").unwrap().1.split('"').next().unwrap();
    teacher.post(&format!("/class/students/{who}/helped"), &[]).await.expect_redirect("/class");
    let room = teacher.get("/class").await;
    room.expect_flash("student-helped");
    assert!(!room.body.contains("seat--help"));
}

#[rocket::async_test]
async fn a_reset_leaves_the_teacher_alone_in_a_clean_class_and_keeps_a_file() {
    let (first, second, mut teacher) = two().await;
    let mut rosa = Learner::new(&first, "rosa").await;
    let folder = "02-ticket-and-coat";
    rosa.play(folder, &solution(folder)).await;
    let mut oskar = second.browser();
    oskar.sign_up("oskar").await;
    rosa.browsers[0].post("/lab/the-seal", &[("do", "new")]).await;
    teacher.post("/class/line", &[("line", "hello")]).await;
    let refused = teacher.post("/class/reset", &[("confirmation", "yes")]).await;
    refused.expect_error_at(422, "confirmation");
    assert!(rosa.browsers[0].is_logged_in().await);

    let indexes = async |name: &str| {
        let collection = first.database().collection::<Document>(name);
        collection.list_index_names().await.unwrap()
    };
    let (sessions, users) = (indexes("sessions").await, indexes("users").await);
    teacher.post("/class/reset", &[("confirmation", "reset")]).await.expect_redirect("/class");
    teacher.get("/class").await.expect_flash("class-reset");
    let room = teacher.get("/class").await;
    room.expect_page(200, "data-logged-in=\"0 of 0\" data-sessions=\"1\"");
    // The old sessions have ended on each instance, and their browsers show why.
    for (app, browser) in [(&second, &rosa.browsers[0]), (&first, &oskar)] {
        let mut browser = app.browser().with_jar_of(browser);
        browser.get("/dashboard").await.expect_redirect("/login?next=/dashboard");
        browser.get("/login").await.expect_ended("class-reset");
    }
    rosa.browsers[0].try_log_in("rosa", PASSWORD).await.expect_errors(422, 0);
    rosa.browsers[0].sign_up("rosa").await;
    assert!(!rosa.is_solved(folder).await);
    assert_eq!((sessions, users), (indexes("sessions").await, indexes("users").await));
    for name in ["progress", "lab_sessions"] {
        let collection = first.database().collection::<Document>(name);
        assert_eq!(collection.count_documents(doc! {}).await.unwrap(), 0, "{name}");
    }
    expect_soon(&mut second.browser(), "/learn", 200, "class=\"lessons\"").await;
    assert!(!second.browser().get("/learn").await.body.contains("teacher says"));
}

/// Other tests save backups to the same folder, so all files in it are checked.
#[cfg(unix)]
#[rocket::async_test]
async fn a_backup_is_for_its_owner_also_in_a_folder_that_was_open() {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt as _;
    use std::path::Path;

    let (_first, _second, mut teacher) = two().await;
    let folder = Path::new(".data/class");
    fs::create_dir_all(folder).unwrap();
    fs::set_permissions(folder, Permissions::from_mode(0o777)).unwrap();
    teacher.post("/class/reset", &[("confirmation", "reset")]).await.expect_redirect("/class");
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(folder), 0o700);
    let files: Vec<_> = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    assert!(!files.is_empty() && files.iter().all(|file| mode(file) == 0o600), "{files:?}");
}

#[rocket::async_test]
async fn a_reset_finds_sessions_behind_any_number_of_the_teachers() {
    let (first, _, mut teacher) = two().await;
    let mut rosa = first.browser();
    rosa.sign_up("rosa").await;
    let sessions = first.database().collection::<Document>("sessions");
    let own = doc! { "_id": teacher.session_id().unwrap() };
    let own = sessions.find_one(own).await.unwrap().unwrap();
    let later = DateTime::from_millis(DateTime::now().timestamp_millis() + 60_000);
    let copies = (0..1_200).map(|number| {
        let mut copy = own.clone();
        copy.insert("_id", format!("{number:032}"));
        copy.insert("createdAt", later);
        copy
    });
    sessions.insert_many(copies).await.unwrap();
    teacher.post("/class/reset", &[("confirmation", "reset")]).await.expect_redirect("/class");
    assert_eq!(sessions.count_documents(doc! {}).await.unwrap(), 1_201);
    rosa.get("/dashboard").await.expect_redirect("/login?next=/dashboard");
}

#[rocket::async_test]
async fn the_ledger_tells_of_both_instances_and_resumes_without_a_gap() {
    let (_first, second, teacher) = two().await;
    let mut events = Events::after(&teacher, "").await;
    events.read_until("event:changed").await;
    let mut rosa = second.browser();
    rosa.sign_up("rosa").await;
    let sid = rosa.session_id().unwrap();
    let short_id = &sid[..6];
    let line = format!(r#"{{"what":"insert","short_id":"{short_id}…","keys":[]}}"#);
    let read = events.read_until(&line).await;
    let id = read.rsplit("\nid:").next().unwrap().split('\n').next().unwrap().to_owned();
    let in_hex = |text: &str| text.bytes().map(|byte| format!("{byte:02x}")).collect::<String>();
    let (text, whole) = (read.to_lowercase(), in_hex(&sid[..12]));
    assert!(!text.contains(&whole), "MongoDB's resume token has the id of the session in it");
    drop(events);
    // Changes without a listener are sent afterwards.
    rosa.post("/coat", &[("item", "scarf")]).await;
    rosa.post("/logout", &[]).await;
    let mut events = Events::after(&teacher, &id).await;
    let read = events.read_until(r#""what":"delete""#).await;
    let update = format!(r#"{{"what":"update","short_id":"{short_id}…","keys":["#);
    assert!(read.contains(&update), "{read}");
    assert!(!read.contains("scarf") && !read.contains(&sid), "{read}");
    let mut events = Events::after(&teacher, "no such token").await;
    events.read_until("event:changed").await;
}

#[rocket::async_test]
async fn no_click_of_the_teacher_is_lost_on_two_instances() {
    let (first, second, teacher) = two().await;
    let slugs = ["http-forgets", "ticket-and-coat", "one-jar", "the-seal", "no-secrets"];
    let clicks = slugs.iter().enumerate().map(async |(n, slug)| {
        let app = if n % 2 == 0 { &first } else { &second };
        let mut browser = app.browser().with_jar_of(&teacher);
        let answer = browser.post(&format!("/class/lessons/{slug}"), &[("do", "close")]).await;
        assert_eq!(answer.status, 303, "{}", answer.body);
    });
    join_all(clicks).await;
    for app in [&first, &second] {
        let mut browser = app.browser();
        for _ in 0..60 {
            if browser.get("/learn").await.body.matches("closed for now").count() == 5 {
                break;
            }
            sleep(Duration::from_millis(50)).await;
        }
        assert_eq!(browser.get("/learn").await.body.matches("closed for now").count(), 5);
    }
}
