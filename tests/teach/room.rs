//! The room: who is here and who needs help, and what the teacher does with an account, a seat, the address.

use mongodb::bson::oid::ObjectId;
use mongodb::bson::{DateTime, Document, doc};
use rocket::futures::future::join;

use crate::class;
use crate::class::{line, teacher};
use crate::learner::Learner;
use crate::support::{App, Browser, PASSWORD};

/// The address of this student's page.
async fn page_of(teacher: &mut Browser, name: &str) -> String {
    let room = teacher.get("/class").await.body;
    line(&room, name).split_once("href=\"").unwrap().1.split('"').next().unwrap().to_owned()
}

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
    let mut all = vec![];
    for name in ["anna", "bert", "carl", "dora"] {
        let mut student = Learner::new(&app, name).await;
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

/// The text of the page that shows a new password.
fn new_words(page: &str) -> String {
    let words = page.split_once("translate=\"no\"><code>").expect(page).1;
    words.split_once("</code>").unwrap().0.to_owned()
}

#[rocket::async_test]
async fn new_words_are_shown_once_and_end_the_sessions_of_the_student_alone() {
    let app = class().await;
    let (mut teacher, mut rosa) = (teacher(&app).await, app.browser());
    rosa.sign_up("rosa").await;
    let mut oskar = app.browser();
    oskar.sign_up("oskar").await;
    let path = page_of(&mut teacher, "rosa").await;
    let (words, own) = (format!("{path}/words"), [("password", PASSWORD)]);
    assert_eq!(oskar.post(&words, &own).await.status, 403, "not for students");
    // Not without the teacher's own password, and not from another site.
    teacher.post(&words, &[]).await.expect_error_at(422, "words-password");
    let wrong = teacher.post(&words, &[("password", "wrong horse battery")]).await;
    wrong.expect_error_at(422, "words-password");
    assert!(rosa.is_logged_in().await);
    let page = teacher.post(&words, &own).await;
    page.expect_page(200, "id=\"new-password\"");
    let new = new_words(&page.body);
    assert_eq!(new.split(' ').count(), 4, "{new}");
    assert!(!teacher.jar.values().any(|value| value.contains(new.split(' ').next().unwrap())));
    assert!(!teacher.get(&path).await.body.contains(&new), "it is shown once");
    assert!(!rosa.is_logged_in().await && oskar.is_logged_in().await);
    rosa.get("/login").await.expect_page(200, "data-ended=\"password-reset\"");
    rosa.try_log_in("rosa", PASSWORD).await.expect_errors(422, 0);
    rosa.try_log_in("rosa", &new).await.expect_redirect("/dashboard");
    // The teacher's password was confirmed a moment ago.
    teacher.post(&words, &[]).await.expect_page(200, "id=\"new-password\"");
}

#[rocket::async_test]
async fn a_deleted_student_leaves_nothing_behind() {
    let app = class().await;
    let (mut teacher, mut rosa) = (teacher(&app).await, Learner::new(&app, "rosa").await);
    rosa.predict("05-the-seal").await;
    let request = crate::exchanges(&rosa.browsers[0].get("/dashboard").await)[0].clone();
    let path = page_of(&mut teacher, "rosa").await;
    let put = [("do", "request"), ("request", request.as_str())];
    teacher.post("/class/board", &put).await;
    teacher.get("/class").await.expect_page(200, "data-on-board>");
    let (delete, sure) = (format!("{path}/delete"), [("sure", "on"), ("password", PASSWORD)]);
    // Not without a tick, and not without the password.
    teacher.post(&delete, &sure[1..]).await.expect_errors(422, 0);
    teacher.post(&delete, &sure[..1]).await.expect_error_at(422, "delete-password");
    assert!(rosa.browsers[0].is_logged_in().await);
    teacher.post(&delete, &sure).await.expect_redirect("/class");
    teacher.get("/class").await.expect_flash("student-deleted");
    assert!(!rosa.browsers[0].is_logged_in().await);
    rosa.browsers[0].get("/login").await.expect_ended("account-deleted");
    let who = path.rsplit('/').next().unwrap();
    let count = async |name: &str, filter: Document| {
        let collection = app.database().collection::<Document>(name);
        collection.count_documents(filter).await.unwrap()
    };
    assert_eq!(count("users", doc! { "username": "rosa" }).await, 0);
    assert_eq!(count("progress", doc! { "_id": who }).await, 0);
    assert_eq!(count("sessions", doc! { "user": who }).await, 0);
    assert_eq!(teacher.get(&path).await.status, 404);
    assert_eq!(teacher.post(&delete, &sure).await.status, 404);
    assert_eq!(rosa.browsers[0].get(&format!("/xray/{request}")).await.status, 404);
    teacher.get("/class").await.expect_page(200, "data-on-board=\"gone\"");
    // The name is free again, and the account is a new one.
    rosa.browsers[0].sign_up("rosa").await;
    assert_ne!(page_of(&mut teacher, "rosa").await, path);
}

#[rocket::async_test]
async fn no_button_reaches_the_account_of_a_teacher() {
    let app = class().await;
    let mut first = teacher(&app).await;
    let mut second = app.browser();
    second.sign_up("gerda").await;
    let users = app.database().collection::<Document>("users");
    let admin = doc! { "$set": { "admin": true } };
    users.update_one(doc! { "username": "gerda" }, admin).await.unwrap();
    for name in ["frida", "gerda"] {
        let user = users.find_one(doc! { "username": name }).await.unwrap().unwrap();
        let path = format!("/class/students/{}", user.get_object_id("_id").unwrap().to_hex());
        let page = first.get(&path).await;
        page.expect_page(200, "Failed logins");
        assert!(!page.body.contains("/words\"") && !page.body.contains("/delete\""));
        for button in ["words", "delete"] {
            let form = [("password", PASSWORD), ("sure", "on")];
            assert_eq!(first.post(&format!("{path}/{button}"), &form).await.status, 404, "{name}");
        }
    }
    assert!(first.is_logged_in().await && second.is_logged_in().await);
    for who in ["x", "65a1b2c3d4e5f60718293a4b"] {
        for button in ["words", "delete", "end", "helped", "x"] {
            let path = format!("/class/students/{who}/{button}");
            assert_eq!(first.post(&path, &[("sure", "on")]).await.status, 404, "{path}");
        }
    }
}

#[rocket::async_test]
async fn one_button_makes_forty_seats_and_a_new_card_changes_one() {
    let app = class().await;
    let mut teacher = teacher(&app).await;
    app.browser().register("seat-07").await;
    teacher.get("/class/cards").await.expect_page(200, "action=\"/class/seats\"");
    let mut again = teacher.copy();
    let both = join(teacher.post("/class/seats", &[]), again.post("/class/seats", &[])).await;
    both.0.expect_redirect("/class/cards");
    both.1.expect_redirect("/class/cards");
    let cards = async |teacher: &mut Browser| {
        let page = teacher.get("/class/cards").await.body;
        crate::sheets::cards(&page)
    };
    let first = cards(&mut teacher).await;
    assert_eq!(first.len(), 39, "the name seat-07 is taken");
    teacher.post("/class/seats", &[]).await.expect_redirect("/class/cards");
    assert_eq!(cards(&mut teacher).await, first, "nothing changes");
    teacher.get("/class/cards").await.expect_page(200, "<span data-taken>seat-07</span>");

    let (name, old) = first[0].clone();
    let path = page_of(&mut teacher, &name).await;
    let page = teacher.post(&format!("{path}/words"), &[("password", PASSWORD)]).await;
    let new = new_words(&page.body);
    let second = cards(&mut teacher).await;
    assert_eq!(second[0], (name.clone(), new.clone()), "the card has the new words");
    assert!(new != old && second[1..] == first[1..], "and the other cards stay");
    app.browser().try_log_in(&name, &old).await.expect_errors(422, 0);
    app.browser().try_log_in(&name, &new).await.expect_redirect("/dashboard");
    app.browser().try_log_in(&second[1].0, &second[1].1).await.expect_redirect("/dashboard");
    // A seat that is deleted and made again has a card that it never had.
    teacher.post(&format!("{path}/delete"), &[("sure", "on")]).await.expect_redirect("/class");
    assert_eq!(cards(&mut teacher).await.len(), 38);
    teacher.post("/class/seats", &[]).await;
    let third = cards(&mut teacher).await;
    assert!(third[0].0 == name && ![&old, &new].contains(&&third[0].1), "{third:?}");
    app.browser().try_log_in(&name, &third[0].1).await.expect_redirect("/dashboard");
}

#[rocket::async_test]
async fn the_teacher_chooses_one_of_the_machine_s_own_addresses() {
    // All addresses of this machine. The tests reach it on loopback.
    let app =
        App::on_mongodb_with(|figment| figment.merge(("teaching", true)).merge(("address", "::")));
    let app = app.await;
    let mut teacher = teacher(&app).await;
    let address = async |teacher: &mut Browser, path: &str| {
        let page = crate::unescape(teacher.get(path).await.body);
        let rest = page.split_once("data-address>").map(|(_, rest)| rest.to_owned());
        rest.map(|rest| rest.split('<').next().unwrap().to_owned())
    };
    let Some(first) = address(&mut teacher, "/class").await else { return };
    for foreign in ["http://evil.example", "", "http://198.51.100.7:8000"] {
        teacher.post("/class/address", &[("address", foreign)]).await.expect_redirect("/class");
        assert_eq!(address(&mut teacher, "/class").await.as_ref(), Some(&first), "{foreign}");
    }
    let page = crate::unescape(teacher.get("/class").await.body);
    let options = page.split("<option").filter(|option| option.contains(">http://"));
    let others = options
        .map(|option| option.split_once('>').unwrap().1.split('<').next().unwrap().to_owned());
    let Some(other) = others.filter(|other| *other != first).last() else { return };
    let code = teacher.get("/class/qr.svg").await.body;
    teacher.post("/class/address", &[("address", &other)]).await.expect_redirect("/class");
    assert_eq!(address(&mut teacher, "/class").await, Some(other.clone()));
    assert_ne!(teacher.get("/class/qr.svg").await.body, code, "the QR code has it");
    let board = crate::unescape(teacher.get("/class/board").await.body);
    assert!(board.contains(&other), "and so does the board: {board}");
}
