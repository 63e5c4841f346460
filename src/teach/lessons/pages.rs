//! `/learn`: the list of lessons, and the page of a lesson with its forms.

use std::collections::BTreeMap;

use rocket::response::Redirect;
use rocket::{Route, State, get, post, routes};
use rocket_dyn_templates::{Template, context};
use rocket_express_session::Timestamp;
use serde::{Deserialize, Serialize};

use super::evidence::Evidence;
use super::http_forgets::{self, WHO};
use super::{BarsCache, Lesson, LessonText, LessonTexts, RequestedLesson, all};
use crate::auth::Visitor;
use crate::teach::class_data::ClassData;
use crate::teach::limits::Denied;
use crate::teach::progress::{Guess, LabState, Learner, LessonState};
use crate::teach::settings::{ClassSettings, Settings};
use crate::teach::text::MarkedText;
use crate::teach::xray::{Sentences, View, compared};
use crate::trace::in_flight::request_id;
use crate::web::error::Error;
use crate::web::{Flash, Form, NoFields, Page};

/// A lesson in the list.
#[derive(Serialize)]
struct Entry<'c> {
    number: usize,
    slug: &'static str,
    title: &'c str,
    minutes: u32,
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
    let contents: Vec<&LessonText> = all().iter().map(|lesson| texts.of(lesson)).collect();
    page.render("learn/handout", visitor, context! { contents })
}

/// `checked`: the learner has pressed "Check", and the page shows the outcome.
#[get("/<_>?<checked>")]
async fn show(
    page: Page<'_>,
    learner: Learner<'_>,
    requested: RequestedLesson<'_>,
    class: ClassData<'_>,
    cache: &State<BarsCache>,
    sentences: &State<Sentences>,
    checked: Option<&str>,
) -> Result<Template, Error> {
    let (lesson, text) = (requested.lesson, requested.text());
    let state = learner.progress().lessons.get(lesson.slug).cloned().unwrap_or_default();
    let goals = text.goals.iter().map(|goal| Goal {
        text: &goal.text,
        evidence: state.reached.get(&goal.name).map(|proof| goal.evidence(proof)),
    });
    let goals: Vec<Goal<'_>> = goals.collect();
    let lessons = entries(requested.texts, &learner, &requested.settings);
    let bars = match requested.settings.revealed {
        Some(revealed) if revealed == lesson.slug => cache.bars(class, lesson, text).await?,
        _ => vec![],
    };
    let own = context! {
        lesson: &lessons[lesson.number - 1],
        before: lesson.number.checked_sub(2).map(|before| &lessons[before]),
        after: lessons.get(lesson.number),
        content: text,
        needs_login: lesson.lab().is_none() && learner.user.is_none(),
        has_lab: lesson.lab().is_some(),
        has_answer: lesson.answer.is_some(),
        predicted: state.guess.as_ref().map(|guess| guess.choice),
        solved: text.is_solved(&state),
        mistaken: state.mistaken && !state.answered,
        checked: checked.is_some(),
        reached: goals.iter().filter(|goal| goal.evidence.is_some()).count(),
        goals,
        bars,
        help: learner.progress().help.is_some(),
        recorded: recorded(&state, &learner, sentences),
        who: format!("{WHO}{}", request_id()),
    };
    Ok(page.render(&lesson.page, page.visitor().await, own))
}

/// Exchanges side by side: more cannot be compared at a glance.
const MAX_COMPARED: usize = 4;

