//! `/learn`: the list of lessons, a lesson, and what one does on its page.

use std::collections::BTreeMap;

use rocket::response::Redirect;
use rocket::{Route, State, get, post, routes, uri};
use rocket_dyn_templates::{Template, context};
use serde::{Deserialize, Serialize};

use super::content::{Content, Contents};
use super::http_forgets::WHO;
use super::{ALL, Evidence, Lesson, evaluate, find};
use crate::audit::request_id;
use crate::auth::Visitor;
use crate::teach::progress::{self, Learner, millis};
use crate::teach::xray::{View, compared};
use crate::trace::{self, Recorder};
use crate::web::error::Error;
use crate::web::{Form, NoFields, Page};

/// A line of the list.
#[derive(Serialize)]
struct Entry<'c> {
    number: usize,
    slug: &'static str,
    title: &'c str,
    minutes: u32,
    /// `solved`, `begun`, `skipped` or nothing.
    state: &'static str,
}

/// A goal, and by what it was known.
#[derive(Serialize)]
struct Reached {
    text: &'static str,
    evidence: Option<String>,
}

fn entries<'c>(contents: &'c Contents, learner: &Learner<'_>) -> Vec<Entry<'c>> {
    let entry = |(n, lesson): (usize, &&Lesson)| {
        let content = contents.of(lesson.slug);
        let state = learner.progress.lessons.get(lesson.slug);
        let state = match state {
            Some(state) if state.solved => "solved",
            Some(state) if state.skipped => "skipped",
            Some(_) => "begun",
            None => "",
        };
        let (title, minutes) = (content.title.as_str(), content.minutes);
        Entry { number: n + 1, slug: lesson.slug, title, minutes, state }
    };
    ALL.iter().enumerate().map(entry).collect()
}

#[get("/")]
async fn list(page: Page<'_>, learner: Learner<'_>, contents: &State<Contents>) -> Template {
    page.render("learn/list", context! { lessons: entries(contents, &learner) }).await
}

#[get("/handout")]
async fn handout(page: Page<'_>, contents: &State<Contents>) -> Template {
    let contents: Vec<&Content> = ALL.iter().map(|lesson| contents.of(lesson.slug)).collect();
    page.render("learn/handout", context! { contents }).await
}

#[get("/<slug>")]
async fn show(
    page: Page<'_>,
    learner: Learner<'_>,
    contents: &State<Contents>,
    slug: &str,
) -> Option<Template> {
    let lesson = find(slug)?;
    let state = learner.progress.lessons.get(slug).cloned().unwrap_or_default();
    let goals: Vec<Reached> = (lesson.check)(&Evidence::of(&learner, &state))
        .into_iter()
        .map(|goal| Reached { text: goal.text, evidence: state.reached.get(goal.text).cloned() })
        .collect();
    let recorded = evidence_of(&goals, &learner);
    let lessons = entries(contents, &learner);
    let at = lessons.iter().position(|entry| entry.slug == slug)?;
    let own = context! {
        lesson: &lessons[at],
        before: at.checked_sub(1).map(|before| &lessons[before]),
        after: lessons.get(at + 1),
        content: contents.of(slug),
        needs_login: lesson.needs_login && learner.user.is_none(),
        has_lab: lesson.lab.is_some(),
        has_answer: lesson.answer.is_some(),
        predicted: state.predicted,
        solved: state.solved,
        mistaken: state.mistaken && !state.answered,
        goals,
        recorded,
        who: format!("{WHO}{}", request_id(page.request())),
    };
    Some(page.render(lesson.template, own).await)
}

/// Of one lesson: what can be compared at a glance.
const MOST_COMPARED: usize = 4;

/// The exchanges that the evidence names, as far as they are kept, side by side.
fn evidence_of(goals: &[Reached], learner: &Learner<'_>) -> Vec<View> {
    let told = goals.iter().filter_map(|goal| goal.evidence.as_deref());
    let numbers = told.flat_map(|text| text.split("xchange ").skip(1).map(leading_number));
    let numbers: Vec<Option<u64>> = numbers.collect();
    let mut own = learner.exchanges();
    own.retain(|exchange| numbers.contains(&Some(exchange.number)));
    own.truncate(MOST_COMPARED);
    compared(&own)
}

fn leading_number(text: &str) -> Option<u64> {
    text.split(|character: char| !character.is_ascii_digit()).next()?.parse().ok()
}

