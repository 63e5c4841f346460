//! `/class`: the room, with all students in it, and the buttons for all.

use rocket::{Route, get, post, routes, uri};
use rocket_dyn_templates::{Template, context};
use serde::{Deserialize, Serialize};

use super::control::Control;
use super::guesses::{Bar, bars_of};
use super::reset::{Report, ResetError, reset};
use super::room::Room;
use super::roster::Roster;
use crate::audit::{Decision, Event, Whom};
use crate::auth::Admin;
use crate::in_flight::without_deadline;
use crate::teach::lessons;
use crate::web::error::Error;
use crate::web::{Client, FieldError, Form, Notice, Page, Submitted};

/// What has to be typed to reset the class.
const WORD: &str = "reset";

/// A lesson, as the teacher controls it.
#[derive(Serialize)]
struct Controlled<'c> {
    slug: &'static str,
    title: &'c str,
    closed: bool,
    revealed: bool,
    solved: usize,
    bars: Vec<Bar>,
}

fn lessons<'c>(room: &Room<'c>, control: &Control, roster: &Roster) -> Vec<Controlled<'c>> {
    let solved =
        |at: usize| roster.learners().filter(|one| one.lessons[at].state == "solved").count();
    let controlled = |(at, lesson): (usize, &&'static lessons::Lesson)| {
        let content = room.contents.of(lesson);
        Controlled {
            slug: lesson.slug,
            title: &content.title,
            closed: control.closed.contains(lesson.slug),
            revealed: control.revealed.as_deref() == Some(lesson.slug),
            solved: solved(at),
            bars: bars_of(roster, lesson, content),
        }
    };
    lessons::ALL.iter().enumerate().map(controlled).collect()
}

async fn render(
    page: &Page<'_>,
    room: &Room<'_>,
    errors: &[FieldError],
) -> Result<Template, Error> {
    let (roster, control) = (room.roster().await?, room.class.now());
    let lessons = lessons(room, &control, &roster);
    let form = context! { errors };
    Ok(page
        .render(
            "class/room",
            context! { roster, lessons, line: control.line, address: &room.address, form },
        )
        .await)
}

#[get("/")]
async fn show(_teacher: Admin<'_>, page: Page<'_>, room: Room<'_>) -> Result<Template, Error> {
    render(&page, &room, &[]).await
}

/// The part of the page that changes, for the script that keeps it new.
#[get("/roster")]
async fn roster(_teacher: Admin<'_>, page: Page<'_>, room: Room<'_>) -> Result<Template, Error> {
    let roster = room.roster().await?;
    Ok(page.render("class/roster", context! { roster }).await)
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Typed {
    confirmation: String,
}

#[post("/reset", data = "<form>")]
async fn begin_anew(
    teacher: Admin<'_>,
    page: Page<'_>,
    client: Client<'_>,
    room: Room<'_>,
    form: Form<Typed>,
) -> Result<Submitted, Error> {
    let again = async |text: &str| {
        let error = FieldError::new("confirmation", text);
        render(&page, &room, &[error]).await.map(Submitted::again)
    };
    if form.0.confirmation.trim() != WORD {
        return again(&format!("Type {WORD} to confirm. Nothing was reset.")).await;
    }
    // As long as there are sessions to end, whatever a prank has made of them.
    let done = without_deadline(reset(&room)).await;
    let decision = if done.is_ok() { Decision::Done } else { Decision::Refused };
    client.record(Event::ResetClass, decision, Whom::Name(&teacher.0.username));
    match done {
        Ok(report) => {
            let Report { students, sessions, backup } = report;
            log::info!(
                "{sessions} sessions have ended; what the class did is in {}",
                backup.display()
            );
            page.leave(Notice::ClassReset(students));
            Ok(Submitted::go_to(uri!("/class", show)))
        }
        Err(ResetError::Unavailable(error)) => Err(error.into()),
        Err(error @ ResetError::Backup(_)) => again(&error.to_string()).await,
    }
}

pub fn routes() -> Vec<Route> {
    routes![show, roster, begin_anew]
}
