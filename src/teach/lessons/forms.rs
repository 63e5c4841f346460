//! The forms of a lesson. Each leads back to the section of the page that has changed.

use std::collections::{BTreeMap, BTreeSet};

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use rocket::post;
use rocket::response::Redirect;
use rocket_express_session::Timestamp;
use serde::Deserialize;

use super::evidence::Evidence;
use super::question::Draw;
use super::{Lesson, LessonPage, all, ticket_and_coat};
use crate::teach::limits::Denied;
use crate::teach::progress::{Confidence, Guess, LabState, Learner, LessonState, Progress};
use crate::web::{Flash, Form, NoFields, stored_document};

/// The longest document and the longest wrong answer that are kept, in bytes.
const MAX_KEPT: usize = 4_096;

pub(super) type Fields = BTreeMap<String, String>;

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Prediction {
    choice: String,
    sure: Option<Confidence>,
}

/// Stores the guess. The first guess counts; once all goals are reached, a wrong one is answered again here.
#[post("/<_>/predict", data = "<form>")]
pub(super) async fn predict(
    mut page: LessonPage<'_>,
    form: Form<Prediction>,
) -> Result<Redirect, Denied> {
    let (slug, text, state) = (page.lesson.slug, page.text(), page.state());
    let choice = form.0.choice.parse().ok().filter(|choice| *choice < text.predict.options.len());
    let Some(choice) = choice else {
        return Ok(page.tell(&Flash::ChooseFirst, "#predict"));
    };
    if state.guess.is_some() {
        if !text.is_done(&state) || text.is_predicted(&state) {
            return Ok(page.back("#predict"));
        }
        let is_right = choice == text.predict.right;
        page.learner.change(|_, progress| progress.lesson(slug).corrected = is_right).await?;
        return Ok(page.tell(&Flash::PredictionAnswered(is_right), "#explain"));
    }
    let guess = Guess { choice, sure: form.0.sure, at: Timestamp::now().as_millis() };
    let document = (slug == ticket_and_coat::SLUG).then(|| stored_document(page.learner.session));
    let before = document.filter(|document| document.len() <= MAX_KEPT);
    let store = |state: &mut LessonState| {
        if state.guess.is_none() {
            (state.guess, state.before) = (Some(guess.clone()), before.clone());
        }
    };
    page.learner.change(|_, progress| store(progress.lesson(slug))).await?;
    Ok(page.tell(&Flash::Guessed, "#do"))
}

#[post("/<_>/check", data = "<_form>")]
pub(super) async fn check(mut page: LessonPage<'_>, _form: NoFields) -> Result<Redirect, Denied> {
    page.evaluate().await?;
    Ok(page.back("?checked#check"))
}

/// One answer, or several by name, in the order of their names.
#[post("/<_>/answer", data = "<form>")]
pub(super) async fn answer(
    mut page: LessonPage<'_>,
    form: Form<Fields>,
) -> Result<Option<Redirect>, Denied> {
    let lesson = page.lesson;
    let Some(judge) = lesson.judge else { return Ok(None) };
    if page.state().guess.is_none() {
        return Ok(Some(page.tell(&Flash::GuessFirst, "#predict")));
    }
    let typed: Vec<&str> = form.0.values().map(String::as_str).collect();
    let typed = typed.join(",");
    let store = |learner: &_, progress: &mut Progress| {
        let Some(state) = progress.lessons.get_mut(lesson.slug) else { return };
        let Some(evidence) = Evidence::since_guess(learner, lesson.slug, state) else { return };
        // The text may be anything, so only whether it is right is stored.
        let is_right = judge(&evidence, &typed).iter().all(|part| *part);
        (state.answered, state.mistaken) = (state.answered || is_right, !is_right);
        lesson.evaluate(learner, progress);
    };
    page.learner.change(store).await?;
    let is_mistaken = page.state().mistaken;
    // An order of several parts can be corrected, so its page shows what was chosen.
    let keeps = is_mistaken && form.0.len() > 1 && typed.len() <= MAX_KEPT;
    let typed = utf8_percent_encode(&typed, NON_ALPHANUMERIC);
    let back = if keeps { format!("?typed={typed}#check") } else { "#check".to_owned() };
    Ok(Some(page.tell(&Flash::Answered(!is_mistaken), &back)))
}

