//! `/class`: the page of the teacher, with the roster, and its buttons for the whole class and for each
//! lesson. Its script fetches the page again after each change, and replaces some of its parts.

use rocket::response::Redirect;
use rocket::{State, get, post, uri};
use rocket_dyn_templates::{Template, context};
use serde::Deserialize;

use super::board::{Board, Slides};
use super::class_page::ClassPage;
use super::reset::{FOLDER, Report, forget_recordings, reset_class};
use super::roster::Roster;
use super::seats::{CLASS_SIZE, make};
use crate::audit::{self, Actor, AuditEvent, Outcome};
use crate::in_flight::without_deadline;
use crate::teach::labs::Labs;
use crate::teach::lessons::{Lesson, all};
use crate::teach::progress::Phase;
use crate::web::{Error, FieldError, Flash, Form, FormResponse};

/// The characters of a line, which is on top of every page.
const MAX_LENGTH: usize = 200;

async fn render(class: &ClassPage<'_>, errors: &[FieldError]) -> Result<Template, Error> {
    let (roster, settings) = (Roster::read(class).await?, class.settings.current());
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
    Ok(class.page.render("class/room", class.teacher, own))
}

#[get("/")]
pub(super) async fn show(class: ClassPage<'_>) -> Result<Template, Error> {
    render(&class, &[]).await
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Fields {
    line: String,
    address: String,
    open: Option<Phase>,
    confirmation: String,
    /// The button beside a lesson.
    #[serde(rename = "do")]
    action: String,
}

/// `line` shows a text on top of every page, and an empty one removes it. `address` chooses one of this
/// machine's addresses. `test` opens the test before or after the lessons, or closes it. `unlock` resets all
/// counters of attempts. `seats` makes the seats that do not exist.
#[post("/<button>", data = "<form>")]
pub(super) async fn press(
    class: ClassPage<'_>,
    button: &str,
    form: Form<Fields>,
) -> Result<Option<Redirect>, Error> {
    let (Fields { line, address, open, .. }, settings) = (form.0, class.settings);
    let (strategy, teacher) = (class.data.strategy, Actor::Name(&class.teacher.username));
    match button {
        "line" => {
            let line: String = line.trim().chars().take(MAX_LENGTH).collect();
            settings.change(|settings| settings.line.clone_from(&line)).await?;
        }
        "address" if class.addresses().contains(&address) => {
            settings.change(|settings| settings.address.clone_from(&address)).await?;
        }
        "address" => {}
        "test" => {
            settings.change(|settings| settings.test = open).await?;
            return Ok(Some(Redirect::to("/class#test")));
        }
        "unlock" => {
            strategy.throttle.forget_all().await?;
            audit::record(AuditEvent::UnlockAll, Outcome::Done, teacher);
            class.page.set_flash(&Flash::AllUnlocked);
        }
        "seats" => {
            // One password is hashed after the other, so that logins are not kept waiting.
            let seeded = without_deadline(make(strategy, settings, CLASS_SIZE)).await?;
            audit::record(AuditEvent::SeedClass, Outcome::Done, teacher);
            class.page.set_flash(&Flash::SeatsMade(seeded.made.into()));
            return Ok(Some(Redirect::to("/class/cards")));
        }
        _ => return Ok(None),
    }
    Ok(Some(Redirect::to("/class")))
}

/// `close`, `open`, `reveal`, `hide`, or `reset` for the whole class.
#[post("/<slug>", data = "<form>")]
pub(super) async fn lesson(
    class: ClassPage<'_>,
    slug: &str,
    form: Form<Fields>,
) -> Result<Option<Redirect>, Error> {
    let Some(&Lesson { slug, .. }) = Lesson::named(slug) else { return Ok(None) };
    let settings = class.settings;
    match form.0.action.as_str() {
        "close" => settings.change(|set| set.closed.extend([slug.to_owned()])).await?,
        "open" => settings.change(|set| set.closed.retain(|closed| closed != slug)).await?,
        "reveal" => settings.change(|set| set.revealed = Some(slug.to_owned())).await?,
        "hide" => settings.change(|set| set.revealed = None).await?,
        "reset" => class.data.progress.reset_lesson(slug).await?,
        _ => {}
    }
    // To the lesson's row, where the next button is.
    Ok(Some(Redirect::to(format!("/class#{slug}"))))
}

#[post("/reset", data = "<form>")]
pub(super) async fn reset(
    class: ClassPage<'_>,
    labs: &State<Labs>,
    board: &State<Board>,
    form: Form<Fields>,
) -> Result<FormResponse, Error> {
    let again = async |text: &str| {
        let error = FieldError::new("confirmation", text);
        render(&class, &[error]).await.map(FormResponse::invalid)
    };
    if form.0.confirmation.trim() != "reset" {
        return again("Nothing was reset. Type reset to confirm.").await;
    }
    // It takes as long as there are sessions to end, and a prank can make many.
    let done = without_deadline(reset_class(class.data, labs, class.settings)).await;
    let teacher = Actor::Name(&class.teacher.username);
    audit::record(AuditEvent::ResetClass, Outcome::of(matches!(done, Ok(Ok(_)))), teacher);
    match done? {
        Ok(Report { students, sessions, backup }) => {
            forget_recordings(class.recorder, labs, board);
            let backup = backup.display();
            tracing::info!(
                "the class was reset: {sessions} sessions ended, progress saved to {backup}"
            );
            class.page.set_flash(&Flash::ClassReset(students));
            Ok(FormResponse::redirect(uri!("/class", show)))
        }
        Err(error) => {
            let text = format!(
                "Nothing was reset: the backup could not be written ({error}). Make the folder {FOLDER} \
                 on the server writable, then try again."
            );
            again(&text).await
        }
    }
}
