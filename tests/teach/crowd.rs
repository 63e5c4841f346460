//! Pranks in the class: crowding others out, locking them out, and hiding.

use mongodb::bson::{DateTime, Document, doc};
use rocket::futures::TryStreamExt as _;
use rocket::futures::future::{join, join_all};

use crate::class;
use crate::class::{line, page_of, teacher};
use crate::exchanges;
use crate::labs::fill_counters;
use crate::learner::Learner;
use crate::stream::Events;
use crate::support::{App, PASSWORD, count_commands};

/// Makes `count` copies of a session, which seem to be a minute newer.
async fn copy_session(app: &App, sid: &str, count: usize) {
    let sessions = app.database().collection::<Document>("sessions");
    let own = sessions.find_one(doc! { "_id": sid }).await.unwrap().unwrap();
    let later = DateTime::from_millis(DateTime::now().timestamp_millis() + 60_000);
    let copies = (0..count).map(|number| {
        let mut copy = own.clone();
        copy.insert("_id", format!("{number:032}"));
        copy.insert("createdAt", later);
        copy
    });
    sessions.insert_many(copies).await.unwrap();
}

#[rocket::async_test]
async fn two_thousand_logins_of_one_user_hide_no_other_student() {
    let app = class().await;
    let (mut teacher, mut rosa, mut crowd) = (teacher(&app).await, app.browser(), app.browser());
    rosa.sign_up("rosa").await;
    crowd.sign_up("crowd").await;
    copy_session(&app, &crowd.session_id().unwrap(), 2_100).await;
    let room = teacher.get("/class").await;
    room.expect_page(200, "data-logged-in=\"2 of 2\" data-sessions=\"52\"");
    assert!(!line(&room.body, "rosa").contains("seat--away"));
    let path = page_of(&mut teacher, "crowd").await;
    let page = teacher.get(&path).await.body;
    assert!(page.contains("× 50") && page.contains("older ones"), "{page}");
    assert_eq!(page.matches("name=\"session\"").count(), 50);
}

/// Each visitor can ask for a revealed lesson, as often as they like.
#[rocket::async_test]
async fn a_revealed_lesson_does_not_read_the_class_for_each_request() {
    let app = class().await;
    let mut teacher = teacher(&app).await;
    teacher.post("/class/lessons/the-seal", &[("do", "reveal")]).await;
    let commands = count_commands(app.database(), async {
        let look = async || app.browser().get("/learn/the-seal").await;
        for page in join_all((0..60).map(|_| look())).await {
            page.expect_page(200, "What the class thought");
        }
    });
    // Users, progress and guests are read once, and again if it took longer than two seconds.
    let commands = commands.await;
    assert!((3..=9).contains(&commands.len()), "{commands:?}");
}

#[rocket::async_test]
async fn a_request_under_way_undoes_no_reset() {
    let app = class().await;
    let (mut teacher, mut rosa) = (teacher(&app).await, Learner::new(&app, "rosa").await);
    let path = page_of(&mut teacher, "rosa").await;
    let progress = app.database().collection::<Document>("progress");
    let resets = [format!("{path}/reset"), "/class/lessons/the-seal".to_owned()];
    for (round, reset) in resets.iter().cycle().take(80).enumerate() {
        rosa.predict("05-the-seal").await;
        let mut other = rosa.browsers[0].copy();
        let skip = other.post("/learn/the-seal/skip", &[]);
        let both = join(skip, teacher.post(reset, &[("do", "reset")])).await;
        assert_eq!((both.0.status, both.1.status), (303, 303));
        // The guess is from before both requests, so neither leaves it there.
        let left = doc! { "lessons.the-seal.guess": { "$ne": null } };
        assert_eq!(progress.count_documents(left).await.unwrap(), 0, "round {round}");
    }
}

#[rocket::async_test]
async fn a_reset_ends_a_flood_of_sessions_in_one_go() {
    let app = class().await;
    let (mut teacher, mut guest) = (teacher(&app).await, Learner::guest(&app, "guest"));
    guest.predict("05-the-seal").await;
    copy_session(&app, &guest.browsers[0].session_id().unwrap(), 25_000).await;
    teacher.post("/class/reset", &[("confirmation", "reset")]).await.expect_redirect("/class");
    let sessions = app.database().collection::<Document>("sessions");
    assert_eq!(sessions.count_documents(doc! {}).await.unwrap(), 1, "the teacher's");
}

#[rocket::async_test]
async fn the_teacher_unlocks_a_student_who_was_guessed_at() {
    let app = class().await;
    let (mut teacher, mut rosa) = (teacher(&app).await, app.browser());
    rosa.sign_up("rosa").await;
    let path = page_of(&mut teacher, "rosa").await;
    for _ in 0..40 {
        app.browser().try_log_in("rosa", "a wrong password").await;
    }
    assert_eq!(app.browser().try_log_in("rosa", PASSWORD).await.status, 429);
    teacher.post(&format!("{path}/unlock"), &[]).await.expect_redirect(&path);
    app.browser().try_log_in("rosa", PASSWORD).await.expect_redirect("/dashboard");
    assert_eq!(teacher.post("/class/students/unknown/unlock", &[]).await.status, 404);
}