/// The exchanges that the evidence names, as far as they are still recorded, side by side.
fn recorded(state: &LessonState, learner: &Learner<'_>, sentences: &Sentences) -> Vec<View> {
    let named: Vec<u64> =
        state.reached.values().flat_map(|proof| proof.exchanges.values().copied()).collect();
    let mut own = learner.exchanges();
    own.retain(|exchange| named.contains(&exchange.number));
    own.truncate(MAX_COMPARED);
    compared(&own, sentences)
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Prediction {
    choice: String,
}

#[post("/<_>/predict", data = "<form>")]
async fn predict(
    page: Page<'_>,
    requested: RequestedLesson<'_>,
    mut learner: Learner<'_>,
    form: Form<Prediction>,
) -> Result<Redirect, Denied> {
    let options = requested.text().predict.options.len();
    let choice = form.0.choice.parse().ok().filter(|choice| *choice < options);
    if let Some(choice) = choice {
        let guess = Guess { choice, at: Timestamp::now().as_millis() };
        learner
            .change(|_, progress| {
                // The first guess counts.
                progress.lesson(requested.lesson.slug).guess.get_or_insert(guess.clone());
            })
            .await?;
        page.set_flash(&Flash::Guessed);
    }
    Ok(to(requested.lesson, "#predict"))
}

#[post("/<_>/check", data = "<_form>")]
async fn check(
    requested: RequestedLesson<'_>,
    mut learner: Learner<'_>,
    _form: NoFields,
) -> Result<Redirect, Denied> {
    let lesson = requested.lesson;
    learner.change(|learner, progress| lesson.evaluate(learner, progress)).await?;
    Ok(to(lesson, "?checked#check"))
}

/// One answer, or several by name, in the order of their names.
#[post("/<_>/answer", data = "<form>")]
async fn answer(
    page: Page<'_>,
    requested: RequestedLesson<'_>,
    mut learner: Learner<'_>,
    form: Form<BTreeMap<String, String>>,
) -> Result<Option<Redirect>, Denied> {
    let lesson = requested.lesson;
    let Some(is_right) = lesson.answer else { return Ok(None) };
    let typed: Vec<&str> = form.0.values().map(String::as_str).collect();
    let typed = typed.join(",");
    learner
        .change(|learner, progress| {
            let Some(state) = progress.lessons.get_mut(lesson.slug) else { return };
            let Some(evidence) = Evidence::since_guess(learner, lesson.slug, state) else { return };
            // The text may be anything, so only whether it is right is stored.
            let right = is_right(&evidence, &typed);
            (state.answered, state.mistaken) = (state.answered || right, !right);
            lesson.evaluate(learner, progress);
        })
        .await?;
    let state = learner.progress().lessons.get(lesson.slug);
    let Some(state) = state.filter(|state| state.guess.is_some()) else {
        page.set_flash(&Flash::GuessFirst);
        return Ok(Some(to(lesson, "#predict")));
    };
    page.set_flash(&Flash::Answered(!state.mistaken));
    Ok(Some(to(lesson, "#check")))
}

/// Resets this lesson, and the labs with it if the lesson has one.
#[post("/<_>/reset", data = "<_form>")]
async fn reset(
    page: Page<'_>,
    requested: RequestedLesson<'_>,
    mut learner: Learner<'_>,
    _form: NoFields,
) -> Result<Redirect, Denied> {
    learner
        .change(|_, progress| {
            let had = progress.lessons.remove(requested.lesson.slug).is_some();
            if had && requested.lesson.lab().is_some() {
                progress.lab = LabState::default();
            }
        })
        .await?;
    page.set_flash(&Flash::LessonReset);
    Ok(to(requested.lesson, "#predict"))
}

#[post("/<_>/skip", data = "<_form>")]
async fn skip(
    page: Page<'_>,
    requested: RequestedLesson<'_>,
    mut learner: Learner<'_>,
    _form: NoFields,
) -> Result<Redirect, Denied> {
    learner.change(|_, progress| progress.lesson(requested.lesson.slug).skipped = true).await?;
    page.set_flash(&Flash::LessonSkipped);
    let next = all().get(requested.lesson.number);
    Ok(next.map_or_else(|| Redirect::to("/learn"), |next| to(next, "")))
}

/// `wanted`: `no` withdraws the request for help.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Help {
    wanted: String,
}

/// Asks the teacher for help, or withdraws that. Anonymous visitors cannot ask: the teacher would not know
/// whom to go to.
#[post("/<_>/help", data = "<form>")]
async fn help(
    page: Page<'_>,
    requested: RequestedLesson<'_>,
    mut learner: Learner<'_>,
    form: Form<Help>,
) -> Result<Redirect, Denied> {
    if learner.user.is_some() {
        let is_wanted = form.0.wanted != "no";
        let since = is_wanted.then(|| Timestamp::now().as_millis());
        learner.change(|_, progress| progress.help = since.and(progress.help.or(since))).await?;
        page.set_flash(&Flash::HelpWanted(is_wanted));
    }
    Ok(to(requested.lesson, "#help"))
}

/// The lesson's page, at the section that has changed.
fn to(lesson: &Lesson, section: &str) -> Redirect {
    Redirect::to(format!("{}{section}", lesson.path()))
}

pub(crate) fn routes() -> Vec<Route> {
    let routes = routes![list, handout, show, predict, check, answer, reset, skip, help];
    [routes, http_forgets::routes()].concat()
}
