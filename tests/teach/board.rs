//! The board: it shows what the teacher chose, one thing at a time, and no text of a student.

use std::collections::BTreeSet;

use crate::class::{line, teacher};
use crate::learner::Learner;
use crate::support::lesson::{prediction, solution};
use crate::support::{App, Browser, PASSWORD};
use crate::{class, exchanges};

const BOARD: &str = "/class/board";
const ROOM: &str = "/class#board";

/// The path of the page of the student whose line in the class page has this name.
async fn page_of(teacher: &mut Browser, name: &str) -> String {
    let room = teacher.get("/class").await.body;
    let path = line(&room, name).split_once("href=\"").unwrap().1.split('"').next().unwrap();
    path.to_owned()
}

/// Puts each request on this student's page on the board, one after the other. Returns the boards.
async fn boards(teacher: &mut Browser, student: &str) -> Vec<String> {
    let page = teacher.get(student).await.body;
    let ids = page.split("name=\"request\" value=\"").skip(1);
    let ids: Vec<&str> = ids.map(|id| id.split('"').next().unwrap()).collect();
    let who = student.rsplit('/').next().unwrap();
    let mut boards = vec![];
    for id in ids {
        let fields = [("do", "request"), ("request", id), ("student", who)];
        teacher.post(BOARD, &fields).await.expect_redirect(&format!("{student}#board"));
        let board = teacher.get("/class/board?step=99").await;
        board.expect_page(200, "<li class=\"ray");
        boards.push(board.body);
    }
    boards
}

/// The number of rows that are shown, and of all rows.
fn rows(board: &str) -> (usize, usize) {
    let rows: Vec<&str> = board.split("<li class=\"ray").skip(1).collect();
    let later = rows.iter().filter(|row| row.split('>').next().unwrap().contains(" hidden"));
    (rows.len() - later.count(), rows.len())
}

/// The step of the board, and the last one: `2 of 9`.
fn step(board: &str) -> String {
    let (_, rest) = board.split_once(" data-board-step").expect("steps");
    rest.split_once('>').unwrap().1.split('<').next().unwrap().to_owned()
}

#[rocket::async_test]
async fn the_board_shows_a_request_step_by_step_without_names_and_ids() {
    let app = class().await;
    let (mut teacher, mut rosa) = (teacher(&app).await, app.browser());
    rosa.post("/learn/the-seal/predict", &[("choice", "1")]).await;
    rosa.sign_up("rosalind").await;
    let login = exchanges(&rosa.get("/dashboard").await);
    let put = [("do", "request"), ("request", login[0].as_str())];
    for student in [&mut rosa, &mut app.browser()] {
        assert!([403, 303].contains(&student.post(BOARD, &put).await.status));
        assert!([403, 303].contains(&student.get(BOARD).await.status));
    }
    teacher.get(BOARD).await.expect_page(200, "data-here=\"1\"");
    teacher.post(BOARD, &put).await.expect_redirect(ROOM);
    let board = teacher.get(BOARD).await.body;
    let (shown, all) = rows(&board);
    assert!((shown, step(&board)) == (1, format!("1 of {all}")) && all >= 4, "{board}");
    for (button, expected) in [("next", 2), ("next", 3), ("back", 2)] {
        teacher.post(BOARD, &[("do", button)]).await.expect_redirect(ROOM);
        assert_eq!(rows(&teacher.get(BOARD).await.body).0, expected);
    }
    for (wanted, expected) in [("99", all), ("0", 1)] {
        teacher.post(BOARD, &[("do", "step"), ("step", wanted)]).await;
        assert_eq!(rows(&teacher.get(BOARD).await.body).0, expected);
    }
    // A link without a script.
    let board = teacher.get("/class/board?step=99").await.body;
    assert_eq!(rows(&board), (all, all));
    // The session ID of the visitor, and the one of the login.
    let rows = crate::rows::rows_of(&board);
    let genuine = rows.iter().find(|row| row.step() == "signature-genuine").unwrap();
    genuine.expect_values(&["The signature on ticket A is genuine.", "HMAC-SHA256 over A matches"]);
    let new = rows.iter().find(|row| row.step() == "session-regenerated").unwrap();
    new.expect_values(&["The old one, A, no longer works.", "new sid B from"]);
    let stored = rows.iter().find(|row| row.step() == "insert-session").unwrap();
    stored.expect_values(&["{ _id: \"B\","]);
    let set = rows.last().unwrap();
    set.expect_values(&["the session ID B with our signature", "connect.sid=B●●●;"]);
    let sid = rosa.session_id().unwrap();
    // No account's ID, which begins with the time.
    let users = app.database().collection::<mongodb::bson::Document>("users");
    let user = users.find_one(mongodb::bson::doc! {}).await.unwrap().unwrap();
    let id = user.get_object_id("_id").unwrap().to_hex();
    for secret in ["rosalind", "frida", &sid[..6], &id[..6]] {
        assert!(!board.contains(secret), "{secret} in {board}");
    }
}

