//! `/class`: the page of the teacher, with the roster and the forms for the whole class. Its script fetches
//! the page again after each change, and replaces some of its parts.

use rocket::{Route, State, get, post, routes, uri};
use rocket_dyn_templates::{Template, context};
use serde::Deserialize;

use super::board::{Board, Slides};
use super::class_page::ClassPage;
use super::reset::{FOLDER, Report, ResetError, forget_recordings, reset_class};
use crate::audit::{self, Actor, AuditEvent, Outcome};
use crate::auth::{Admin, LocalStrategy};
use crate::in_flight::without_deadline;
use crate::teach::labs::Labs;
use crate::teach::lessons::{Lesson, all};
use crate::trace::Recorder;
use crate::web::error::Error;
use crate::web::{FieldError, Flash, Form, FormResponse};

/// The word that confirms a reset of the class.
const WORD: &str = "reset";

async fn render(
    class: &ClassPage<'_>,
    teacher: Admin<'_>,
    errors: &[FieldError],
) -> Result<Template, Error> {
    let (roster, settings) = (class.roster().await?, class.settings.current());
    let row = |lesson: &'static Lesson| {
        context! {
            number: lesson.number,
            slug: lesson.slug,
            title: &class.texts.of(lesson).title,
            closed: settings.closed.contains(lesson.slug),
            revealed: settings.revealed.as_deref() == Some(lesson.slug),
            summary: roster.summary(lesson),
            bars: roster.bars(lesson, class.texts),
        }
    };
    let own = context! {
        lessons: all().iter().map(row).collect::<Vec<_>>(),
        roster: &roster,
        line: &settings.line,
        test: settings.test,
        results: class.test.results(roster.students.iter().map(|student| &student.progress)),
        board: Slides::current(class),
        address: class.address(),
        addresses: class.addresses(),
        form: context! { errors },
    };
    Ok(class.page.render("class/room", teacher.0, own))
}

#[get("/")]
async fn show(teacher: Admin<'_>, class: ClassPage<'_>) -> Result<Template, Error> {
    render(&class, teacher, &[]).await
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Typed {
    confirmation: String,
}

#[post("/reset", data = "<form>")]
async fn reset(
    teacher: Admin<'_>,
    class: ClassPage<'_>,
    strategy: &State<LocalStrategy>,
    labs: &State<Labs>,
    recorder: &State<Recorder>,
    board: &State<Board>,
    form: Form<Typed>,
) -> Result<FormResponse, Error> {
    let again = async |text: &str| {
        let error = FieldError::new("confirmation", text);
        render(&class, teacher, &[error]).await.map(FormResponse::invalid)
    };
    if form.0.confirmation.trim() != WORD {
        return again(&format!("Nothing was reset. Type {WORD} to confirm.")).await;
    }
    // It takes as long as there are sessions to end, and a prank can make many.
    let done = without_deadline(reset_class(class.data, strategy, labs, class.settings)).await;
    let outcome = if done.is_ok() { Outcome::Done } else { Outcome::Refused };
    audit::record(AuditEvent::ResetClass, outcome, Actor::Name(&teacher.0.username));
    match done {
        Ok(Report { students, sessions, backup }) => {
            forget_recordings(recorder, labs, board);
            log::info!(
                "the class was reset: {sessions} sessions ended, progress saved to {}",
                backup.display()
            );
            class.page.set_flash(&Flash::ClassReset(students));
            Ok(FormResponse::redirect(uri!("/class", show)))
        }
        Err(ResetError::Unavailable(error)) => Err(error.into()),
        Err(ResetError::Backup(error)) => {
            let text = format!(
                "Nothing was reset: the backup could not be written ({error}). Make the folder {FOLDER} \
                 on the server writable, then try again."
            );
            again(&text).await
        }
    }
}

pub(super) fn routes() -> Vec<Route> {
    routes![show, reset]
}
