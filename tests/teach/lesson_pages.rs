//! The page of a lesson: its sections in their order, and its forms.

use mongodb::bson::{Document, doc};

use crate::class;
use crate::class::teacher;
use crate::learner::Learner;
use crate::support::lesson::{FOLDERS, lesson, prediction, slug, solution};

#[rocket::async_test]
async fn before_the_guess_a_page_shows_the_question_alone() {
    let app = class().await;
    let mut rosa = Learner::new(&app, "rosa").await;
    for folder in FOLDERS {
        let lab = rosa.browsers[0].get(&format!("/lab/{}", slug(folder))).await;
        for page in [rosa.page(folder).await.body, lab.body] {
            for section in ["do", "check", "recorded", "explain", "question"] {
                assert!(!page.contains(&format!("id=\"{section}\"")), "{folder}: {section}");
            }
        }
        rosa.browsers[0].post(&format!("/learn/{}/answer", slug(folder)), &[]).await;
        rosa.tick(folder, &["0"]).await;
        rosa.press(folder, "check").await;
        assert_eq!(rosa.reached(folder).await, 0, "{folder}");
    }
}

#[rocket::async_test]
async fn each_form_leads_to_the_section_that_it_changed_with_a_message_there() {
    let app = class().await;
    let mut rosa = Learner::new(&app, "rosa").await;
    let (learn, lab) = ("/learn/three-clocks", "/lab/three-clocks");
    for (form, field, target, message) in [
        ("predict", ("", ""), format!("{learn}#predict"), "choose-first"),
        ("predict", ("choice", "0"), format!("{lab}#do"), "guessed"),
        ("help", ("wanted", "yes"), format!("{lab}#help"), "help-wanted"),
        ("help", ("wanted", "no"), format!("{lab}#help"), "help-not-wanted"),
        ("reset", ("", ""), format!("{learn}#predict"), "lesson-reset"),
    ] {
        let answer = rosa.browsers[0].post(&format!("{learn}/{form}"), &[field]).await;
        answer.expect_redirect(&target);
        let (page, section) = target.split_once('#').unwrap();
        let page = rosa.browsers[0].get(page).await;
        page.expect_flash(message);
        assert!(page.body.contains(&format!("id=\"{section}\"")), "{section}");
    }
    let check = rosa.browsers[0].post(&format!("{learn}/check"), &[]).await;
    check.expect_redirect(&format!("{learn}?checked#check"));
}

#[rocket::async_test]
async fn a_closed_lesson_can_be_read_by_a_learner_who_has_solved_it() {
    let app = class().await;
    let (mut rosa, mut ruth) = (Learner::new(&app, "rosa").await, Learner::new(&app, "ruth").await);
    let folder = FOLDERS[0];
    rosa.play(folder, &solution(folder)).await;
    ruth.predict(folder).await;
    let close = format!("/class/lessons/{}", slug(folder));
    teacher(&app).await.post(&close, &[("do", "close")]).await;
    let page = rosa.page(folder).await;
    page.expect_page(200, "id=\"read-only\"");
    assert!(page.body.contains("id=\"explain\"") && !page.body.contains("/reset\""));
    let address = format!("/learn/{}", slug(folder));
    for form in ["reset", "check"] {
        let refused = rosa.browsers[0].post(&format!("{address}/{form}"), &[]).await;
        refused.expect_page(403, "id=\"closed\"");
    }
    ruth.browsers[0].get(&address).await.expect_page(403, "id=\"closed\"");
}

#[rocket::async_test]
async fn a_page_counts_what_its_own_request_shows() {
    let app = class().await;
    let mut rosa = Learner::new(&app, "rosa").await;
    rosa.predict("10-three-clocks").await;
    for button in ["new", "forget"] {
        let back = rosa.browsers[0].post("/lab/three-clocks", &[("do", button)]).await;
        back.expect_redirect("/lab/three-clocks");
    }
    // Between the button and the visit, as an impatient learner does.
    rosa.press("10-three-clocks", "check").await;
    assert_eq!(rosa.reached("10-three-clocks").await, 0);
    let visit = rosa.browsers[0].get("/lab/three-clocks").await;
    assert_eq!(visit.body.matches("goal--reached").count(), 1, "{}", visit.body);
}

