//! The teacher's buttons for the whole class, and those of each lesson.

use rocket::response::Redirect;
use rocket::{Route, State, post, routes};
use serde::Deserialize;

use super::class_page::ClassPage;
use super::seats::{CLASS_SIZE, make};
use crate::audit::{self, Actor, AuditEvent, Outcome};
use crate::auth::{Admin, LocalStrategy};
use crate::in_flight::without_deadline;
use crate::teach::lessons::Lesson;
use crate::teach::progress::{Phase, ProgressStore, Scope};
use crate::teach::settings::ClassSettings;
use crate::web::error::Error;
use crate::web::{Flash, Form};

/// The characters of a line, which is on top of every page.
const MAX_LENGTH: usize = 200;

/// The fields of the forms.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Fields {
    line: String,
    address: String,
    open: Option<Phase>,
}

/// `line` shows a text on top of every page, and an empty one removes it. `address` chooses one of this
/// machine's addresses. `test` opens the test before or after the lessons, or closes it. `unlock` resets all
/// counters of attempts. `seats` makes the seats that do not exist.
#[post("/<button>", data = "<form>")]
async fn press(
    teacher: Admin<'_>,
    class: ClassPage<'_>,
    strategy: &State<LocalStrategy>,
    button: &str,
    form: Form<Fields>,
) -> Result<Option<Redirect>, Error> {
    let (Fields { line, address, open }, settings) = (form.0, class.settings);
    let record = |event| audit::record(event, Outcome::Done, Actor::Name(&teacher.0.username));
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
            record(AuditEvent::UnlockAll);
            class.page.set_flash(&Flash::AllUnlocked);
        }
        "seats" => {
            // One password is hashed after the other, so that logins are not kept waiting.
            let seeded = without_deadline(make(strategy, settings, CLASS_SIZE)).await?;
            record(AuditEvent::SeedClass);
            class.page.set_flash(&Flash::SeatsMade(seeded.made.into()));
            return Ok(Some(Redirect::to("/class/cards")));
        }
        _ => return Ok(None),
    }
    Ok(Some(Redirect::to("/class")))
}

/// A button beside a lesson.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Button {
    #[serde(rename = "do")]
    action: String,
}

/// `close`, `open`, `reveal`, `hide`, or `reset` for the whole class.
#[post("/<slug>", data = "<form>")]
async fn lesson(
    _teacher: Admin<'_>,
    settings: &State<ClassSettings>,
    progress: &State<ProgressStore>,
    slug: &str,
    form: Form<Button>,
) -> Result<Option<Redirect>, Error> {
    let Some(&Lesson { slug, .. }) = Lesson::named(slug) else { return Ok(None) };
    match form.0.action.as_str() {
        "close" => settings.change(|set| set.closed.extend([slug.to_owned()])).await?,
        "open" => settings.change(|set| set.closed.retain(|closed| closed != slug)).await?,
        "reveal" => settings.change(|set| set.revealed = Some(slug.to_owned())).await?,
        "hide" => settings.change(|set| set.revealed = None).await?,
        "reset" => progress.delete(Scope::Lesson(slug)).await?,
        _ => {}
    }
    // To the lesson's row, where the next button is.
    Ok(Some(Redirect::to(format!("/class#{slug}"))))
}

pub(super) fn routes() -> Vec<Route> {
    routes![press]
}

/// Below `/class/lessons`.
pub(super) fn routes_of_lessons() -> Vec<Route> {
    routes![lesson]
}