/// What the two buttons of the first lesson ask. `from` is the id of the exchange that the page
/// itself was: it tells whose question this is, when no cookie does.
#[get("/http-forgets/who/<from>")]
async fn who(from: &str, visitor: &Visitor, recorder: &State<Recorder>) -> Option<String> {
    trace::own_as(recorder.owner(from)?);
    Some(match visitor {
        Visitor::SignedIn(user) => format!("You are {}.", user.username),
        _ => "You are nobody.".to_owned(),
    })
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Prediction {
    choice: String,
}

#[post("/<slug>/predict", data = "<form>")]
async fn predict(
    mut learner: Learner<'_>,
    contents: &State<Contents>,
    slug: &str,
    form: Form<Prediction>,
) -> Result<Option<Redirect>, Error> {
    let Some(lesson) = find(slug) else { return Ok(None) };
    let options = contents.of(slug).predict.options.len();
    let choice = form.0.choice.parse().ok().filter(|choice| *choice < options);
    if let Some(choice) = choice {
        let state = learner.progress.lessons.entry(slug.to_owned()).or_default();
        // The first guess counts.
        if state.predicted.is_none() {
            state.predicted = Some(choice);
            state.since = millis(std::time::SystemTime::now());
            learner.save().await?;
        }
    }
    Ok(Some(to(lesson)))
}

#[post("/<slug>/check", data = "<_form>")]
async fn check(
    mut learner: Learner<'_>,
    slug: &str,
    _form: NoFields,
) -> Result<Option<Redirect>, Error> {
    let Some(lesson) = find(slug) else { return Ok(None) };
    let before = learner.progress.clone();
    evaluate(&mut learner, lesson);
    if learner.progress != before {
        learner.save().await?;
    }
    Ok(Some(to(lesson)))
}

/// One text, or a list of choices by name, in the order of the names.
#[post("/<slug>/answer", data = "<form>")]
async fn answer(
    mut learner: Learner<'_>,
    slug: &str,
    form: Form<BTreeMap<String, String>>,
) -> Result<Option<Redirect>, Error> {
    let Some(lesson) = find(slug) else { return Ok(None) };
    let Some(is_right) = lesson.answer else { return Ok(None) };
    let typed: Vec<&str> = form.0.values().map(String::as_str).collect();
    let Some(state) = learner.progress.lessons.get(slug).filter(|state| state.predicted.is_some())
    else {
        return Ok(Some(to(lesson)));
    };
    // What was typed may be anything: only whether it is right is kept.
    let right = is_right(&Evidence::of(&learner, state), &typed.join(","));
    let state = learner.progress.lessons.entry(slug.to_owned()).or_default();
    (state.answered, state.mistaken) = (state.answered || right, !right);
    evaluate(&mut learner, lesson);
    learner.save().await?;
    Ok(Some(to(lesson)))
}

/// Back to the start of this lesson, and of what stands on the lab bench.
#[post("/<slug>/reset", data = "<_form>")]
async fn reset(
    mut learner: Learner<'_>,
    slug: &str,
    _form: NoFields,
) -> Result<Option<Redirect>, Error> {
    let Some(lesson) = find(slug) else { return Ok(None) };
    let had = learner.progress.lessons.remove(slug).is_some();
    if lesson.lab.is_some() {
        learner.progress.bench = progress::Progress::default().bench;
    }
    if had {
        learner.save().await?;
    }
    Ok(Some(to(lesson)))
}

#[post("/<slug>/skip", data = "<_form>")]
async fn skip(
    mut learner: Learner<'_>,
    slug: &str,
    _form: NoFields,
) -> Result<Option<Redirect>, Error> {
    if find(slug).is_none() {
        return Ok(None);
    }
    learner.progress.lessons.entry(slug.to_owned()).or_default().skipped = true;
    learner.save().await?;
    let at = ALL.iter().position(|known| known.slug == slug).unwrap_or_default();
    Ok(Some(ALL.get(at + 1).map_or_else(|| Redirect::to(uri!("/learn", list)), |next| to(next))))
}

fn to(lesson: &Lesson) -> Redirect {
    Redirect::to(uri!("/learn", show(lesson.slug)))
}

pub fn routes() -> Vec<Route> {
    routes![list, handout, show, who, predict, check, answer, reset, skip]
}
