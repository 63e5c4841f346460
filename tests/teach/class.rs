//! The page of the class: it shows all students, to the teacher alone.

use mongodb::bson::oid::ObjectId;
use mongodb::bson::{Document, doc};

use crate::class;
use crate::learner::Learner;
use crate::support::lesson::solution;
use crate::support::{App, Browser};

/// A teacher, logged in.
pub async fn teacher(app: &App) -> Browser {
    let mut teacher = app.browser();
    teacher.sign_up("frida").await;
    let users = app.database().collection::<Document>("users");
    let admin = doc! { "$set": { "admin": true } };
    users.update_one(doc! { "username": "frida" }, admin).await.unwrap();
    teacher
}

/// The row of the roster that contains this name.
pub fn line<'p>(page: &'p str, name: &str) -> &'p str {
    let mut lines = page.split("<li class=\"seat").skip(1);
    lines.find(|line| line.contains(name)).unwrap_or_else(|| panic!("no {name} in {page}"))
}

/// The address of this student's page.
pub async fn page_of(teacher: &mut Browser, name: &str) -> String {
    let room = teacher.get("/class").await.body;
    line(&room, name).split_once("href=\"").unwrap().1.split('"').next().unwrap().to_owned()
}

#[rocket::async_test]
async fn the_page_of_the_class_shows_all_students_and_sessions_to_the_teacher_alone() {
    let app = class().await;
    let mut teacher = teacher(&app).await;
    let mut rosa = Learner::new(&app, "rosa").await;
    let folder = "02-ticket-and-coat";
    rosa.play(folder, &solution(folder)).await;
    let mut guest = Learner::guest(&app, "guest");
    guest.predict("05-the-seal").await;
    // Lessons have numbers of their own, which are no positions in the list.
    teacher.get("/class").await.expect_page(200, "<th scope=\"row\">13. ");
    assert_eq!(app.browser().get("/class").await.status, 303);
    assert_eq!(rosa.browsers[0].get("/class").await.status, 403);
    let page = teacher.get("/class").await;
    page.expect_page(200, "data-logged-in=\"1 of 1\" data-sessions=\"3\"");
    assert_eq!(line(&page.body, "rosa").matches("mark--solved").count(), 1);
    assert_eq!(line(&page.body, "not logged in").matches("mark--begun").count(), 1);
}

#[rocket::async_test]
async fn a_line_opens_the_masked_documents_of_a_student_and_ends_them_with_a_reason() {
    let app = class().await;
    let (mut teacher, mut rosa) = (teacher(&app).await, app.browser());
    rosa.sign_up("rosa").await;
    rosa.post("/coat", &[("item", "a very red scarf")]).await;
    let room = teacher.get("/class").await.body;
    let path = line(&room, "rosa").split_once("href=\"").unwrap().1.split('"').next().unwrap();
    let page = teacher.get(path).await.body;
    assert!(page.contains("… (16 characters)") && !page.contains("very red"), "{page}");
    let sid = rosa.session_id().unwrap();
    assert!(page.contains(&sid[..6]) && !page.contains(&sid[..8]), "{page}");
    let session = page.split_once("name=\"session\" value=\"").unwrap().1;
    let session = [("session", session.split('"').next().unwrap())];
    let end = format!("{path}/end");
    assert_eq!(rosa.copy().post(&end, &session).await.status, 403, "not for students");
    assert!(rosa.is_logged_in().await);
    teacher.post(&end, &session).await.expect_redirect(path);
    teacher.get(path).await.expect_flash("sessions-ended");
    let answer = rosa.get("/dashboard").await;
    answer.expect_redirect("/login?next=/dashboard");
    let login = rosa.get("/login?next=/dashboard").await;
    login.expect_ended("by-admin");
    login.expect_page(200, "data-step=\"session-revoked-by-admin\"");
    teacher.get(path).await.expect_page(200, "data-part>away");
}

#[rocket::async_test]
async fn a_teacher_resets_the_lessons_of_one_student_who_stays_logged_in() {
    let app = class().await;
    let mut teacher = teacher(&app).await;
    let (mut rosa, mut oskar) =
        (Learner::new(&app, "rosa").await, Learner::new(&app, "oskar").await);
    let folder = "02-ticket-and-coat";
    rosa.play(folder, &solution(folder)).await;
    oskar.play(folder, &solution(folder)).await;
    let room = teacher.get("/class").await.body;
    let path = line(&room, "rosa").split_once("href=\"").unwrap().1.split('"').next().unwrap();
    teacher.post(&format!("{path}/reset"), &[]).await.expect_redirect(path);
    assert!(!rosa.is_solved(folder).await && oskar.is_solved(folder).await);
    assert!(rosa.browsers[0].is_logged_in().await);
}

/// A student and a visitor ask for each address of the class.
#[rocket::async_test]
async fn students_and_visitors_reach_no_page_of_the_class() {
    let app = class().await;
    let mut rosa = app.browser();
    rosa.sign_up("rosa").await;
    let of_room = app.routes.iter().filter(|(_, path)| path.starts_with("/class"));
    let mut count = 0;
    // The news are for all pages: tests/teach/news.rs.
    for (method, path) in of_room.filter(|(_, path)| path != "/class/news") {
        let path = path.replace("<_>", "the-seal").replace("<who>", "x").replace("<handle>", "x");
        let path = path.replace("<id>", "x").replace("<token>", "x");
        let is_link = path == "/class/teacher/x";
        let (student, visitor) = if method.as_str() == "GET" {
            (rosa.get(&path).await.status, app.browser().get(&path).await.status)
        } else {
            let visitor = app.browser().post(&path, &[("do", "close")]).await.status;
            (rosa.post(&path, &[("do", "close")]).await.status, visitor)
        };
        let expected = match (is_link, method.as_str()) {
            (false, _) => (403, 303),
            (true, "GET") => (404, 404),
            // Back to the page that says that the link does not work.
            (true, _) => (303, 303),
        };
        assert_eq!((student, visitor), expected, "{method} {path}");
        count += 1;
    }
    assert!(count >= 14, "{count}");
    assert_eq!(rosa.get("/admin").await.status, 403);
}

#[rocket::async_test]
async fn unreadable_progress_and_many_guests_hide_no_student() {
    let app = class().await;
    let (mut teacher, mut rosa) = (teacher(&app).await, app.browser());
    rosa.sign_up("rosa").await;
    let users = app.database().collection::<Document>("users");
    let user = users.find_one(doc! { "username": "rosa" }).await.unwrap().unwrap();
    let id = user.get_object_id("_id").unwrap().to_hex();
    let lessons = doc! { "the-seal": { "reached": { "x": "text" } } };
    let odd = doc! { "_id": id, "version": ObjectId::new(), "lessons": lessons };
    app.database().collection::<Document>("progress").insert_one(odd).await.unwrap();
    assert_eq!(rosa.get("/learn/the-seal").await.status, 200);
    let guess = rosa.post("/learn/the-seal/predict", &[("choice", "1")]).await;
    assert_eq!(guess.status, 303, "she starts again: {}", guess.body);
    for _ in 0..120 {
        app.browser().post("/learn/the-seal/predict", &[("choice", "1")]).await;
    }
    let room = teacher.get("/class").await;
    room.expect_page(200, "data-logged-in=\"1 of 1\"");
    room.expect_page(200, "id=\"newest-guests\"");
    assert_eq!(room.body.matches("not logged in</a>").count(), 100);
}
