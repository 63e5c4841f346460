//! The teacher's buttons for the whole class: the line, closing and opening lessons and tests, showing
//! guesses, unlocking logins.

use rocket::response::Redirect;
use rocket::{Route, State, post, routes};
use serde::Deserialize;

use crate::audit::{self, Actor, AuditEvent, Outcome};
use crate::auth::{Admin, LocalStrategy};
use crate::teach::lessons::RequestedLesson;
use crate::teach::progress::{Phase, ProgressStore, Scope};
use crate::teach::settings::ClassSettings;
use crate::web::error::Error;
use crate::web::{Flash, Form, NoFields, Page};

/// The characters of a line, which is on top of every page.
const MAX_LENGTH: usize = 200;

#[derive(Default, Deserialize)]
#[serde(default)]
struct Line {
    line: String,
}

/// Sets the line on top of every page. An empty line removes it.
#[post("/line", data = "<form>")]
async fn set_line(
    _teacher: Admin<'_>,
    settings: &State<ClassSettings>,
    form: Form<Line>,
) -> Result<Redirect, Error> {
    let line: String = form.0.line.trim().chars().take(MAX_LENGTH).collect();
    settings.change(|settings| settings.line.clone_from(&line)).await?;
    Ok(Redirect::to("/class"))
}

#[derive(Deserialize)]
struct Test {
    open: Option<Phase>,
}

/// Opens the test before or after the lessons. Without a name, closes it.
#[post("/test", data = "<form>")]
async fn open_test(
    _teacher: Admin<'_>,
    settings: &State<ClassSettings>,
    form: Form<Test>,
) -> Result<Redirect, Error> {
    settings.change(|settings| settings.test = form.0.open).await?;
    Ok(Redirect::to("/class#test"))
}

/// Resets all counters of attempts, so that all users can log in and register again.
#[post("/unlock", data = "<_form>")]
async fn unlock(
    teacher: Admin<'_>,
    page: Page<'_>,
    strategy: &State<LocalStrategy>,
    _form: NoFields,
) -> Result<Redirect, Error> {
    strategy.throttle.forget_all().await?;
    audit::record(AuditEvent::UnlockAll, Outcome::Done, Actor::Name(&teacher.0.username));
    page.set_flash(&Flash::AllUnlocked);
    Ok(Redirect::to("/class"))
}

/// A button beside a lesson.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Button {
    #[serde(rename = "do")]
    action: String,
}

/// `close`, `open`, `reveal`, `hide`, or `reset` for the whole class.
#[post("/<_>", data = "<form>")]
async fn lesson(
    _teacher: Admin<'_>,
    settings: &State<ClassSettings>,
    progress: &State<ProgressStore>,
    requested: RequestedLesson<'_>,
    form: Form<Button>,
) -> Result<Redirect, Error> {
    let slug = requested.lesson.slug;
    match form.0.action.as_str() {
        "close" => settings.change(|set| set.closed.extend([slug.to_owned()])).await?,
        "open" => settings.change(|set| set.closed.retain(|closed| closed != slug)).await?,
        "reveal" => settings.change(|set| set.revealed = Some(slug.to_owned())).await?,
        "hide" => settings.change(|set| set.revealed = None).await?,
        "reset" => progress.delete(Scope::Lesson(slug)).await?,
        _ => {}
    }
    // To the lesson's row, where the next button is.
    Ok(Redirect::to(format!("/class#{slug}")))
}

pub(super) fn routes() -> Vec<Route> {
    routes![set_line, open_test, unlock]
}

/// Below `/class/lessons`.
pub(super) fn routes_of_lessons() -> Vec<Route> {
    routes![lesson]
}
