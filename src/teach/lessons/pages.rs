//! `/learn`: the list of lessons, the handout, the words, and the page of a lesson.
//!
//! A lesson with a lab has two addresses for one page. At `/lab/<slug>`, the lab is in it.

use rocket::request::{FromRequest, Outcome};
use rocket::{Request, Route, State, get, routes};
use rocket_dyn_templates::{Template, context};
use serde::Serialize;

use super::evidence::Evidence;
use super::http_forgets::WHO;
use super::lesson_text::Part;
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

/// A lesson in the list.
#[derive(Serialize)]
struct Entry<'c> {
    number: usize,
    slug: &'static str,
    title: &'c str,
    minutes: u32,
    part: Part,
    /// `solved`, `begun`, `skipped` or an empty text.
    state: &'static str,
    /// The teacher has closed it.
    closed: bool,
}

/// A goal, and the evidence if it was reached.
#[derive(Serialize)]
struct Goal<'c> {
    text: &'c MarkedText,
    evidence: Option<MarkedText>,
}

fn entries<'c>(
    texts: &'c LessonTexts,
    learner: &Learner<'_>,
    settings: &Settings,
) -> Vec<Entry<'c>> {
    let entry = |lesson: &'static Lesson| {
        let text = texts.of(lesson);
        Entry {
            number: lesson.number,
            slug: lesson.slug,
            title: &text.title,
            minutes: text.minutes,
            part: text.part,
            state: text.status(learner.progress().lessons.get(lesson.slug)),
            closed: settings.closed.contains(lesson.slug),
        }
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
    let solved = lessons.iter().filter(|lesson| lesson.state == "solved").count();
    let next = lessons.iter().find(|lesson| lesson.state != "solved" && !lesson.closed);
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
        let requested = rocket::outcome::try_outcome!(request.guard().await);
        match request.guard().await {
            Outcome::Success(learner) => {
                Outcome::Success(Self { page: Page::of(request), requested, learner })
            }
            Outcome::Error((status, _)) => Outcome::Error((status, ())),
            Outcome::Forward(status) => Outcome::Forward(status),
        }
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
        let entry = |wanted: &Lesson| lessons.iter().find(|entry| entry.slug == wanted.slug);
        let [before, after] = lesson.neighbours().map(|lesson| lesson.and_then(entry));
        let user = self.learner.user;
        let own = context! {
            lesson: entry(lesson),
            lessons: &lessons,
            before, after,
            content: text,
            needs_login: !lesson.has_lab && user.is_none(),
            has_lab: lesson.has_lab,
            lab,
            closed: self.requested.is_closed,
            guess: &state.guess,
            predicted: text.is_predicted(&state),
            goals: goals(text, &state),
            reached: text.reached(&state),
            done: text.is_done(&state),
            solved: text.is_solved(&state),
            mistaken: state.mistaken && !state.answered,
            checked: shown.checked.is_some(),
            typed: shown.typed.map(|typed| typed.split(',').collect::<Vec<_>>()),
            in_place: self.in_place(&state, shown.typed),
            bars: self.bars().await?,
            help: self.learner.wants_help(),
            recorded: self.recorded(&state),
            compared: text.compare.len(),
            understood: state.understood.is_some(),
            question: Draw::of(text, &state).map(|draw| draw.view(&state)),
            mistake: explain_mistake(text, &state),
            who: format!("{WHO}{}", request_id()),
            document_before: &state.before,
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

/// The goals, each with its evidence.
fn goals<'t>(text: &'t LessonText, state: &LessonState) -> Vec<Goal<'t>> {
    let goals = text.goals.iter().map(|goal| Goal {
        text: &goal.text,
        evidence: state.reached.contains_key(&goal.name).then(|| filled(&goal.evidence, state)),
    });
    goals.collect()
}

pub(crate) fn routes() -> Vec<Route> {
    routes![list, handout, words, show]
}
