//! The page of a lesson: the guard of all routes below `/learn/<slug>` and `/lab/<slug>`, and what the page
//! shows.

use rocket::http::{Method, Status};
use rocket::outcome::try_outcome;
use rocket::request::{FromRequest, Outcome};
use rocket::{Request, catch};
use rocket_dyn_templates::{Template, context};
use serde::Serialize;

use super::evidence::Evidence;
use super::question::{Draw, filled};
use super::{Lesson, LessonText, LessonTexts, revealed_bars};
use crate::auth::{Admin, Visitor};
use crate::in_flight::own_id;
use crate::teach::limits::Denied;
use crate::teach::progress::{Learner, LessonState};
use crate::teach::settings::{ClassSettings, Settings};
use crate::teach::xray::{Sentences, View, compared};
use crate::web::{Page, stored_document};

/// A request for a lesson. An unknown slug is a 404, and a form of a closed lesson a 403, except for admins.
pub(crate) struct LessonPage<'r> {
    pub page: Page<'r>,
    pub lesson: &'static Lesson,
    pub learner: Learner<'r>,
    texts: &'r LessonTexts,
    settings: Settings,
    /// The teacher has closed the lesson. Learners who have solved it may read it.
    is_closed: bool,
}

/// What the address of a lesson's page says beside the lesson.
#[derive(Default, Serialize, rocket::FromForm)]
pub(crate) struct Shown<'r> {
    /// The learner has pressed "Check", and the page shows the outcome.
    checked: Option<&'r str>,
    /// A wrong answer of several parts, with commas between them.
    typed: Option<&'r str>,
}

#[rocket::async_trait]
impl<'r> FromRequest<'r> for LessonPage<'r> {
    type Error = ();

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, ()> {
        let slug = request.param::<&str>(0).and_then(Result::ok);
        let (page, rocket) = (Page::of(request), request.rocket());
        let (texts, settings) = (rocket.state(), rocket.state::<ClassSettings>());
        let found = slug.and_then(Lesson::named).zip(texts).zip(settings);
        let Some(((lesson, texts), settings)) = found else {
            return Outcome::Error((Status::NotFound, ()));
        };
        let settings = settings.current();
        let is_closed =
            settings.closed.contains(lesson.slug) && request.guard::<Admin<'_>>().await.is_error();
        if is_closed && request.method() == Method::Post {
            return Outcome::Error((Status::Forbidden, ()));
        }
        let learner = request.guard::<Learner<'r>>().await;
        let learner = try_outcome!(learner.map_error(|(status, _)| (status, ())));
        Outcome::Success(Self { page, lesson, learner, texts, settings, is_closed })
    }
}

impl<'r> LessonPage<'r> {
    pub(super) fn text(&self) -> &'r LessonText {
        self.texts.of(self.lesson)
    }

    pub(super) fn state(&self) -> LessonState {
        let lessons = &self.learner.progress().lessons;
        lessons.get(self.lesson.slug).cloned().unwrap_or_default()
    }

    /// Whether the page may show the lab: after the guess, and while the lesson is open.
    pub(crate) fn shows_lab(&self) -> bool {
        self.state().guess.is_some() && !self.is_closed
    }

    pub(super) async fn evaluate(&mut self) -> Result<(), Denied> {
        let lesson = self.lesson;
        self.learner.change(|learner, progress| lesson.evaluate(learner, progress)).await
    }

    /// The page of the lesson, with `lab` in it. Stores the goals that are reached by now.
    pub(crate) async fn render(
        &mut self,
        lab: Option<impl Serialize>,
        shown: Shown<'_>,
    ) -> Result<Template, Denied> {
        let (lesson, text) = (self.lesson, self.text());
        if !self.is_closed {
            self.evaluate().await?;
        } else if !text.is_solved(&self.state()) {
            return Err(Denied::Closed);
        }
        let state = self.state();
        let lessons = self.texts.entries(self.learner.progress(), &self.settings);
        let own = context! {
            lesson: &lessons[lesson.number - 1], lessons: &lessons,
            content: text,
            state: &state,
            has_lab: lesson.has_lab,
            lab,
            closed: self.is_closed,
            predicted: text.is_predicted(&state),
            evidence: evidence(text, &state),
            reached: text.reached(&state),
            done: text.is_done(&state),
            solved: text.is_solved(&state),
            in_place: self.in_place(&state, shown.typed),
            shown,
            bars: revealed_bars(self.page.request().rocket(), lesson).await?,
            help: self.learner.wants_help(),
            recorded: self.recorded(&state),
            question: Draw::of(text, &state).map(|draw| draw.view(&state)),
            request: own_id(),
            document: state.before.is_some().then(|| stored_document(self.learner.session)),
            user: self.learner.user_id(),
        };
        Ok(self.page.render(&lesson.page, self.page.visitor().await, own))
    }

    /// The number of parts of the wrong answer `typed` that are in their place.
    fn in_place(&self, state: &LessonState, typed: Option<&str>) -> Option<usize> {
        let (judge, typed) = (self.lesson.judge?, typed?);
        let evidence = Evidence::since_guess(&self.learner, self.lesson.slug, state)?;
        let parts = judge(&evidence, typed);
        (parts.len() > 1).then(|| parts.iter().filter(|is_right| **is_right).count())
    }

    /// The exchanges that decide the lesson, as far as they are still recorded, side by side.
    fn recorded(&self, state: &LessonState) -> Option<Vec<View>> {
        let sentences: &Sentences = self.page.request().rocket().state()?;
        let named = self.text().compare.iter().filter_map(|name| state.exchange(name));
        let found = named.filter_map(|named| self.learner.exchange(&named.id));
        Some(compared(&found.collect::<Vec<_>>(), sentences))
    }
}

/// For each goal, the evidence if it was reached.
fn evidence(text: &LessonText, state: &LessonState) -> Vec<Option<String>> {
    let evidence = text.goals.iter().map(|goal| {
        state.reached.get(&goal.name)?;
        Some(filled(&goal.evidence, state))
    });
    evidence.collect()
}

/// The page of a closed lesson. Forms from other sites do not get here, but elsewhere (`web/protection.rs`).
#[catch(403)]
pub(crate) async fn closed(request: &Request<'_>) -> (Status, Template) {
    let visitor = Visitor::of(request).await;
    (Status::Forbidden, Page::of(request).render("learn/closed", visitor, context! {}))
}
