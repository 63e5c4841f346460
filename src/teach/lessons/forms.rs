//! The forms of a lesson. Each leads back to the section of the page that has changed.

use std::collections::{BTreeMap, BTreeSet};

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use rocket::response::Redirect;
use rocket::{Route, post, routes};
use rocket_express_session::Timestamp;
use serde::Deserialize;

use super::evidence::Evidence;
use super::question::Draw;
use super::{Lesson, LessonPage, ticket_and_coat};
use crate::teach::limits::Denied;
use crate::teach::progress::{Confidence, Guess, LabState, LessonState, Progress};
use crate::web::{Flash, Form, NoFields, stored_document};

/// The longest document and the longest wrong answer that are kept, in bytes.
const MAX_KEPT: usize = 4_096;

/// The values of a form by the names of the fields.
type Fields = BTreeMap<String, String>;

#[derive(Default, Deserialize)]
#[serde(default)]
struct Prediction {
    choice: String,
    sure: Option<Confidence>,
}

/// Stores the guess. The first guess counts; once all goals are reached, a wrong one is answered again here.
#[post("/<_>/predict", data = "<form>")]
async fn predict(mut lesson: LessonPage<'_>, form: Form<Prediction>) -> Result<Redirect, Denied> {
    let (slug, text) = (lesson.requested.lesson.slug, lesson.requested.text());
    let choice = form.0.choice.parse().ok().filter(|choice| *choice < text.predict.options.len());
    let Some(choice) = choice else {
        return lesson.tell(&Flash::ChooseFirst, "#predict");
    };
    if lesson.state().guess.is_some() {
        if !text.is_done(&lesson.state()) || text.is_predicted(&lesson.state()) {
            return Ok(lesson.back("#predict"));
        }
        let is_right = choice == text.predict.right;
        lesson.learner.change(|_, progress| progress.lesson(slug).corrected = is_right).await?;
        return lesson.tell(&Flash::PredictionAnswered(is_right), "#explain");
    }
    let guess = Guess { choice, sure: form.0.sure, at: Timestamp::now().as_millis() };
    let document = (slug == ticket_and_coat::SLUG).then(|| stored_document(lesson.learner.session));
    let before = document.filter(|document| document.len() <= MAX_KEPT);
    let store = |state: &mut LessonState| {
        if state.guess.is_none() {
            (state.guess, state.before) = (Some(guess.clone()), before.clone());
        }
    };
    lesson.learner.change(|_, progress| store(progress.lesson(slug))).await?;
    lesson.tell(&Flash::Guessed, "#do")
}

#[post("/<_>/check", data = "<_form>")]
async fn check(mut lesson: LessonPage<'_>, _form: NoFields) -> Result<Redirect, Denied> {
    let this = lesson.requested.lesson;
    lesson.learner.change(|learner, progress| this.evaluate(learner, progress)).await?;
    Ok(lesson.back("?checked#check"))
}

/// One answer, or several by name, in the order of their names.
#[post("/<_>/answer", data = "<form>")]
async fn answer(
    mut lesson: LessonPage<'_>,
    form: Form<Fields>,
) -> Result<Option<Redirect>, Denied> {
    let this = lesson.requested.lesson;
    let Some(is_right) = this.answer else { return Ok(None) };
    if lesson.state().guess.is_none() {
        return lesson.tell(&Flash::GuessFirst, "#predict").map(Some);
    }
    let typed: Vec<&str> = form.0.values().map(String::as_str).collect();
    let typed = typed.join(",");
    let judge = |learner: &_, progress: &mut Progress| {
        let Some(state) = progress.lessons.get_mut(this.slug) else { return };
        let Some(evidence) = Evidence::since_guess(learner, this.slug, state) else { return };
        // The text may be anything, so only whether it is right is stored.
        let right = is_right(&evidence, &typed);
        (state.answered, state.mistaken) = (state.answered || right, !right);
        this.evaluate(learner, progress);
    };
    lesson.learner.change(judge).await?;
    let is_mistaken = lesson.state().mistaken;
    // An order of several parts can be corrected, so its page shows what was chosen.
    let keeps = is_mistaken && this.in_place.is_some() && typed.len() <= MAX_KEPT;
    let typed = utf8_percent_encode(&typed, NON_ALPHANUMERIC);
    let back = if keeps { format!("?typed={typed}#check") } else { "#check".to_owned() };
    lesson.tell(&Flash::Answered(!is_mistaken), &back).map(Some)
}

