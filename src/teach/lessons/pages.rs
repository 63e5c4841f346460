//! `/learn`: the list of lessons, a lesson, and what one does on its page.

use std::collections::BTreeMap;
use std::time::SystemTime;

use rocket::response::Redirect;
use rocket::{Route, State, get, post, routes};
use rocket_dyn_templates::{Template, context};
use rocket_express_session::Session;
use serde::{Deserialize, Serialize};

use super::content::{Content, Contents};
use super::http_forgets::{PAGE, WHO};
use super::{ALL, Evidence, Lesson, Named, evaluate};
use crate::audit::request_id;
use crate::auth::Visitor;
use crate::teach::class::{Class, Control, Room};
use crate::teach::labs::Bench;
use crate::teach::limits::Denied;
use crate::teach::progress::{self, Guess, Learner, millis};
use crate::teach::text::Text;
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
    /// By the teacher.
    closed: bool,
}

/// A goal, and by what it was known.
#[derive(Serialize)]
struct Goal<'c> {
    text: &'c Text,
    evidence: Option<Text>,
}

fn entries<'c>(contents: &'c Contents, learner: &Learner<'_>, control: &Control) -> Vec<Entry<'c>> {
    let entry = |(n, lesson): (usize, &&'static Lesson)| {
        let content = contents.of(lesson);
        let state = content.standing(learner.progress().lessons.get(lesson.slug));
        let (title, minutes) = (content.title.as_str(), content.minutes);
        let closed = control.closed.contains(lesson.slug);
        Entry { number: n + 1, slug: lesson.slug, title, minutes, state, closed }
    };
    ALL.iter().enumerate().map(entry).collect()
}

#[get("/")]
async fn list(
    page: Page<'_>,
    learner: Learner<'_>,
    contents: &State<Contents>,
    class: &State<Class>,
) -> Template {
    let lessons = entries(contents, &learner, &class.now());
    page.render("learn/list", context! { lessons }).await
}

#[get("/handout")]
async fn handout(page: Page<'_>, contents: &State<Contents>) -> Template {
    let contents: Vec<&Content> = ALL.iter().map(|lesson| contents.of(lesson)).collect();
    page.render("learn/handout", context! { contents }).await
}

/// `checked`: "Check" was pressed, and the page says what came of it.
#[get("/<_>?<checked>")]
async fn show(
    page: Page<'_>,
    learner: Learner<'_>,
    room: Room<'_>,
    named: Named<'_>,
    checked: Option<&str>,
) -> Result<Template, Error> {
    let Named { lesson, content } = named;
    let state = learner.progress().lessons.get(lesson.slug).cloned().unwrap_or_default();
    let goals = content.goals.iter().map(|goal| Goal {
        text: &goal.text,
        evidence: state.reached.get(&goal.name).map(|proof| goal.evidence(proof)),
    });
    let goals: Vec<Goal<'_>> = goals.collect();
    let control = room.class.now();
    let lessons = entries(room.contents, &learner, &control);
    let at = lessons.iter().position(|entry| entry.slug == lesson.slug).unwrap_or_default();
    let bars = match control.revealed {
        Some(revealed) if revealed == lesson.slug => room.bars(lesson, content).await?,
        _ => vec![],
    };
    let own = context! {
        lesson: &lessons[at],
        before: at.checked_sub(1).map(|before| &lessons[before]),
        after: lessons.get(at + 1),
        content,
        needs_login: lesson.needs_login && learner.user.is_none(),
        has_lab: lesson.lab.is_some(),
        has_answer: lesson.answer.is_some(),
        predicted: state.guess.as_ref().map(|guess| guess.choice),
        solved: content.is_solved(&state),
        mistaken: state.mistaken && !state.answered,
        checked: checked.is_some(),
        reached: goals.iter().filter(|goal| goal.evidence.is_some()).count(),
        goals,
        bars,
        help: learner.progress().help.is_some(),
        recorded: recorded(&state, &learner),
        who: format!("{WHO}{}", request_id(page.request())),
    };
    Ok(page.render(lesson.template, own).await)
}

/// Of one lesson: what can be compared at a glance.
const MOST_COMPARED: usize = 4;

/// The exchanges that the evidence names, as far as they are kept, side by side.
fn recorded(state: &progress::State, learner: &Learner<'_>) -> Vec<View> {
    let named: Vec<u64> =
        state.reached.values().flat_map(|proof| proof.exchanges.values().copied()).collect();
    let mut own = learner.exchanges();
    own.retain(|exchange| named.contains(&exchange.number));
    own.truncate(MOST_COMPARED);
    compared(&own)
}

