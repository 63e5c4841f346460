//! `/class/board`: the page for the projector. It shows the address, how many students are logged in, one
//! exchange step by step and the guesses of a lesson, without names and IDs of users.

use std::sync::Arc;

use rocket::response::Redirect;
use rocket::tokio::sync::watch;
use rocket::{Route, State, get, post, routes};
use rocket_dyn_templates::{Template, context};

use super::anonymize::{KnownNames, anonymize};
use super::class_page::ClassPage;
use crate::auth::Admin;
use crate::teach::lessons::Lesson;
use crate::teach::xray::{Sentences, View, rows};
use crate::trace::{Exchange, Recorder};
use crate::web::NoFields;
use crate::web::error::Error;

/// The exchange on the board of this instance, which has recorded it. It stays there when the recorder
/// forgets it. A clone shares it.
#[derive(Clone, Default)]
pub(super) struct Board(watch::Sender<Option<Arc<Exchange>>>);

impl Board {
    /// Replaces the exchange on the board.
    pub(super) fn put(&self, exchange: Option<Arc<Exchange>>) {
        self.0.send_replace(exchange);
    }
}

/// Puts the exchange with this ID on the board. An unknown ID clears the board.
#[post("/board/<id>", data = "<_form>")]
fn put(
    _teacher: Admin<'_>,
    board: &State<Board>,
    recorder: &State<Recorder>,
    id: &str,
    _form: NoFields,
) -> Redirect {
    board.put(recorder.get(id));
    Redirect::to("/class/board")
}

/// `step`: the number of rows that are shown of the exchange, from 1.
#[get("/board?<step>")]
async fn show(
    teacher: Admin<'_>,
    class: ClassPage<'_>,
    board: &State<Board>,
    sentences: &State<Sentences>,
    step: Option<usize>,
) -> Result<Template, Error> {
    let roster = class.roster().await?;
    let names = KnownNames::of(class.page.request().rocket());
    let exchange = board.0.borrow().as_deref().map(|exchange| anonymize(exchange, &names));
    let last = exchange.as_ref().map_or(0, |exchange| rows(exchange, sentences).len());
    let step = step.unwrap_or(1).clamp(1, last.max(1));
    let revealed = class.settings.current().revealed;
    let guesses = revealed.as_deref().and_then(Lesson::named).map(|lesson| {
        let text = class.texts.of(lesson);
        let bars = roster.bars(lesson, class.texts);
        context! { question: &text.predict.question, title: &text.title, bars }
    });
    let own = context! {
        view: exchange.as_ref().map(|exchange| View::of(exchange, sentences, Some(step))),
        step, last,
        back: (step > 1).then(|| step - 1),
        next: (step < last).then(|| step + 1),
        address: class.address(),
        here: roster.here,
        sessions: roster.sessions,
        guesses,
    };
    Ok(class.page.render("class/board", teacher.0, own))
}

pub(super) fn routes() -> Vec<Route> {
    routes![put, show]
}
