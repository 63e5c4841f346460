//! What is printed or kept of a class: cards for the seats, and how far each student is, as CSV.

use rocket::http::{ContentType, Header};
use rocket::{Responder, Route, get, routes};
use rocket_dyn_templates::{Template, context};

use super::room::Room;
use super::roster::Roster;
use super::seats::{Cards, cards};
use crate::auth::Admin;
use crate::teach::lessons;
use crate::web::Page;
use crate::web::error::Error;

#[get("/cards")]
async fn show_cards(
    _teacher: Admin<'_>,
    page: Page<'_>,
    room: Room<'_>,
) -> Result<Template, Error> {
    let users = room.users().await?;
    let Cards { cards, taken } = cards(&room.strategy.secrets, &room.class.now(), &users);
    Ok(page.render("class/cards", context! { cards, taken, address: &room.address }).await)
}

/// A file to be saved.
#[derive(Responder)]
struct Download {
    text: String,
    kind: ContentType,
    name: Header<'static>,
}

#[get("/progress.csv")]
async fn progress(_teacher: Admin<'_>, room: Room<'_>) -> Result<Download, Error> {
    let name = "attachment; filename=\"progress.csv\"";
    Ok(Download {
        text: csv(&room.roster().await?),
        kind: ContentType::CSV,
        name: Header::new("Content-Disposition", name),
    })
}

/// A line for each student, a column for each lesson (RFC 4180).
fn csv(roster: &Roster) -> String {
    let slugs = lessons::ALL.iter().map(|lesson| lesson.slug);
    let head: Vec<&str> = std::iter::once("student").chain(slugs).collect();
    let mut lines = vec![head.join(",")];
    for student in &roster.students {
        let name = field(student.name.as_deref().unwrap_or_default());
        let states = student.lessons.iter().map(|lesson| lesson.state.to_owned());
        lines.push(std::iter::once(name).chain(states).collect::<Vec<_>>().join(","));
    }
    lines.join("\r\n") + "\r\n"
}

/// Quoted, and never the beginning of a formula: a spreadsheet would compute it.
fn field(text: &str) -> String {
    let formula = if text.starts_with(['=', '+', '-', '@']) { "'" } else { "" };
    format!("\"{formula}{}\"", text.replace('"', "\"\""))
}

pub fn routes() -> Vec<Route> {
    routes![show_cards, progress]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_leave_its_field_or_become_a_formula() {
        assert_eq!(field("rosa"), "\"rosa\"");
        assert_eq!(field("a,\"b\""), "\"a,\"\"b\"\"\"");
        assert_eq!(field("=1+1"), "\"'=1+1\"");
    }
}
