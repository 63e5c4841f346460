//! `/learn`: the list of lessons, the handout, the words, and the page of a lesson.
//!
//! A lesson with a lab has two addresses for one page. At `/lab/<slug>`, the lab is in it.

use rocket::outcome::try_outcome;
use rocket::request::{FromRequest, Outcome};
use rocket::{Request, Route, State, get, routes};
use rocket_dyn_templates::{Template, context};
use serde::Serialize;
use serde_json::{Value, json};

use super::evidence::Evidence;
use super::http_forgets::WHO;
use super::lesson_text::GoalText;
use super::question::{Draw, explain_mistake, filled};
use super::{BarsCache, Lesson, LessonText, LessonTexts, RequestedLesson, all};
use crate::auth::Visitor;
use crate::db::Unavailable;
use crate::in_flight::request_id;
use crate::teach::class_data::ClassData;
use crate::teach::limits::Denied;
use crate::teach::progress::{Learner, LessonState};
use crate::teach::settings::{ClassSettings, Settings};
use crate::teach::text::MarkedText;
use crate::teach::xray::{Sentences, View, compared};
use crate::web::{Page, stored_document};

/// All lessons with the learner's progress, for a list. `state` is `solved`, `begun`, `skipped` or empty;
/// `closed`: the teacher has closed it.
fn entries(texts: &LessonTexts, learner: &Learner<'_>, settings: &Settings) -> Vec<Value> {
    let entry = |lesson: &Lesson| {
        let LessonText { title, minutes, part, .. } = texts.of(lesson);
        let state = texts.of(lesson).status(learner.progress().lessons.get(lesson.slug));
        let closed = settings.closed.contains(lesson.slug);
        json!({ "number": lesson.number, "slug": lesson.slug, "title": title, "minutes": minutes,
                "part": part, "state": state, "closed": closed })
    };
    all().iter().map(entry).collect()
}

#[get("/")]
fn list(
    page: Page<'_>,
    visitor: &Visitor,
    learner: Learner<'_>,
    texts: &State<LessonTexts>,
    settings: &State<ClassSettings>,
) -> Template {
    let lessons = entries(texts, &learner, &settings.current());
    let solved = lessons.iter().filter(|lesson| lesson["state"] == "solved").count();
    let is_next = |lesson: &&Value| lesson["state"] != "solved" && lesson["closed"] == false;
    let next = lessons.iter().find(is_next);
    page.render("learn/list", visitor, context! { solved, next, lessons: &lessons })
}

#[get("/handout")]
fn handout(page: Page<'_>, visitor: &Visitor, texts: &State<LessonTexts>) -> Template {
    page.render("learn/handout", visitor, context! { lessons: listed(texts) })
}

#[get("/words")]
fn words(page: Page<'_>, visitor: &Visitor, texts: &State<LessonTexts>) -> Template {
    let own = context! { words: &texts.words, lessons: listed(texts) };
    page.render("learn/words", visitor, own)
}

/// All lessons with their texts, for pages about all of them. Only a page for teachers may show `teacher`
/// and `questions`.
pub(crate) fn listed(texts: &LessonTexts) -> Vec<impl Serialize + use<'_>> {
    let lessons = all().iter().map(|lesson| {
        let text = texts.of(lesson);
        let (teacher, questions) = (&text.teacher, &text.questions);
        context! { number: lesson.number, slug: lesson.slug, text, teacher, questions }
    });
    lessons.collect()
}

/// What the address of a lesson's page says beside the lesson.
#[derive(Default, rocket::FromForm)]
pub(crate) struct Shown<'r> {
    /// The learner has pressed "Check", and the page shows the outcome.
    checked: Option<&'r str>,
    /// A wrong answer of several parts, with commas between them.
    typed: Option<&'r str>,
}

#[get("/<_>?<shown..>")]
async fn show(mut lesson: LessonPage<'_>, shown: Shown<'_>) -> Result<Template, Denied> {
    lesson.render(None::<()>, shown).await
}

/// A request for the page of a lesson, or for one of its forms.
pub(crate) struct LessonPage<'r> {
    pub page: Page<'r>,
    pub requested: RequestedLesson<'r>,
    pub learner: Learner<'r>,
}

#[rocket::async_trait]
impl<'r> FromRequest<'r> for LessonPage<'r> {
    type Error = ();

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, ()> {
        let requested = try_outcome!(request.guard().await);
        let learner = request.guard::<Learner<'r>>().await;
        let learner = try_outcome!(learner.map_error(|(status, _)| (status, ())));
        Outcome::Success(Self { page: Page::of(request), requested, learner })
    }
}

