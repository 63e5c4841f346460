//! `/class/board`: what the projector shows. The address and how many are there, one exchange step
//! by step, the guesses of a lesson; no name and no ID of any user.

use rocket::response::Redirect;
use rocket::{Route, get, post, routes};
use rocket_dyn_templates::{Template, context};

use super::anonymous::{Words, anonymous};
use super::guesses::bars_of;
use super::room::Room;
use crate::auth::Admin;
use crate::teach::lessons;
use crate::teach::xray::{View, rows};
use crate::web::error::Error;
use crate::web::{NoFields, Page};

/// The exchange of this id goes on the board, or another one comes down with it.
#[post("/board/<id>", data = "<_form>")]
async fn put(_teacher: Admin<'_>, room: Room<'_>, id: &str, _form: NoFields) -> Redirect {
    room.class.put_on_board(room.recorder.get(id));
    Redirect::to("/class/board")
}

/// `step`: as many rows of the exchange, from 1.
#[get("/board?<step>")]
async fn show(
    _teacher: Admin<'_>,
    page: Page<'_>,
    room: Room<'_>,
    step: Option<usize>,
) -> Result<Template, Error> {
    let (roster, control) = (room.roster().await?, room.class.now());
    let words = Words::of(page.request().rocket());
    let exchange = room.class.on_board().map(|exchange| anonymous(&exchange, &words));
    let last = exchange.as_ref().map_or(0, |exchange| rows(exchange).len());
    let step = step.unwrap_or(1).clamp(1, last.max(1));
    let revealed = control.revealed.as_deref();
    let revealed = lessons::ALL.into_iter().find(|lesson| Some(lesson.slug) == revealed);
    let guesses = revealed.map(|lesson| {
        let content = room.contents.of(lesson);
        let bars = bars_of(&roster, lesson, content);
        context! { question: &content.predict.question, title: &content.title, bars }
    });
    let own = context! {
        view: exchange.as_ref().map(|exchange| View::of(exchange, Some(step))),
        step, last,
        back: (step > 1).then(|| step - 1),
        next: (step < last).then(|| step + 1),
        address: &room.address,
        here: roster.here,
        sessions: roster.sessions,
        guesses,
    };
    Ok(page.render("class/board", own).await)
}

pub fn routes() -> Vec<Route> {
    routes![put, show]
}