/// What the two buttons of the first lesson ask. `from` is the id of the exchange that the page
/// itself was. It says whose question this is when no cookie came, and only then.
#[get("/http-forgets/who/<from>")]
async fn who(
    from: &str,
    session: &Session,
    visitor: &Visitor,
    recorder: &State<Recorder>,
) -> String {
    let has_ticket = session.is_stored() || session.is_unknown();
    if let Visitor::SignedIn(user) = visitor {
        return format!("You are {}.", user.username);
    }
    if !has_ticket && let Some(owner) = recorder.owner_once(from, PAGE) {
        trace::own_as(owner);
    }
    "You are nobody.".to_owned()
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Prediction {
    choice: String,
}

#[post("/<_>/predict", data = "<form>")]
async fn predict(
    named: Named<'_>,
    mut learner: Learner<'_>,
    form: Form<Prediction>,
) -> Result<Redirect, Denied> {
    let options = named.content.predict.options.len();
    let choice = form.0.choice.parse().ok().filter(|choice| *choice < options);
    if let Some(choice) = choice {
        let guess = Guess { choice, at: millis(SystemTime::now()) };
        learner
            .change(|_, progress| {
                // The first guess counts.
                progress.state(named.lesson).guess.get_or_insert(guess.clone());
            })
            .await?;
    }
    Ok(to(named.lesson))
}

#[post("/<_>/check", data = "<_form>")]
async fn check(
    named: Named<'_>,
    mut learner: Learner<'_>,
    _form: NoFields,
) -> Result<Redirect, Denied> {
    learner.change(|learner, progress| evaluate(learner, progress, named.lesson)).await?;
    Ok(Redirect::to(format!("/learn/{}?checked", named.lesson.slug)))
}

/// One text, or a list of choices by name, in the order of the names.
#[post("/<_>/answer", data = "<form>")]
async fn answer(
    named: Named<'_>,
    mut learner: Learner<'_>,
    form: Form<BTreeMap<String, String>>,
) -> Result<Option<Redirect>, Denied> {
    let lesson = named.lesson;
    let Some(is_right) = lesson.answer else { return Ok(None) };
    let typed: Vec<&str> = form.0.values().map(String::as_str).collect();
    let typed = typed.join(",");
    learner
        .change(|learner, progress| {
            let Some(state) = progress.lessons.get_mut(lesson.slug) else { return };
            let Some(evidence) = Evidence::of(learner, state) else { return };
            // What was typed may be anything: only whether it is right is kept.
            let right = is_right(&evidence, &typed);
            (state.answered, state.mistaken) = (state.answered || right, !right);
            evaluate(learner, progress, lesson);
        })
        .await?;
    Ok(Some(to(lesson)))
}

/// Back to the start of this lesson, and of what stands on the lab bench.
#[post("/<_>/reset", data = "<_form>")]
async fn reset(
    named: Named<'_>,
    mut learner: Learner<'_>,
    _form: NoFields,
) -> Result<Redirect, Denied> {
    learner
        .change(|_, progress| {
            let had = progress.lessons.remove(named.lesson.slug).is_some();
            if had && named.lesson.lab.is_some() {
                progress.bench = Bench::default();
            }
        })
        .await?;
    Ok(to(named.lesson))
}

#[post("/<_>/skip", data = "<_form>")]
async fn skip(
    named: Named<'_>,
    mut learner: Learner<'_>,
    _form: NoFields,
) -> Result<Redirect, Denied> {
    learner.change(|_, progress| progress.state(named.lesson).skipped = true).await?;
    let next = ALL.iter().skip_while(|lesson| lesson.slug != named.lesson.slug).nth(1);
    Ok(next.map_or_else(|| Redirect::to("/learn"), |next| to(next)))
}

/// `wanted`: `no` takes the hand down.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Help {
    wanted: String,
}

/// Raises a hand that the teacher sees, or takes it down. Anonymous visitors cannot raise one: the teacher would
/// not know whom to go to.
#[post("/<_>/help", data = "<form>")]
async fn help(
    named: Named<'_>,
    mut learner: Learner<'_>,
    form: Form<Help>,
) -> Result<Redirect, Denied> {
    if learner.user.is_some() {
        let since = (form.0.wanted != "no").then(|| millis(SystemTime::now()));
        learner.change(|_, progress| progress.help = since.and(progress.help.or(since))).await?;
    }
    Ok(to(named.lesson))
}

fn to(lesson: &Lesson) -> Redirect {
    Redirect::to(format!("/learn/{}", lesson.slug))
}

pub fn routes() -> Vec<Route> {
    routes![list, handout, show, who, predict, check, answer, reset, skip, help]
}
