//! `/class/news`: what the teacher has changed since a page was loaded. Each open page asks for it.
//!
//! Any visitor may ask, so there is nothing in it that a page does not show to all. It loads no session, and
//! costs no command but those of the bars, which are counted every two seconds at most.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use rocket::http::Status;
use rocket::response::content::RawHtml;
use rocket::{Request, Route, State, get, routes};
use rocket_dyn_templates::{Template, context};
use serde::Serialize;

use super::class_page::ClassPage;
use crate::db::Unavailable;
use crate::teach::lessons::{Bar, BarsCache, Lesson};
use crate::teach::progress::Phase;
use crate::teach::settings::{ClassSettings, Settings};
use crate::web::error::Error;

/// The news for one page.
#[derive(Default, Serialize)]
struct News {
    /// The teacher's line; empty for none.
    line: String,
    /// The time since when students are asked to look at the board.
    look: Option<i64>,
    /// The test that is open.
    test: Option<Phase>,
    /// The teacher has closed the lesson of the page.
    closed: bool,
    /// The guesses of the lesson of the page, if the teacher shows them.
    bars: Vec<Bar>,
}

impl News {
    /// Another text for other news.
    fn version(&self) -> String {
        let mut hasher = DefaultHasher::new();
        serde_json::to_string(self).unwrap_or_default().hash(&mut hasher);
        format!("{:x}", hasher.finish())
    }

    /// As a part of a page.
    fn html(&self, request: &Request<'_>) -> Option<String> {
        let own = context! { version: self.version(), news: self };
        Template::show(request.rocket(), "class/news", own)
    }
}

/// The news for the top of this page. Those of a lesson are elsewhere in the page.
pub(crate) fn of_page(request: &Request<'_>) -> Option<String> {
    let Settings { line, look, test, .. } = request.rocket().state::<ClassSettings>()?.current();
    News { line, look, test, ..News::default() }.html(request)
}

/// `lesson`: the slug of the lesson on the page. `version`: that of the news that the page has; for the same
/// news, the response is a 204.
#[get("/news?<lesson>&<version>")]
async fn news(
    class: ClassPage<'_>,
    cache: &State<BarsCache>,
    lesson: Option<&str>,
    version: Option<&str>,
) -> Result<Result<RawHtml<String>, Status>, Error> {
    let (settings, lesson) = (class.settings.current(), lesson.and_then(Lesson::named));
    let closed = lesson.is_some_and(|lesson| settings.closed.contains(lesson.slug));
    let bars = match lesson {
        Some(lesson) => cache.bars(class.data, &settings, lesson, class.texts.of(lesson)).await?,
        None => vec![],
    };
    let Settings { line, look, test, .. } = settings;
    let news = News { line, look, test, closed, bars };
    if news.version() == version.unwrap_or_default() {
        return Ok(Err(Status::NoContent));
    }
    let html = news.html(class.page.request()).ok_or_else(|| Unavailable::new("no template"))?;
    Ok(Ok(RawHtml(html)))
}

pub(super) fn routes() -> Vec<Route> {
    routes![news]
}
