//! `/class/board`: the page for the projector. It shows the invitation, the slides of a lesson, or a request
//! step by step, without names and IDs of users.
//!
//! The teacher chooses on other pages. The choice is in the settings of the class, so each board follows it.

use std::sync::Arc;

use rocket::response::Redirect;
use rocket::tokio::sync::watch;
use rocket::{State, get, post};
use rocket_dyn_templates::{Template, context};
use rocket_express_session::Timestamp;
use serde::{Deserialize, Serialize};

use super::anonymize::Anonymizer;
use super::class_page::ClassPage;
use super::roster::Roster;
use crate::db::Unavailable;
use crate::teach::lessons::{Lesson, LessonText};
use crate::teach::settings::{OnBoard, Settings};
use crate::teach::xray::{Sentences, View};
use crate::trace::{Exchange, Step};
use crate::web::{Error, Form, TimeView};

/// The exchange on the board of this instance, also when the recorder has forgotten it. A clone shares it.
#[derive(Clone, Default)]
pub(super) struct Board(watch::Sender<Option<Arc<Exchange>>>);

impl Board {
    pub(super) fn put(&self, exchange: Option<Arc<Exchange>>) {
        self.0.send_replace(exchange);
    }

    /// Clears the board if this user has sent the request on it.
    pub(super) fn forget_user(&self, user: &str) {
        let is_own = |exchange: &mut Arc<Exchange>| exchange.user.as_deref() == Some(user);
        self.0.send_modify(|exchange| drop(exchange.take_if(is_own)));
    }
}

/// A button for the board: what it does, and what for.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Button {
    #[serde(rename = "do")]
    action: String,
    /// The slug of a lesson; empty for the invitation.
    lesson: String,
    request: String,
    /// The ID of the student on whose page the button is.
    student: String,
    step: usize,
}

/// `lesson` or `request` chooses what it shows; `next`, `back` or `step` goes on; `look` calls all students.
#[post("/board", data = "<form>")]
pub(super) async fn press(
    class: ClassPage<'_>,
    board: &State<Board>,
    form: Form<Button>,
) -> Result<Redirect, Error> {
    let Button { action, lesson, request, student, step } = form.0;
    let mut chosen = class.settings.current().board;
    if action == "request" {
        chosen = OnBoard { lesson: None, request: Some(request), step: 1 };
    } else if action == "lesson" {
        let teacher = class.teacher.id.to_hex();
        let learner = if student.is_empty() { &teacher } else { &student };
        let lesson = Lesson::named(&lesson);
        let request = deciding_request(&class, lesson, learner).await?;
        let slug = lesson.map(|lesson| lesson.slug.to_owned());
        chosen = OnBoard { lesson: slug, request, step: 1 };
    }
    if let Some(exchange) = chosen.request.as_deref().and_then(|id| class.recorder.get(id)) {
        board.put(Some(exchange));
    }
    let Slides { last, step: now, .. } = Slides::of(&class, chosen.clone());
    chosen.step = match action.as_str() {
        "next" => last.min(now + 1),
        "back" => 1.max(now - 1),
        "step" => step.clamp(1, last),
        _ => now,
    };
    let change = |settings: &mut Settings| {
        settings.board.clone_from(&chosen);
        settings.look = match action.as_str() {
            "look" => Some(Timestamp::now().as_millis()),
            "end" => None,
            _ => settings.look,
        };
    };
    class.settings.change(change).await?;
    let is_id = !student.is_empty() && student.chars().all(|c| c.is_ascii_alphanumeric());
    let page = if is_id { format!("/class/students/{student}") } else { "/class".to_owned() };
    Ok(Redirect::to(page + "#board"))
}

/// The ID of the request that decides this lesson for this learner: the last one that is compared.
async fn deciding_request(
    class: &ClassPage<'_>,
    lesson: Option<&'static Lesson>,
    learner: &str,
) -> Result<Option<String>, Unavailable> {
    let Some(lesson) = lesson else { return Ok(None) };
    let progress = class.data.progress.load(learner).await?.value;
    let name = class.texts.of(lesson).compare.last();
    let state = progress.lessons.get(lesson.slug);
    let named = state.zip(name).and_then(|(state, name)| state.exchange(name));
    Ok(named.map(|named| named.id.clone()))
}

/// What the board shows: a slide for each step.
#[derive(Serialize)]
pub(super) struct Slides<'r> {
    /// The slug, the number and the texts of a lesson. The steps 1 to 3 are its question, with the guesses,
    /// and with the right answer. Then come the rows of its request, and a step for its sentence.
    lesson: Option<(&'static str, usize, &'r LessonText)>,
    /// The request, without names and IDs. Each row is a step.
    view: Option<View>,
    /// A request was chosen, and its recording is gone.
    is_gone: bool,
    step: usize,
    last: usize,
    /// Students are asked to look at the board.
    look: bool,
}

impl<'r> Slides<'r> {
    fn of(class: &ClassPage<'r>, chosen: OnBoard) -> Self {
        let OnBoard { lesson, request, step } = chosen;
        let rocket = class.page.request().rocket();
        let lesson = lesson.as_deref().and_then(Lesson::named);
        let exchange = rocket.state::<Board>().and_then(|board| board.0.borrow().clone());
        let exchange = exchange.filter(|exchange| request.as_ref() == Some(&exchange.id));
        let view = exchange.zip(rocket.state()).map(|(exchange, sentences): (_, &Sentences)| {
            let mut anonymizer = Anonymizer::new(rocket, &exchange);
            let shown = |name: &str, value: &str| anonymizer.shown(name, value);
            let view = View::of(&exchange, sentences, shown);
            // The minor steps of a lesson's request are left out.
            if lesson.is_some() { view.folded() } else { view }
        });
        let rows = view.as_ref().map_or(0, |view| view.rows.len());
        let last = if lesson.is_some() { rows + 4 } else { rows.max(1) };
        Self {
            lesson: lesson.map(|lesson| (lesson.slug, lesson.number, class.texts.of(lesson))),
            is_gone: request.is_some() && view.is_none(),
            view,
            step: step.clamp(1, last),
            last,
            look: class.settings.current().look.is_some(),
        }
    }

    pub(super) fn current(class: &ClassPage<'r>) -> Self {
        Self::of(class, class.settings.current().board)
    }
}

/// A request in a list to choose from.
pub(super) fn listed(exchange: &Exchange) -> impl Serialize + use<> {
    let pressed = exchange.steps.iter().find_map(|noted| match &noted.step {
        Step::Lab { fact, .. } if exchange.method == "POST" => Some(fact.clone()),
        _ => None,
    });
    let line = format!("{} {}", exchange.method, exchange.path);
    let received = TimeView::from(exchange.received);
    context! { id: exchange.id.clone(), received, line, status: exchange.status, pressed }
}

/// `step`: the slide to show, for a browser without scripts. A script follows the teacher's choice.
#[get("/board?<step>")]
pub(super) async fn show(class: ClassPage<'_>, step: Option<usize>) -> Result<Template, Error> {
    let mut board = Slides::current(&class);
    board.step = step.unwrap_or(board.step).clamp(1, board.last);
    let roster = Roster::read(&class).await?;
    let lesson = board.lesson.and_then(|(slug, ..)| Lesson::named(slug));
    let bars = lesson.map(|lesson| roster.bars(lesson, class.texts));
    // Not as a page of the site, which has the teacher's name and takes a flash message.
    let own = context! { board, bars, here: roster.here, address: class.address() };
    Ok(Template::render("class/board", own))
}
