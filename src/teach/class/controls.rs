//! What the teacher's buttons do for all: a line, lessons closed and opened, guesses shown, attempts
//! forgotten.

use rocket::response::Redirect;
use rocket::{Route, post, routes};
use serde::Deserialize;

use super::room::Room;
use crate::audit::{Decision, Event, Whom};
use crate::auth::Admin;
use crate::teach::lessons::Lesson;
use crate::teach::lessons::Named;
use crate::teach::progress::Which;
use crate::web::error::Error;
use crate::web::{Client, Form, NoFields, Notice, Page};

/// Characters of a line: it stands on top of every page.
const LONGEST: usize = 200;

#[derive(Default, Deserialize)]
#[serde(default)]
struct Line {
    line: String,
}

/// Nothing takes the line away.
#[post("/line", data = "<form>")]
async fn say(_teacher: Admin<'_>, room: Room<'_>, form: Form<Line>) -> Result<Redirect, Error> {
    let line: String = form.0.line.trim().chars().take(LONGEST).collect();
    room.class.change(|control| control.line.clone_from(&line)).await?;
    Ok(Redirect::to("/class"))
}

/// Lets everyone log in and register again, after too many attempts at any account or from any
/// address.
#[post("/unlock", data = "<_form>")]
async fn unlock(
    teacher: Admin<'_>,
    page: Page<'_>,
    client: Client<'_>,
    room: Room<'_>,
    _form: NoFields,
) -> Result<Redirect, Error> {
    room.strategy.throttle.forget_all().await?;
    client.record(Event::UnlockAll, Decision::Done, Whom::Name(&teacher.0.username));
    page.leave(Notice::AllUnlocked);
    Ok(Redirect::to("/class"))
}

/// What a button does to a lesson.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Button {
    #[serde(rename = "do")]
    what: String,
}

/// `close`, `open`, `reveal`, `hide`, or `reset` for the whole class.
#[post("/<_>", data = "<form>")]
async fn lesson(
    _teacher: Admin<'_>,
    room: Room<'_>,
    named: Named<'_>,
    form: Form<Button>,
) -> Result<Redirect, Error> {
    let slug = named.lesson.slug.to_owned();
    match form.0.what.as_str() {
        "close" => room.class.change(|control| control.closed.extend([slug.clone()])).await?,
        "open" => room.class.change(|control| control.closed.retain(|s| *s != slug)).await?,
        "reveal" => room.class.change(|control| control.revealed = Some(slug.clone())).await?,
        "hide" => room.class.change(|control| control.revealed = None).await?,
        "reset" => room.progress.forget(Which::Lesson(&slug)).await?,
        _ => {}
    }
    Ok(back_to(named.lesson))
}

/// To the lesson's line, where the next button is.
fn back_to(lesson: &Lesson) -> Redirect {
    Redirect::to(format!("/class#{}", lesson.slug))
}

/// Takes the hand of this student down.
#[post("/students/<who>/helped", data = "<_form>")]
async fn helped(
    _teacher: Admin<'_>,
    room: Room<'_>,
    who: &str,
    _form: NoFields,
) -> Result<Redirect, Error> {
    room.progress.take_hand_down(who).await?;
    Ok(Redirect::to("/class"))
}

pub fn routes() -> Vec<Route> {
    routes![say, helped, unlock]
}

/// Below `/class/lessons`.
pub fn routes_of_lessons() -> Vec<Route> {
    routes![lesson]
}
