//! Each lesson is solved by its own solution, and by no less.

use std::collections::BTreeSet;

use mongodb::bson::{Document, doc};
use rocket::futures::future::join_all;

use crate::class;
use crate::clocks::class_for;
use crate::learner::Learner;
use crate::support::lesson::{FOLDERS, Request, prediction, slug, solution};
use crate::support::{App, PASSWORD};

/// Runs each lesson in a class of its own, all concurrently: the last one waits for its clocks.
async fn for_each_lesson(what: impl AsyncFn(&App, &'static str)) {
    join_all(FOLDERS.map(async |folder| what(&class_for(folder).await, folder).await)).await;
}

#[rocket::async_test]
async fn each_lesson_is_solved_by_its_solution_and_a_reset_returns_to_the_start() {
    for_each_lesson(async |app, folder| {
        let (mut rosa, mut ruth) =
            (Learner::new(app, "rosa").await, Learner::new(app, "ruth").await);
        ruth.predict(folder).await;
        assert!(!rosa.is_solved(folder).await, "{folder}");
        rosa.play(folder, &solution(folder)).await;
        let page = rosa.page(folder).await.body;
        let goals: Vec<&str> = page.split("class=\"goal").skip(2).collect();
        assert!(rosa.is_solved(folder).await, "{folder}: {goals:#?}");
        let evidence: Vec<&str> = page.split("goal__evidence\">").skip(1).collect();
        let evidence: Vec<&str> =
            evidence.iter().map(|rest| rest.split_once("</span>").unwrap().0).collect();
        let is_filled = |text: &&str| !text.contains(['{', '(']);
        assert!(evidence.iter().all(is_filled), "{folder}: {evidence:#?}");
        // The progress of one learner is not that of another.
        ruth.press(folder, "check").await;
        assert_eq!(ruth.reached(folder).await, 0, "{folder}");
        rosa.press(folder, "reset").await;
        assert!(!rosa.is_solved(folder).await, "{folder}");
        assert_eq!(rosa.reached(folder).await, 0, "{folder}");
        rosa.predict(folder).await;
        rosa.press(folder, "check").await;
        assert_eq!(
            rosa.reached(folder).await,
            0,
            "{folder}: what was before the guess is no evidence"
        );
    })
    .await;
}

/// The solution without the guess and the final question: what there is to press.
fn exercise(folder: &str) -> Vec<Request> {
    let mut requests = solution(folder);
    requests.retain(|request| request.method != "FINAL" && !request.path.ends_with("/predict"));
    requests
}

#[rocket::async_test]
async fn a_learner_who_stays_logged_in_solves_each_lesson_also_after_a_wrong_guess() {
    for_each_lesson(async |app, folder| {
        let mut rosa = Learner::remembered(app, "rosa").await;
        let (right, options) = prediction(folder);
        assert!(options >= 3, "{folder}: {options} options");
        rosa.choose(folder, (right + 1) % options).await;
        rosa.play(folder, &exercise(folder)).await;
        assert!(rosa.question(folder).await.is_empty(), "{folder}: the guess comes first");
        rosa.choose(folder, right).await;
        rosa.answer_question(folder, false).await;
        assert!(!rosa.is_solved(folder).await, "{folder}");
        rosa.answer_question(folder, true).await;
        assert!(rosa.is_solved(folder).await, "{folder}");
    })
    .await;
}

#[rocket::async_test]
async fn pressing_every_button_from_left_to_right_solves_no_lesson() {
    for_each_lesson(async |app, folder| {
        let mut rosa = Learner::new(app, "rosa").await;
        let (right, options) = prediction(folder);
        rosa.choose(folder, (right + 1) % options).await;
        rosa.play(folder, &exercise(folder)).await;
        rosa.tick(folder, &[]).await;
        for option in 0..options {
            rosa.choose(folder, option).await;
        }
        let boxes = ["0", "1", "2", "3", "4"];
        assert_eq!(rosa.question(folder).await.len(), boxes.len(), "{folder}");
        for count in 0..=boxes.len() {
            rosa.tick(folder, &boxes[..count]).await;
            rosa.tick(folder, boxes.get(count..=count).unwrap_or_default()).await;
        }
        assert_eq!(rosa.question(folder).await.len(), boxes.len(), "{folder} goes on asking");
        rosa.press(folder, "skip").await;
        assert!(!rosa.is_solved(folder).await, "{folder}");
    })
    .await;
}

#[rocket::async_test]
async fn doing_nothing_solves_no_lesson_and_a_typed_answer_without_the_exercise_does_not_count() {
    for_each_lesson(async |app, folder| {
        let mut rosa = Learner::new(app, "rosa").await;
        rosa.press(folder, "check").await;
        rosa.predict(folder).await;
        rosa.press(folder, "check").await;
        assert_eq!(rosa.reached(folder).await, 0, "{folder}: nothing was done");
        let slug = slug(folder);
        let answer = format!("/learn/{slug}/answer");
        for typed in ["", "green", "umbrella-17", "find,verify,number,login,store,send"] {
            let answered = rosa.browsers[0].post(&answer, &[("answer", typed)]).await;
            assert!([303, 404].contains(&answered.status), "{folder}: {}", answered.status);
        }
        rosa.browsers[0].post(&format!("/lab/{slug}"), &[("do", "no such button")]).await;
        rosa.press(folder, "check").await;
        assert_eq!(rosa.reached(folder).await, 0, "{folder}");
    })
    .await;
}

#[rocket::async_test]
async fn nothing_short_of_the_exercise_reaches_all_goals() {
    // All but the one whose clocks take a minute.
    join_all(FOLDERS[..FOLDERS.len() - 1].iter().map(async |folder| {
        let (app, all) = (class().await, solution(folder));
        let mut rosa = Learner::new(&app, "rosa").await;
        // The last request that matters is left out.
        let left_out = all.iter().rposition(|request| {
            let is_form = request.method == "POST" && !request.path.ends_with("/check");
            is_form || request.path == "{who}"
        });
        let left_out = left_out.unwrap();
        let rest =
            all.iter().enumerate().filter(|(n, one)| *n != left_out && one.method != "FINAL");
        let rest: Vec<Request> = rest.map(|(_, request)| request.clone()).collect();
        rosa.play(folder, &rest).await;
        assert!(rosa.question(folder).await.is_empty(), "{folder}");
        rosa.tick(folder, &["0"]).await;
        assert!(!rosa.is_solved(folder).await, "{folder}");
    }))
    .await;
}

#[rocket::async_test]
async fn progress_is_the_users_and_no_other_users_on_the_same_computer() {
    let app = class().await;
    let mut rosa = Learner::new(&app, "rosa").await;
    let folder = FOLDERS[1];
    rosa.play(folder, &solution(folder)).await;
    rosa.browsers[0].post("/logout", &[]).await;
    assert!(!rosa.is_solved(folder).await, "a new user has solved nothing");
    rosa.browsers[0].log_in("rosa").await;
    assert!(rosa.is_solved(folder).await);
    // A student without a login works on a computer, and another one logs in there.
    let folder = "12-two-stores";
    let mut guest = Learner::guest(&app, "ruth");
    guest.play(folder, &solution(folder)).await;
    assert!(guest.is_solved(folder).await);
    let page = guest.page(folder).await;
    page.expect_page(200, "id=\"anonymous-progress\"");
    guest.browsers[0].sign_up("ruth").await;
    assert!(!guest.is_solved(folder).await, "it is not Ruth's work");
}

#[rocket::async_test]
async fn lessons_are_given_in_memory_as_well() {
    let app = App::in_memory_with(|figment| figment.merge(("teaching", true))).await;
    let mut rosa = Learner::new(&app, "rosa").await;
    for folder in &FOLDERS[..2] {
        rosa.play(folder, &solution(folder)).await;
        assert!(rosa.is_solved(folder).await, "{folder}");
    }
    let list = rosa.browsers[0].get("/learn").await;
    list.expect_page(200, "✓ solved");
    rosa.browsers[0].get("/learn/handout").await.expect_page(200, "What is a session?");
    assert_eq!(rosa.browsers[0].get("/learn/no-such-lesson").await.status, 404);
    assert_eq!(rosa.browsers[0].get("/lab/http-forgets").await.status, 404, "it has no lab");
}

#[rocket::async_test]
async fn no_page_of_a_lesson_and_no_recording_of_it_holds_a_whole_ticket() {
    join_all(FOLDERS[..FOLDERS.len() - 1].iter().map(async |folder| {
        let app = class().await;
        let mut rosa = Learner::new(&app, "rosa").await;
        rosa.play(folder, &solution(folder)).await;
        let mut recordings = rosa.browsers[0].get("/xray").await.body;
        let list = recordings.split("exchange__link\" href=\"").skip(1);
        let paths: BTreeSet<String> =
            list.map(|link| link.split('"').next().unwrap().to_owned()).collect();
        for path in &paths {
            recordings += &rosa.browsers[0].get(&format!("{path}?step=999")).await.body;
        }
        assert!(paths.len() >= 4, "{folder}: {paths:?}");
        // Two labs show their own cookie on purpose, on the page and in no recording.
        let is_shown = ["05-the-seal", "06-no-secrets"].contains(folder);
        for (name, ticket) in &rosa.tickets {
            let ticket = crate::decode(ticket);
            let parts = ticket.trim_start_matches("s:").split('.').filter(|part| part.len() > 12);
            for part in parts {
                assert!(!recordings.contains(&part[..12]), "{folder} records {part}");
                let is_told = rosa.pages.contains(&part[..12]);
                assert!(!is_told || is_shown && name == "lab.sid", "{folder} tells {part}");
            }
        }
        // The labs of lessons 7 and 8 have cookies without a session.
        let has_sessions = !["07-what-a-script-takes", "08-another-site"].contains(folder)
            && solution(folder).iter().any(|request| request.path.starts_with("/lab"));
        assert!(rosa.tickets.len() > usize::from(has_sessions), "{folder}");
        let has_password = recordings.contains(PASSWORD) || rosa.pages.contains(PASSWORD);
        assert!(!has_password, "{folder} tells the password");
    }))
    .await;
}

#[rocket::async_test]
async fn no_switch_of_the_lab_touches_the_login() {
    let app = class().await;
    let mut rosa = Learner::new(&app, "rosa").await;
    let ticket = rosa.browsers[0].jar["connect.sid"].clone();
    for button in ["new", "forget", "steal", "revoke", "logout", "restart", "short-document"] {
        rosa.browsers[0].post("/lab/no-secrets", &[("do", button)]).await;
    }
    let switches = [("do", "switch"), ("secret", "new"), ("save_uninitialized", "on")];
    rosa.browsers[0].post("/lab/the-options", &switches).await;
    assert_eq!(rosa.browsers[0].jar["connect.sid"], ticket);
    assert!(rosa.browsers[0].is_logged_in().await);
    // A cookie of the lab is none of the site.
    rosa.browsers[0].post("/lab/no-secrets", &[("do", "steal")]).await;
    let mut thief = app.browser();
    thief.jar.insert("connect.sid".to_owned(), rosa.browsers[0].jar["lab.sid"].clone());
    assert!(!thief.is_logged_in().await);
}

#[rocket::async_test]
async fn a_deleted_account_leaves_no_progress() {
    let app = class().await;
    let mut rosa = Learner::new(&app, "rosa").await;
    let mut vera = Learner::new(&app, "vera").await;
    rosa.predict("05-the-seal").await;
    vera.predict("05-the-seal").await;
    let progress = app.database().collection::<Document>("progress");
    assert_eq!(progress.count_documents(doc! {}).await.unwrap(), 2);
    let fields = [("password", PASSWORD)];
    rosa.browsers[0].post("/account/delete", &fields).await.expect_redirect("/login");
    assert_eq!(progress.count_documents(doc! {}).await.unwrap(), 1);
}