impl LessonPage<'_> {
    /// The state of the lesson.
    pub(crate) fn state(&self) -> LessonState {
        let lessons = &self.learner.progress().lessons;
        lessons.get(self.requested.lesson.slug).cloned().unwrap_or_default()
    }

    /// Whether the page may show the lab: after the guess, and while the lesson is open.
    pub(crate) fn shows_lab(&self) -> bool {
        self.state().guess.is_some() && !self.requested.is_closed
    }

    /// The page of the lesson, with `lab` in it. Stores the goals that are reached by now.
    ///
    /// # Errors
    /// A store does not answer, or the lesson is closed and not solved.
    pub(crate) async fn render(
        &mut self,
        lab: Option<impl Serialize>,
        shown: Shown<'_>,
    ) -> Result<Template, Denied> {
        let (lesson, text) = (self.requested.lesson, self.requested.text());
        if self.requested.is_closed {
            if !text.is_solved(&self.state()) {
                return Err(Denied::Closed);
            }
        } else {
            let evaluate =
                |learner: &Learner<'_>, progress: &mut _| lesson.evaluate(learner, progress);
            self.learner.change(evaluate).await?;
        }
        let state = self.state();
        let lessons = entries(self.requested.texts, &self.learner, &self.requested.settings);
        let entry = |wanted: &Lesson| lessons.iter().find(|entry| entry["slug"] == wanted.slug);
        let [before, after] = lesson.neighbours().map(|lesson| lesson.and_then(entry));
        let own = context! {
            lesson: entry(lesson), lessons: &lessons, before, after,
            content: text,
            state: &state,
            needs_login: !lesson.has_lab && self.learner.user.is_none(),
            has_lab: lesson.has_lab,
            lab,
            closed: self.requested.is_closed,
            predicted: text.is_predicted(&state),
            evidence: evidence(text, &state),
            reached: text.reached(&state),
            done: text.is_done(&state),
            solved: text.is_solved(&state),
            checked: shown.checked.is_some(),
            typed: shown.typed.map(|typed| typed.split(',').collect::<Vec<_>>()),
            in_place: self.in_place(&state, shown.typed),
            bars: self.bars().await?,
            help: self.learner.wants_help(),
            recorded: self.recorded(&state),
            question: Draw::of(text, &state).map(|draw| draw.view(&state)),
            mistake: explain_mistake(text, &state),
            who: format!("{WHO}{}", request_id()),
            document: state.before.is_some().then(|| stored_document(self.learner.session)),
            user: self.learner.user_id(),
        };
        Ok(self.page.render(&lesson.page, self.page.visitor().await, own))
    }

    /// The number of parts of the wrong answer `typed` that are in their place.
    fn in_place(&self, state: &LessonState, typed: Option<&str>) -> Option<usize> {
        let (lesson, typed) = (self.requested.lesson, typed?);
        let evidence = Evidence::since_guess(&self.learner, lesson.slug, state)?;
        Some((lesson.in_place?)(&evidence, typed))
    }

    /// The guesses of the class, if the teacher shows those of this lesson.
    async fn bars(&self) -> Result<Vec<super::Bar>, Denied> {
        let (request, lesson) = (self.page.request(), self.requested.lesson);
        if self.requested.settings.revealed.as_deref() != Some(lesson.slug) {
            return Ok(vec![]);
        }
        let rocket = request.rocket();
        let found = ClassData::of(rocket).zip(rocket.state::<BarsCache>());
        let (class, cache) = found.ok_or_else(|| Unavailable::new("teaching is not attached"))?;
        Ok(cache.bars(class, lesson, self.requested.text()).await?)
    }

    /// The exchanges that decide the lesson, as far as they are still recorded, side by side.
    fn recorded(&self, state: &LessonState) -> Vec<View> {
        let Some(sentences) = self.page.request().rocket().state::<Sentences>() else {
            return vec![];
        };
        let named = self.requested.text().compare.iter();
        let named = named.filter_map(|name| state.exchange(name));
        let found = named.filter_map(|named| self.learner.exchange(&named.id));
        compared(&found.collect::<Vec<_>>(), sentences)
    }
}

/// For each goal, the evidence if it was reached.
fn evidence(text: &LessonText, state: &LessonState) -> Vec<Option<MarkedText>> {
    let is_reached = |goal: &GoalText| state.reached.contains_key(&goal.name);
    let of = |goal: &GoalText| is_reached(goal).then(|| filled(&goal.evidence, state));
    text.goals.iter().map(of).collect()
}

pub(crate) fn routes() -> Vec<Route> {
    routes![list, handout, words, show]
}