/// The answer to the final question: the fields are the positions of the sentences that were ticked.
#[post("/<_>/question", data = "<form>")]
pub(super) async fn question(
    mut page: LessonPage<'_>,
    form: Form<Fields>,
) -> Result<Redirect, Denied> {
    let (slug, text) = (page.lesson.slug, page.text());
    let ticked: BTreeSet<usize> = form.0.keys().filter_map(|name| name.parse().ok()).collect();
    let is_open = |state: &LessonState| {
        text.is_done(state) && text.is_predicted(state) && state.understood.is_none()
    };
    if !is_open(&page.state()) {
        return Ok(page.back("#question"));
    }
    let now = Timestamp::now().as_millis();
    let judge = |_: &_, progress: &mut Progress| {
        if let Some(state) = progress.lessons.get_mut(slug)
            && is_open(state)
            && let Some(draw) = Draw::of(text, state)
        {
            state.mistake = draw.mistake(&ticked);
            match state.mistake {
                Some(_) => state.wrong = state.wrong.saturating_add(1),
                None => state.understood = Some(now),
            }
        }
    };
    page.learner.change(judge).await?;
    Ok(page.tell(&Flash::QuestionAnswered(page.state().understood.is_some()), "#question"))
}

/// Resets this lesson, and the labs with it if the lesson has one.
#[post("/<_>/reset", data = "<_form>")]
pub(super) async fn reset(mut page: LessonPage<'_>, _form: NoFields) -> Result<Redirect, Denied> {
    let Lesson { slug, has_lab, .. } = *page.lesson;
    let reset = |_: &_, progress: &mut Progress| {
        if progress.lessons.remove(slug).is_some() && has_lab {
            progress.lab = LabState::default();
        }
    };
    page.learner.change(reset).await?;
    Ok(page.tell(&Flash::LessonReset, "#predict"))
}

#[post("/<_>/skip", data = "<_form>")]
pub(super) async fn skip(mut page: LessonPage<'_>, _form: NoFields) -> Result<Redirect, Denied> {
    let Lesson { slug, number, .. } = *page.lesson;
    page.learner.change(|_, progress| progress.lesson(slug).skipped = true).await?;
    page.page.set_flash(&Flash::LessonSkipped);
    let next = all().get(number);
    Ok(Redirect::to(next.map_or_else(|| "/learn".to_owned(), |next| next.path(false))))
}

/// Asks the teacher for help, or withdraws that (`wanted=no`). The teacher cannot go to anonymous visitors.
#[post("/<_>/help", data = "<form>")]
pub(super) async fn help(mut page: LessonPage<'_>, form: Form<Fields>) -> Result<Redirect, Denied> {
    if page.learner.user.is_none() {
        return Ok(page.back("#help"));
    }
    let is_wanted = form.0.get("wanted").is_none_or(|wanted| wanted != "no");
    let since = is_wanted.then(|| Timestamp::now().as_millis());
    let waits = page.learner.wants_help();
    let ask = |learner: &Learner<'_>, progress: &mut Progress| {
        progress.help = since.and(progress.help.filter(|_| waits).or(since));
        progress.help_session = since.map(|_| learner.session.id().handle());
    };
    page.learner.change(ask).await?;
    Ok(page.tell(&Flash::HelpWanted(is_wanted), "#help"))
}

impl LessonPage<'_> {
    /// Back to the page, which says this there.
    fn tell(&self, flash: &Flash, section: &str) -> Redirect {
        self.page.set_flash(flash);
        self.back(section)
    }

    /// Back to the page that the learner came from, at the section that has changed.
    fn back(&self, section: &str) -> Redirect {
        let lab = self.lesson.has_lab && self.state().guess.is_some();
        Redirect::to(format!("{}{section}", self.lesson.path(lab)))
    }
}
