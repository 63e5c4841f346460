//! `/class/news`: what the teacher has changed since a page was loaded. Each open page asks for it.
//!
//! Any visitor may ask, so there is nothing in it that a page does not show to all. It loads no session, and
//! costs no command but those of the bars, which are counted every two seconds at most.

use std::hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher};

use rocket::http::Status;
use rocket::response::content::RawHtml;
use rocket::{Request, State, get};
use rocket_dyn_templates::{Template, context};
use serde_json::{Value, json};

use crate::db::Unavailable;
use crate::teach::lessons::{Lesson, revealed_bars};
use crate::teach::settings::{ClassSettings, Settings};
use crate::web::{Error, Page};

/// The news that each page has. `closed` and `bars` are about the lesson of a page.
fn news_of(settings: &Settings) -> Value {
    let Settings { line, look, test, .. } = settings;
    json!({ "line": line, "look": look, "test": test, "closed": false, "bars": [] })
}

/// Another text for other news.
fn version(news: &Value) -> String {
    format!("{:x}", BuildHasherDefault::<DefaultHasher>::default().hash_one(news))
}

/// The news as a part of a page.
fn html(request: &Request<'_>, news: &Value) -> Option<String> {
    let own = context! { version: version(news), news };
    Template::show(request.rocket(), "class/news", own)
}

/// The news for the top of this page. Those of a lesson are elsewhere in the page.
pub(crate) fn of_page(request: &Request<'_>) -> Option<String> {
    let settings: &ClassSettings = request.rocket().state()?;
    html(request, &news_of(&settings.current()))
}

/// `lesson`: the slug of the lesson on the page. `version`: that of its news. For the same news, a 204.
#[get("/news?<lesson>&<version>")]
pub(super) async fn news(
    page: Page<'_>,
    settings: &State<ClassSettings>,
    lesson: Option<&str>,
    version: Option<&str>,
) -> Result<Result<RawHtml<String>, Status>, Error> {
    let (request, settings) = (page.request(), settings.current());
    let mut news = news_of(&settings);
    if let Some(lesson) = lesson.and_then(Lesson::named) {
        news["closed"] = settings.closed.contains(lesson.slug).into();
        news["bars"] = json!(revealed_bars(request.rocket(), lesson).await?);
    }
    if self::version(&news) == version.unwrap_or_default() {
        return Ok(Err(Status::NoContent));
    }
    let html = html(request, &news).ok_or_else(|| Unavailable::new("no template"))?;
    Ok(Ok(RawHtml(html)))
}