#[rocket::async_test]
async fn a_recording_that_is_gone_is_said_to_be_and_the_exercise_can_be_done_again() {
    let app = class().await;
    let mut rosa = Learner::new(&app, "rosa").await;
    let folder = FOLDERS[0];
    let mut exercise = solution(folder);
    exercise.retain(|request| request.method != "FINAL");
    rosa.play(folder, &exercise).await;
    let page = rosa.page(folder).await.body;
    assert!(page.contains("id=\"evidence-") && !page.contains("id=\"recording-gone\""), "{page}");
    let goals = rosa.reached(folder).await;
    for _ in 0..25 {
        rosa.browsers[0].get("/").await;
    }
    let page = rosa.page(folder).await.body;
    assert!(page.contains("id=\"recording-gone\"") && !page.contains("id=\"evidence-"), "{page}");
    assert_eq!(rosa.reached(folder).await, goals);
    rosa.play(folder, &exercise).await;
    let page = rosa.page(folder).await.body;
    assert!(page.contains("id=\"evidence-") && !page.contains("id=\"recording-gone\""), "{page}");
}

/// Progress as the first edition has stored it.
#[rocket::async_test]
async fn progress_of_the_first_edition_is_kept_and_needs_the_final_question() {
    let app = class().await;
    let mut rosa = Learner::new(&app, "rosa").await;
    let users = app.database().collection::<Document>("users");
    let user = users.find_one(doc! { "username": "rosa" }).await.unwrap().unwrap();
    let proof = doc! { "exchanges": { "exchange": 17 }, "facts": { "ticket": "abcdef…" } };
    let state = doc! {
        "guess": { "choice": 0, "at": 1_790_000_000_000_i64 },
        "answered": false, "mistaken": false, "skipped": false,
        "reached": { "me": proof.clone(), "nobody": proof },
    };
    let progress = doc! {
        "_id": user.get_object_id("_id").unwrap().to_hex(),
        "lessons": { "http-forgets": state },
        "bench": {},
    };
    app.database().collection("progress").insert_one(progress).await.unwrap();
    let folder = FOLDERS[0];
    assert_eq!(rosa.reached(folder).await, 2);
    rosa.page(folder).await.expect_page(200, "id=\"recording-gone\"");
    assert!(!rosa.is_solved(folder).await);
    let mut exercise = solution(folder);
    exercise.retain(|request| request.method != "FINAL");
    rosa.play(folder, &exercise).await;
    let (right, _) = prediction(folder);
    rosa.choose(folder, right).await;
    rosa.answer_question(folder, true).await;
    assert!(rosa.is_solved(folder).await);
}

/// The texts of a lesson that give the answer away.
fn answers(folder: &str) -> Vec<String> {
    let read = |key: &str| lesson(folder).extract_inner::<Vec<String>>(key).unwrap_or_default();
    let one = |key: &str| lesson(folder).extract_inner::<String>(key).unwrap();
    [read("explain"), read("hints"), vec![one("claim"), one("predict.why")]].concat()
}

#[rocket::async_test]
async fn the_handout_has_each_question_with_its_options_and_no_answer() {
    let app = class().await;
    let page = app.browser().get("/learn/handout").await;
    page.expect_page(200, "class=\"handout\"");
    let page = crate::unescape(page.body.replace("<code>", "`").replace("</code>", "`"));
    let page = page.replace("&amp;", "&").replace("&lt;", "<").replace("&gt;", ">");
    for folder in FOLDERS {
        let question: String = lesson(folder).extract_inner("predict.question").unwrap();
        assert!(page.contains(&question), "{folder}: {question}");
        for answer in answers(folder) {
            assert!(!page.contains(&answer), "{folder}: {answer}");
        }
    }
    let options: usize = FOLDERS.map(|folder| prediction(folder).1).iter().sum();
    let sure = 3 * FOLDERS.len();
    let boxes = page.split("<ul class=\"boxes").skip(1);
    let boxes = boxes.map(|list| list.split("</ul>").next().unwrap().matches("<li>").count());
    assert_eq!(boxes.sum::<usize>(), options + sure, "a box for each");
}