#[rocket::async_test]
async fn a_lesson_goes_from_its_question_to_its_sentence_with_the_request_that_decides_it() {
    let app = class().await;
    let (mut teacher, folder) = (teacher(&app).await, "02-ticket-and-coat");
    let mut rosa = Learner::new(&app, "rosalind").await;
    rosa.choose(folder, prediction(folder).0).await;
    let choose = [("do", "lesson"), ("lesson", "ticket-and-coat")];
    teacher.post(BOARD, &choose).await.expect_redirect(ROOM);
    let board = teacher.get(BOARD).await.body;
    assert_eq!(step(&board), "1 of 4", "the teacher has no recording: no X-ray");
    teacher.get("/class").await.expect_page(200, "data-on-board=\"none\"");
    rosa.play(folder, &solution(folder)).await;
    // A student's recording, chosen on that student's page.
    let path = page_of(&mut teacher, "rosalind").await;
    let of_student = [choose[0], choose[1], ("student", path.rsplit('/').next().unwrap())];
    teacher.post(BOARD, &of_student).await.expect_redirect(&format!("{path}#board"));
    let mut seen = vec![];
    let last = 4 + rows(&teacher.get(BOARD).await.body).1;
    for number in 1..=last {
        let board = teacher.get(BOARD).await.body;
        assert_eq!(step(&board), format!("{number} of {last}"));
        assert!(!board.contains("rosalind"), "{board}");
        let parts =
            board.split("data-first=\"").skip(1).map(|part| part.split('>').next().unwrap());
        seen.push(parts.map(|part| !part.contains("hidden")).collect::<Vec<_>>());
        teacher.post(BOARD, &[("do", "next")]).await;
    }
    // Question with options, with bars, with the right answer; the X-ray; the sentence.
    let expected = [
        [true, true, false, false, false, false],
        [true, false, true, false, false, false],
        [true, false, false, true, false, false],
        [false, false, false, false, true, false],
        [false, false, false, false, false, true],
    ];
    seen.dedup();
    assert_eq!(seen, expected);
    let board = teacher.get(BOARD).await.body;
    let (plain, marked) = board.split_once("data-first=\"3\"").unwrap();
    assert!(!plain.contains("class=\"tag\"") && marked.contains("class=\"tag\""), "{board}");
    assert!(board.contains("data-students=\"1 of 1\""), "{board}");

    teacher.post(BOARD, &[("do", "lesson"), ("lesson", "")]).await.expect_redirect(ROOM);
    teacher.get(BOARD).await.expect_page(200, "data-here=\"1\"");
}

#[rocket::async_test]
async fn the_choice_survives_a_restart_and_the_board_says_that_the_recording_does_not() {
    let app = class().await;
    let mut teacher = teacher(&app).await;
    let page = teacher.get("/dashboard").await;
    let id = exchanges(&page)[0].clone();
    teacher.post(BOARD, &[("do", "request"), ("request", &id)]).await;
    // More requests than are recorded of a browser: the board keeps its own.
    for _ in 0..21 {
        teacher.get("/account").await;
    }
    teacher.get(BOARD).await.expect_page(200, "<li class=\"ray");
    let after = App::on_with(app.uri(), |figment| figment.merge(("teaching", true))).await;
    let mut back = after.browser();
    back.log_in("frida").await;
    let board = back.get(BOARD).await;
    board.expect_page(200, "id=\"gone\"");
    assert_eq!(rows(&board.body), (0, 0));
    back.get("/class").await.expect_page(200, "data-on-board=\"gone\"");
}

