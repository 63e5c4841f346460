//! What a teacher prints or saves: the cards of the seats, the answer key, the handout with answers, and the
//! progress of all students as CSV.

use rocket::http::Header;
use rocket::{Responder, get};
use rocket_dyn_templates::{Template, context};

use super::class_page::ClassPage;
use super::roster::{LessonStatus, Roster};
use super::seats;
use crate::teach::class_data::MAX_USERS;
use crate::teach::concept_test::ConceptTest;
use crate::teach::lessons::{all, listed};
use crate::teach::progress::Phase;
use crate::web::Error;

#[get("/cards")]
pub(super) async fn cards(class: ClassPage<'_>) -> Result<Template, Error> {
    let strategy = class.data.strategy;
    let users = strategy.users.all(MAX_USERS).await?;
    let (cards, taken) = seats::cards(&strategy.secrets, &class.settings.current(), &users);
    let own = context! { cards, taken, address: class.address() };
    Ok(class.page.render("class/cards", class.teacher, own))
}

#[get("/key")]
pub(super) async fn key(class: ClassPage<'_>) -> Result<Template, Error> {
    let students = Roster::read(&class).await?.students;
    let results = class.test.results(students.iter().map(|student| &student.progress));
    let own = context! { lessons: listed(class.texts), test: class.test, results };
    Ok(class.page.render("class/key", class.teacher, own))
}

#[get("/handout")]
pub(super) fn handout(class: ClassPage<'_>) -> Template {
    let own = context! { lessons: listed(class.texts), answers: true };
    class.page.render("learn/handout", class.teacher, own)
}

#[derive(Responder)]
#[response(content_type = "text/csv; charset=utf-8")]
pub(super) struct Download {
    text: String,
    name: Header<'static>,
}

#[get("/progress.csv")]
pub(super) async fn progress(class: ClassPage<'_>) -> Result<Download, Error> {
    let name = Header::new("Content-Disposition", "attachment; filename=\"progress.csv\"");
    Ok(Download { text: csv(&Roster::read(&class).await?, class.test), name })
}

/// The progress as CSV (RFC 4180): a line for each student, with the points in both tests, and all lessons.
fn csv(roster: &Roster, test: &ConceptTest) -> String {
    let number = |number: Option<i64>| number.map(|number| number.to_string()).unwrap_or_default();
    let mut head = vec!["student,test before,test after".to_owned()];
    for lesson in all() {
        let columns = ["state", "prediction", "goals", "tries", "minutes"];
        head.extend(columns.map(|column| format!("{} {column}", lesson.slug)));
    }
    let mut lines = vec![head.join(",")];
    let mut students: Vec<_> = roster.students.iter().collect();
    students.sort_by_key(|student| student.name.as_ref().map(|name| name.to_lowercase()));
    for student in students {
        let mut cells = vec![field(student.name.as_deref().unwrap_or_default())];
        for phase in [Phase::Before, Phase::After] {
            cells.push(number(test.points(&student.progress, phase).map(i64::from)));
        }
        for LessonStatus { state, prediction, goals, tries, minutes, .. } in &student.lessons {
            cells.push(format!("{state},{prediction},{goals},{tries},{}", number(*minutes)));
        }
        lines.push(cells.join(","));
    }
    lines.join("\r\n") + "\r\n"
}

/// A quoted field. It never begins like a formula, which a spreadsheet would compute.
fn field(text: &str) -> String {
    let formula = if text.starts_with(['=', '+', '-', '@']) { "'" } else { "" };
    format!("\"{formula}{}\"", text.replace('"', "\"\""))
}