/// The answer to the final question: the fields are the positions of the sentences that were ticked.
#[post("/<_>/question", data = "<form>")]
async fn question(mut lesson: LessonPage<'_>, form: Form<Fields>) -> Result<Redirect, Denied> {
    let (slug, text) = (lesson.requested.lesson.slug, lesson.requested.text());
    let ticked: BTreeSet<usize> = form.0.keys().filter_map(|name| name.parse().ok()).collect();
    let is_open = |state: &LessonState| {
        text.is_done(state) && text.is_predicted(state) && state.understood.is_none()
    };
    let now = Timestamp::now().as_millis();
    let judge = |_: &_, progress: &mut Progress| {
        let Some(state) = progress.lessons.get_mut(slug).filter(|state| is_open(state)) else {
            return;
        };
        let Some(draw) = Draw::of(text, state) else { return };
        state.mistake = draw.mistake(&ticked);
        match state.mistake {
            Some(_) => state.wrong = state.wrong.saturating_add(1),
            None => state.understood = Some(now),
        }
    };
    let was_open = is_open(&lesson.state());
    lesson.learner.change(judge).await?;
    if !was_open {
        return Ok(lesson.back("#question"));
    }
    lesson.tell(&Flash::QuestionAnswered(lesson.state().understood.is_some()), "#question")
}

/// Resets this lesson, and the labs with it if the lesson has one.
#[post("/<_>/reset", data = "<_form>")]
async fn reset(mut lesson: LessonPage<'_>, _form: NoFields) -> Result<Redirect, Denied> {
    let Lesson { slug, has_lab, .. } = *lesson.requested.lesson;
    let reset = |_: &_, progress: &mut Progress| {
        if progress.lessons.remove(slug).is_some() && has_lab {
            progress.lab = LabState::default();
        }
    };
    lesson.learner.change(reset).await?;
    lesson.tell(&Flash::LessonReset, "#predict")
}

#[post("/<_>/skip", data = "<_form>")]
async fn skip(mut lesson: LessonPage<'_>, _form: NoFields) -> Result<Redirect, Denied> {
    let this = lesson.requested.lesson;
    lesson.learner.change(|_, progress| progress.lesson(this.slug).skipped = true).await?;
    lesson.page.set_flash(&Flash::LessonSkipped);
    let [_, next] = this.neighbours();
    Ok(Redirect::to(next.map_or_else(|| "/learn".to_owned(), |next| next.path(false))))
}

/// Asks the teacher for help, or withdraws that (`wanted=no`). Anonymous visitors cannot ask: the teacher would
/// not know whom to go to.
#[post("/<_>/help", data = "<form>")]
async fn help(mut lesson: LessonPage<'_>, form: Form<Fields>) -> Result<Redirect, Denied> {
    if lesson.learner.user.is_none() {
        return Ok(lesson.back("#help"));
    }
    let is_wanted = form.0.get("wanted").is_none_or(|wanted| wanted != "no");
    let since = is_wanted.then(|| Timestamp::now().as_millis());
    let waits = lesson.learner.wants_help();
    let ask = |_: &_, progress: &mut Progress| {
        progress.help = since.and(progress.help.filter(|_| waits).or(since));
    };
    lesson.learner.change(ask).await?;
    lesson.tell(&Flash::HelpWanted(is_wanted), "#help")
}

impl LessonPage<'_> {
    /// Back to the page, which says this there.
    fn tell(&self, flash: &Flash, section: &str) -> Result<Redirect, Denied> {
        self.page.set_flash(flash);
        Ok(self.back(section))
    }

    /// Back to the page that the learner came from, at the section that has changed.
    fn back(&self, section: &str) -> Redirect {
        let lab = self.requested.lesson.has_lab && self.state().guess.is_some();
        Redirect::to(format!("{}{section}", self.requested.lesson.path(lab)))
    }
}

pub(super) fn routes() -> Vec<Route> {
    routes![predict, check, answer, question, reset, skip, help]
}