#[rocket::async_test]
async fn one_button_of_the_room_lets_a_locked_class_try_again() {
    let app = class().await;
    let (mut teacher, mut rosa) = (teacher(&app).await, app.browser());
    rosa.sign_up("rosa").await;
    let path = page_of(&mut teacher, "rosa").await;
    // Two names instead of thirty: the counters of the address are filled in the database.
    for name in ["rosa", "oskar"] {
        app.browser().try_log_in(name, "a wrong password").await.expect_errors(422, 0);
    }
    fill_counters(&app).await;
    let log_in = async || app.browser().try_log_in("rosa", PASSWORD).await.status;
    assert_eq!(log_in().await, 429);
    // The button of one student does not reset the counters of the address, and says so.
    teacher.post(&format!("{path}/unlock"), &[]).await.expect_redirect(&path);
    teacher.get(&path).await.expect_flash("student-unlocked");
    assert_eq!(log_in().await, 429);
    assert_eq!(rosa.post("/class/unlock", &[]).await.status, 403, "not for students");
    assert_eq!(log_in().await, 429);
    teacher.get("/class").await.expect_page(200, "action=\"/class/unlock\"");
    teacher.post("/class/unlock", &[]).await.expect_redirect("/class");
    teacher.get("/class").await.expect_flash("all-unlocked");
    assert_eq!(log_in().await, 303);
    let counters = app.database().collection::<Document>("throttle");
    let locked = doc! { "until": { "$gt": DateTime::now() } };
    assert_eq!(counters.count_documents(locked).await.unwrap(), 0);
}

#[rocket::async_test]
async fn all_listeners_share_one_change_stream() {
    let app = class().await;
    let (teacher, mut rosa) = (teacher(&app).await, app.browser());
    rosa.sign_up("rosa").await;
    let mut listeners = join_all((0..40).map(|_| Events::after(&teacher, ""))).await;
    for listener in &mut listeners {
        listener.read_until("event:changed").await;
    }
    let admin = app.database().client().database("admin");
    let of_database = format!("{}.$cmd", app.database().name());
    let streams = doc! { "ns": of_database, "cursor.tailable": true };
    let operations = doc! { "$currentOp": { "idleCursors": true } };
    let open = admin.aggregate([operations, doc! { "$match": streams }]).await.unwrap();
    let open: Vec<Document> = open.try_collect().await.unwrap();
    assert_eq!(open.len(), 1, "the listeners share one");
    assert_eq!(rosa.get("/dashboard").await.status, 200);
    let more = join_all((0..30).map(async |_| {
        let mut listener = Events::after(&teacher, "").await;
        let read = listener.read_until("event:changed").await;
        (listener, read.contains("retry:10000"))
    }));
    let more = more.await;
    let rejected = more.iter().filter(|(_, is_rejected)| *is_rejected).count();
    assert_eq!(rejected, 6, "64 listen at the same time");
    rosa.post("/logout", &[]).await;
    for mut listener in listeners {
        listener.read_until(r#""what":"delete""#).await;
    }
}

#[rocket::async_test]
async fn the_ledger_does_not_go_back_further_than_a_page_that_reconnects() {
    let app = class().await;
    let (teacher, mut rosa) = (teacher(&app).await, app.browser());
    rosa.sign_up("rosa").await;
    for id in ["0-0", "1-1"] {
        let mut events = Events::after(&teacher, id).await;
        events.read_until("event:changed").await;
        rosa.post("/coat", &[("item", "scarf")]).await;
        let read = events.read_until(r#""what":"update""#).await;
        assert!(!read.contains(r#""what":"insert""#), "{id}: {read}");
    }
}

#[rocket::async_test]
async fn no_spelling_of_its_address_makes_the_class_recorded() {
    let app = class().await;
    let mut teacher = teacher(&app).await;
    for path in ["/class", "//class", "/%63lass", "/class/", "//class//board"] {
        let status = teacher.get(path).await.status;
        assert!([200, 308, 404].contains(&status), "{path} {status}");
    }
    let page = teacher.get("/dashboard").await;
    let list = teacher.get("/xray").await.body;
    assert!(list.contains(&exchanges(&page)[0]), "{list}");
    for part in ["lass", "board"] {
        assert!(
            !list.contains(&format!("/{part}")) && !list.contains(&format!("63{part}")),
            "{list}"
        );
    }
}

#[rocket::async_test]
async fn an_odd_token_is_no_link_and_no_error() {
    let app = class().await;
    let mut rosa = app.browser();
    rosa.sign_up("rosa").await;
    for token in ["%00", "%20", "%C3%A9", "%FF", "%22%3E", "a%2Fb"] {
        let path = format!("/class/teacher/{token}");
        let status = rosa.post(&path, &[]).await.status;
        assert!([303, 404].contains(&status), "{token} {status}");
    }
}
