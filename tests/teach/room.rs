//! The room: who is here, who needs help, and how far the class is.

use mongodb::bson::oid::ObjectId;
use mongodb::bson::{DateTime, Document, doc};

use crate::class;
use crate::class::{line, page_of, teacher};
use crate::learner::Learner;
use crate::support::{App, Browser};

/// The place of this student in the room.
fn place(room: &str, name: &str) -> usize {
    room.find(&format!("<bdi>{name}</bdi></a>")).unwrap_or_else(|| panic!("no {name} in {room}"))
}

fn minutes_ago(minutes: i64) -> i64 {
    DateTime::now().timestamp_millis() - minutes * 60_000
}

/// Lets the session of this browser seem to be from earlier.
async fn age_session(app: &App, browser: &Browser, created: i64, seen: i64) {
    let sessions = app.database().collection::<Document>("sessions");
    let [created, seen] =
        [created, seen].map(|minutes| DateTime::from_millis(minutes_ago(minutes)));
    let set = doc! { "$set": { "createdAt": created, "lastModified": seen } };
    let own = doc! { "_id": browser.session_id().unwrap() };
    assert_eq!(sessions.update_one(own, set).await.unwrap().modified_count, 1);
}

async fn set_progress(app: &App, name: &str, set: Document) {
    let users = app.database().collection::<Document>("users");
    let user = users.find_one(doc! { "username": name }).await.unwrap().unwrap();
    let id = user.get_object_id("_id").unwrap().to_hex();
    let progress = app.database().collection::<Document>("progress");
    let mut set = set;
    set.insert("version", ObjectId::new());
    progress.update_one(doc! { "_id": id }, doc! { "$set": set }).await.unwrap();
}

#[rocket::async_test]
async fn help_ends_with_the_session_and_with_the_day_and_the_absent_are_below() {
    let app = class().await;
    let mut teacher = teacher(&app).await;
    let (mut all, mut phone) = (vec![], app.browser());
    for name in ["anna", "bert", "carl", "dora"] {
        let mut student = Learner::new(&app, name).await;
        if name == "bert" {
            // Another session, which is older than the request for help and stays.
            phone.log_in(name).await;
        }
        student.predict("05-the-seal").await;
        student.press("05-the-seal", "help").await;
        all.push(student);
    }
    let room = teacher.get("/class").await.body;
    assert_eq!(room.matches("seat--help").count(), 4, "{room}");
    // Anna logs out. Bert logs in again. Carl asked yesterday. Dora stays.
    all[0].browsers[0].post("/logout", &[]).await;
    all[1].browsers[0].post("/logout", &[]).await;
    all[1].browsers[0].log_in("bert").await;
    age_session(&app, &all[2].browsers[0], 25 * 60, 0).await;
    set_progress(&app, "carl", doc! { "help": minutes_ago(24 * 60) }).await;
    let room = teacher.get("/class").await.body;
    assert_eq!(room.matches("seat--help").count(), 1, "{room}");
    assert!(line(&room, "dora").starts_with(" seat--help"));
    assert!(line(&room, "anna").starts_with(" seat--away"));
    let places = ["dora", "bert", "carl", "anna"].map(|name| place(&room, name));
    assert!(places.is_sorted(), "{places:?}");
    assert!(room.contains("data-logged-in=\"3 of 4\""), "{room}");
}

#[rocket::async_test]
async fn stuck_counts_the_minutes_of_this_session_and_no_longer_than_a_day() {
    let app = class().await;
    let mut teacher = teacher(&app).await;
    let mut rosa = Learner::new(&app, "rosa").await;
    rosa.predict("05-the-seal").await;
    for (guessed, logged_in, expected) in [
        (50, 60, Some("stuck, 50 min")),
        (20, 60, None),
        // The guess is from yesterday: only today counts.
        (24 * 60, 30, Some("stuck, 30 min")),
        (24 * 60, 5, None),
        (24 * 60, 25 * 60, None),
    ] {
        let at = minutes_ago(guessed);
        set_progress(&app, "rosa", doc! { "lessons.the-seal.guess.at": at }).await;
        age_session(&app, &rosa.browsers[0], logged_in, 0).await;
        let room = teacher.get("/class").await.body;
        let row = line(&room, "rosa");
        assert_eq!(row.contains("seat--stuck"), expected.is_some(), "{guessed} {logged_in}: {row}");
        assert!(expected.is_none_or(|text| row.contains(text)), "{row}");
    }
}

#[rocket::async_test]
async fn last_seen_is_the_last_request_and_not_the_last_write() {
    let app = class().await;
    let (mut teacher, mut rosa) = (teacher(&app).await, app.browser());
    rosa.sign_up("rosa").await;
    // A store that has not written for four minutes, because `touch_after` is five.
    age_session(&app, &rosa, 30, 4).await;
    rosa.get("/dashboard").await.expect_page(200, "rosa");
    let path = page_of(&mut teacher, "rosa").await;
    for page in ["/class", &path] {
        let page = teacher.get(page).await.body;
        let row = if page.contains("data-room") && page.contains("<li class=\"seat") {
            line(&page, "rosa").to_owned()
        } else {
            page
        };
        assert!(row.contains("here, <time") && row.contains("just now"), "{row}");
    }
    // Another process has answered the student: this one knows the last write only.
    let other = App::on_with(app.uri(), |figment| figment.merge(("teaching", true))).await;
    let mut another = other.browser().with_jar_of(&teacher);
    let room = another.get("/class").await.body;
    assert!(line(&room, "rosa").contains("4 minutes ago"), "{room}");
    age_session(&app, &rosa, 200, 61).await;
    let room = another.get("/class").await.body;
    assert!(line(&room, "rosa").starts_with(" seat--away"), "{room}");
}

#[rocket::async_test]
async fn the_room_has_the_numbers_of_each_lesson() {
    let app = class().await;
    let mut teacher = teacher(&app).await;
    let (mut rosa, mut oskar) =
        (Learner::new(&app, "rosa").await, Learner::new(&app, "oskar").await);
    let folder = "02-ticket-and-coat";
    rosa.play(folder, &crate::support::lesson::solution(folder)).await;
    rosa.predict("05-the-seal").await;
    oskar.choose("05-the-seal", 1).await;
    let room = teacher.get("/class").await.body;
    let row = |slug: &str| {
        let row = room.split_once(&format!("<tr id=\"{slug}\">")).unwrap().1;
        row.split_once("</tr>").unwrap().0.to_owned()
    };
    let solved = row("ticket-and-coat");
    for cell in ["Solved\">1<", "right\">1 of 1<", "tries\">2<", "minutes\">0<"] {
        assert!(solved.contains(cell), "{cell}: {solved}");
    }
    let begun = row("the-seal");
    for cell in ["Solved\">0<", "right\">1 of 2<", "tries\">–<", "minutes\">–<"] {
        assert!(begun.contains(cell), "{cell}: {begun}");
    }
    let of_rosa = line(&room, "rosa");
    assert!(of_rosa.contains("mark--wrong") && of_rosa.contains("5: 0 of 7 goals"), "{of_rosa}");
}
