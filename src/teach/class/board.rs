//! `/class/board`: the page for the projector. It shows one thing, without names and IDs of users: the
//! invitation, the slides of a lesson, or a request step by step.
//!
//! The teacher chooses it on other pages. The choice is in the settings of the class, so each board follows
//! it. The exchange itself is in this process, which has recorded it.

use std::sync::Arc;

use rocket::response::Redirect;
use rocket::tokio::sync::watch;
use rocket::{Route, State, get, post, routes};
use rocket_dyn_templates::{Template, context};
use rocket_express_session::Timestamp;
use serde::{Deserialize, Serialize};

use super::anonymize::{KnownNames, anonymize};
use super::class_page::ClassPage;
use crate::auth::Admin;
use crate::teach::lessons::{Lesson, LessonText};
use crate::teach::settings::{OnBoard, Settings};
use crate::teach::xray::{Sentences, View};
use crate::trace::{Exchange, Recorder, Step};
use crate::web::error::Error;
use crate::web::{Form, TimeView};

/// The exchange on the board of this instance. It stays there when the recorder forgets it. A clone shares it.
#[derive(Clone, Default)]
pub(super) struct Board(watch::Sender<Option<Arc<Exchange>>>);

impl Board {
    /// Replaces the exchange on the board.
    pub(super) fn put(&self, exchange: Option<Arc<Exchange>>) {
        self.0.send_replace(exchange);
    }

    /// Clears the board if this user has sent the request on it.
    pub(super) fn forget_user(&self, user: &str) {
        let is_own = |exchange: &mut Arc<Exchange>| exchange.user.as_deref() == Some(user);
        self.0.send_modify(|exchange| drop(exchange.take_if(is_own)));
    }
}

/// A button for the board. `do` is its name; the other fields say what it needs.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Button {
    #[serde(rename = "do")]
    action: String,
    /// The slug of a lesson; empty for the invitation.
    lesson: String,
    request: String,
    /// The ID of the student on whose page the button is.
    student: String,
    step: usize,
}

/// `lesson` or `request` chooses what the board shows; `next`, `back` or `step` goes on; `look` and `end`
/// ask all students to look at the board, or no longer.
#[post("/board", data = "<form>")]
async fn press(
    teacher: Admin<'_>,
    class: ClassPage<'_>,
    board: &State<Board>,
    recorder: &State<Recorder>,
    form: Form<Button>,
) -> Result<Redirect, Error> {
    let Button { action, lesson, request, student, step } = form.0;
    let chosen = match action.as_str() {
        "request" => Some((None, Some(request))),
        "lesson" => {
            let teacher = teacher.0.id.to_hex();
            let learner = if student.is_empty() { &teacher } else { &student };
            let lesson = Lesson::named(&lesson);
            Some((lesson, deciding_request(&class, lesson, learner).await?))
        }
        _ => None,
    };
    if let Some((lesson, request)) = chosen {
        board.put(request.as_deref().and_then(|id| recorder.get(id)));
        let slug = lesson.map(|lesson| lesson.slug.to_owned());
        let new = OnBoard { lesson: slug, request, step: 1 };
        class.settings.change(|settings| settings.board.clone_from(&new)).await?;
    }
    let last = Slides::of(&class).last;
    let look = (action == "look").then(|| Timestamp::now().as_millis());
    let change = |settings: &mut Settings| {
        let now = settings.board.step.clamp(1, last);
        settings.board.step = match action.as_str() {
            "next" => last.min(now + 1),
            "back" => 1.max(now - 1),
            "step" => step.clamp(1, last),
            _ => now,
        };
        if ["look", "end"].contains(&action.as_str()) {
            settings.look = look;
        }
    };
    class.settings.change(change).await?;
    let is_id = !student.is_empty() && student.chars().all(|c| c.is_ascii_alphanumeric());
    Ok(Redirect::to(match is_id {
        true => format!("/class/students/{student}#board"),
        false => "/class#board".to_owned(),
    }))
}

/// A request in the list to choose from.
#[derive(Serialize)]
pub(super) struct ListedRequest {
    id: String,
    received: TimeView,
    line: String,
    status: u16,
    /// The button that was pressed in a lab.
    pressed: Option<String>,
}