#[rocket::async_test]
async fn the_list_of_requests_says_when_what_and_which_button() {
    let app = class().await;
    let mut teacher = teacher(&app).await;
    let mut rosa = app.browser();
    rosa.sign_up("rosa").await;
    crate::predict(&mut rosa, "the-seal").await;
    rosa.post("/lab/the-seal", &[("do", "new")]).await;
    let path = page_of(&mut teacher, "rosa").await;
    let page = crate::unescape(teacher.get(&path).await.body);
    let (_, row) = page.split_once("POST /lab/the-seal").expect("a request");
    assert!(row.split("</li>").next().unwrap().contains("data-pressed=\"new\""), "{row}");
    assert_eq!(
        page.matches("data-local=\"clock\"").count(),
        page.matches("name=\"request\"").count()
    );
}

#[rocket::async_test]
async fn nothing_that_a_student_typed_comes_onto_the_board() {
    let app = class().await;
    let (mut teacher, mut rosa) = (teacher(&app).await, app.browser());
    rosa.sign_up("rosa").await;
    rosa.jar.insert("rosalind".to_owned(), "rosalind".to_owned());
    let path = page_of(&mut teacher, "rosa").await;
    rosa.get("/rosalind").await;
    rosa.get("/learn/rosalind?rosalind").await;
    rosa.post("/account/sessions/rosalind/revoke", &[]).await;
    rosa.post("/coat", &[("item", "scarf"), ("rosalind", "rosalind")]).await;
    rosa.get("/dashboard/%72osalind").await;
    rosa.post("/logout", &[("rosalind", "")]).await;
    rosa.get("/account?rosalind").await;
    let boards = boards(&mut teacher, &path).await;
    assert!(boards.len() >= 6, "{boards:?}");
    for board in &boards {
        assert!(!board.contains("osalind"), "{board}");
    }
    // The site's own parts of an address stay.
    let all = crate::unescape(boards.concat());
    assert!(all.contains("/account/sessions/…/revoke"), "{all}");
}

#[rocket::async_test]
async fn no_sign_in_a_username_brings_it_onto_the_board() {
    let app = class().await;
    let mut teacher = teacher(&app).await;
    let names = [
        "b\"INSULT",
        "\"INSULT\"",
        "INSULT\\",
        "\\\"INSULT",
        "`INSULT`",
        "{INSULT}",
        "$INSULT",
        "'INSULT",
        "INSULT\",n:\"1",
    ];
    for name in names {
        let mut student = app.browser();
        student.try_log_in(name, PASSWORD).await;
        student.sign_up(name).await;
        student.post("/learn/the-seal/predict", &[("choice", "0")]).await;
        student.post("/account/delete", &[("password", "INSULT")]).await;
        student.get("/INSULT%22").await;
    }
    let is_free = |board: &str| !board.to_lowercase().contains("insult");
    let room = teacher.get("/class").await.body;
    let parts = room.split("href=\"/class/students/").skip(1);
    let pages: BTreeSet<_> = parts.map(|part| part.split('"').next().unwrap()).collect();
    assert_eq!(pages.len(), names.len() + 1, "the teacher as well: {room}");
    let (mut logins, mut shown) = (0, 0);
    for page in pages {
        for board in boards(&mut teacher, &format!("/class/students/{page}")).await {
            assert!(is_free(&board), "{board}");
            logins += usize::from(board.contains("users.find({ username: "));
            shown += 1;
        }
        let fields = [("do", "lesson"), ("lesson", "the-seal"), ("student", page)];
        teacher.post(BOARD, &fields).await;
        let board = teacher.get(BOARD).await.body;
        assert!(is_free(&board) && board.contains("data-students=\"9 of 9\""), "{board}");
    }
    assert!(logins >= names.len() && shown >= 3 * names.len(), "{logins} of {shown}");
    teacher.post(BOARD, &[("do", "lesson")]).await;
    assert!(is_free(&teacher.get(BOARD).await.body));
}
