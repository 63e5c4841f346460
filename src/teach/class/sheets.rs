//! What a teacher prints or saves: the cards of the seats, the answer key, the handout with answers, and the
//! progress of all students as CSV.

use rocket::http::Header;
use rocket::{Responder, Route, State, get, routes};
use rocket_dyn_templates::{Template, context};

use super::class_page::ClassPage;
use super::roster::Roster;
use super::seats::cards;
use crate::auth::{Admin, LocalStrategy};
use crate::teach::class_data::MAX_USERS;
use crate::teach::concept_test::ConceptTest;
use crate::teach::lessons::{all, listed};
use crate::teach::progress::Phase;
use crate::web::error::Error;

#[get("/cards")]
async fn show_cards(
    teacher: Admin<'_>,
    class: ClassPage<'_>,
    strategy: &State<LocalStrategy>,
) -> Result<Template, Error> {
    let users = class.data.users.all(MAX_USERS).await?;
    let (cards, taken) = cards(&strategy.secrets, &class.settings.current(), &users);
    let own = context! { cards, taken, address: class.address() };
    Ok(class.page.render("class/cards", teacher.0, own))
}

#[get("/key")]
async fn show_key(teacher: Admin<'_>, class: ClassPage<'_>) -> Result<Template, Error> {
    let students = class.roster().await?.students;
    let results = class.test.results(students.iter().map(|student| &student.progress));
    let own = context! { lessons: listed(class.texts), test: class.test, results };
    Ok(class.page.render("class/key", teacher.0, own))
}

#[get("/handout")]
fn show_handout(teacher: Admin<'_>, class: ClassPage<'_>) -> Template {
    let own = context! { lessons: listed(class.texts), answers: true };
    class.page.render("learn/handout", teacher.0, own)
}

/// A file that the browser saves.
#[derive(Responder)]
#[response(content_type = "text/csv; charset=utf-8")]
struct Download {
    text: String,
    name: Header<'static>,
}

#[get("/progress.csv")]
async fn progress(_teacher: Admin<'_>, class: ClassPage<'_>) -> Result<Download, Error> {
    let name = "attachment; filename=\"progress.csv\"";
    let name = Header::new("Content-Disposition", name);
    Ok(Download { text: csv(&class.roster().await?, class.test), name })
}

/// A line for each student, with the points in both tests, and these columns for each lesson (RFC 4180).
const COLUMNS: [&str; 5] = ["state", "prediction", "goals", "tries", "minutes"];

/// The progress of all students as CSV.
fn csv(roster: &Roster, test: &ConceptTest) -> String {
    let columns =
        all().iter().flat_map(|lesson| COLUMNS.map(|name| format!("{} {name}", lesson.slug)));
    let head = ["student", "test before", "test after"].map(str::to_owned).into_iter();
    let mut lines = vec![head.chain(columns).collect::<Vec<_>>().join(",")];
    for student in &roster.students {
        let name = field(student.name.as_deref().unwrap_or_default());
        let fields = student.lessons.iter().flat_map(|lesson| {
            let minutes = lesson.minutes.map(|minutes| minutes.to_string()).unwrap_or_default();
            let [state, prediction] = [lesson.state, lesson.prediction].map(str::to_owned);
            [state, prediction, lesson.goals.clone(), lesson.tries.to_string(), minutes]
        });
        let points = [Phase::Before, Phase::After].map(|phase| {
            let points = test.points(&student.progress, phase);
            points.map(|points| points.to_string()).unwrap_or_default()
        });
        let line = std::iter::once(name).chain(points).chain(fields);
        lines.push(line.collect::<Vec<_>>().join(","));
    }
    lines.join("\r\n") + "\r\n"
}

/// A quoted field. It never begins like a formula, which a spreadsheet would compute.
fn field(text: &str) -> String {
    let formula = if text.starts_with(['=', '+', '-', '@']) { "'" } else { "" };
    format!("\"{formula}{}\"", text.replace('"', "\"\""))
}

pub(super) fn routes() -> Vec<Route> {
    routes![show_cards, show_key, show_handout, progress]
}
