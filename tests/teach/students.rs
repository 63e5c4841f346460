//! What the teacher does with an account, a seat, and the address of the class.

use mongodb::bson::{Document, doc};
use rocket::futures::future::join;
use serde_json::{Value, json};

use crate::class;
use crate::class::{page_of, teacher};
use crate::learner::Learner;
use crate::support::{App, Browser, PASSWORD};

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
async fn texts_of_a_student_are_masked_by_their_length() {
    let app = class().await;
    let (mut teacher, mut rosa) = (teacher(&app).await, app.browser());
    rosa.sign_up("rosa").await;
    rosa.post("/coat", &[("item", "red scarf")]).await;
    rosa.post("/coat", &[("item", "a letter")]).await;
    rosa.post("/coat/count", &[]).await;
    let path = page_of(&mut teacher, "rosa").await;
    let page = crate::unescape(teacher.get(&path).await.body);
    let document = page.split_once("masked document of session ID").expect(&page).1;
    let document = document.split_once("<code>").unwrap().1.split("</code>").next().unwrap();
    let session = &serde_json::from_str::<Value>(document).unwrap()["session"];
    assert_eq!(session["coat"], json!(["… (9 characters)", "… (8 characters)"]));
    let who = path.rsplit('/').next().unwrap();
    assert_eq!(session["passport"], json!({ "user": format!("{}…", &who[..6]) }));
    // A number and the cookie's path say nothing about a person.
    assert_eq!((&session["viewCount"], &session["cookie"]["path"]), (&json!(1), &json!("/")));
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