impl ListedRequest {
    pub(super) fn of(exchange: &Exchange) -> Self {
        let pressed = exchange.steps.iter().find_map(|noted| match &noted.step {
            Step::Lab { fact, .. } if exchange.method == "POST" => Some(fact.clone()),
            _ => None,
        });
        Self {
            id: exchange.id.clone(),
            received: exchange.received.into(),
            line: format!("{} {}", exchange.method, exchange.path),
            status: exchange.status,
            pressed,
        }
    }
}

/// The ID of the request that decides this lesson for this learner: the last one that is compared.
async fn deciding_request(
    class: &ClassPage<'_>,
    lesson: Option<&'static Lesson>,
    learner: &str,
) -> Result<Option<String>, Error> {
    let Some(lesson) = lesson else { return Ok(None) };
    let progress = class.data.progress.load(learner).await?.value;
    let name = class.texts.of(lesson).compare.last();
    let state = progress.lessons.get(lesson.slug);
    let named = state.zip(name).and_then(|(state, name)| state.exchange(name));
    Ok(named.map(|named| named.id.clone()))
}

/// A part of what the board shows, and its first step.
#[derive(Serialize)]
struct Part {
    name: &'static str,
    first: usize,
}

/// What the board shows, as slides: one after the other, with a step for each.
#[derive(Serialize)]
pub(super) struct Slides<'r> {
    /// The number and the texts of a lesson.
    lesson: Option<(usize, &'r LessonText)>,
    slug: Option<&'static str>,
    /// The request, without names and IDs.
    view: Option<View>,
    /// A request was chosen, and its recording is gone.
    is_gone: bool,
    parts: Vec<Part>,
    step: usize,
    last: usize,
    /// Students are asked to look at the board.
    look: bool,
}

impl<'r> Slides<'r> {
    /// The slides that the settings of this class name.
    pub(super) fn of(class: &ClassPage<'r>) -> Self {
        let (rocket, settings) = (class.page.request().rocket(), class.settings.current());
        let OnBoard { lesson, request, step } = settings.board;
        let lesson = lesson.as_deref().and_then(Lesson::named);
        let exchange = rocket.state::<Board>().and_then(|board| board.0.borrow().clone());
        let exchange = exchange.filter(|exchange| request.as_ref() == Some(&exchange.id));
        let view = exchange.zip(rocket.state()).map(|(exchange, sentences): (_, &Sentences)| {
            // Of a lesson's request the minor steps are left out.
            let limit = lesson.is_none().then_some(usize::MAX);
            View::of(&anonymize(&exchange, &KnownNames::of(rocket)), sentences, limit)
        });
        let rows = view.as_ref().map_or(0, |view| view.rows.len());
        let first = if lesson.is_some() { 4 } else { 1 };
        let claim = lesson.map(|_| ("claim", first + rows));
        let xray = view.as_ref().map(|_| ("xray", first));
        let guesses = [("question", 1), ("guesses", 2), ("answer", 3)];
        let parts = guesses.into_iter().filter(|_| lesson.is_some()).chain(xray).chain(claim);
        let last = claim.map_or(rows.max(1), |(_, step)| step);
        Self {
            lesson: lesson.map(|lesson| (lesson.number, class.texts.of(lesson))),
            slug: lesson.map(|lesson| lesson.slug),
            is_gone: request.is_some() && view.is_none(),
            view,
            parts: parts.map(|(name, first)| Part { name, first }).collect(),
            step: step.clamp(1, last),
            last,
            look: settings.look.is_some(),
        }
    }
}

/// `step`: the slide to show, for a browser without scripts. A script follows the teacher's choice.
#[get("/board?<step>")]
async fn show(
    _teacher: Admin<'_>,
    class: ClassPage<'_>,
    step: Option<usize>,
) -> Result<Template, Error> {
    let mut board = Slides::of(&class);
    board.step = step.unwrap_or(board.step).clamp(1, board.last);
    let lesson = board.slug.and_then(Lesson::named);
    let is_invitation = lesson.is_none() && board.view.is_none() && !board.is_gone;
    // A request alone needs no roster.
    let roster = if is_invitation || lesson.is_some() { Some(class.roster().await?) } else { None };
    let bars = roster.as_ref().zip(lesson).map(|(roster, lesson)| roster.bars(lesson, class.texts));
    let here = roster.map(|roster| roster.here);
    // Not as a page of the site: that has the teacher's name, and takes a flash message.
    let own = context! { board, bars, here, address: class.address() };
    Ok(Template::render("class/board", own))
}

pub(super) fn routes() -> Vec<Route> {
    routes![press, show]
}
