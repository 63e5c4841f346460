//! `/class/news`: what the teacher has changed since a page was loaded. Each open page asks for it.
//!
//! Any visitor may ask, so there is nothing in it that a page does not show to all. It loads no session, and
//! costs no command but those of the bars, which are counted every two seconds at most.

use std::hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher};

use rocket::http::Status;
use rocket::response::content::RawHtml;
use rocket::{Request, State, get};
use rocket_dyn_templates::{Template, context};
use serde::Serialize;

use crate::db::Unavailable;
use crate::teach::class_data::ClassData;
use crate::teach::lessons::{Bar, BarsCache, Lesson, LessonTexts};
use crate::teach::progress::Phase;
use crate::teach::settings::{ClassSettings, Settings};
use crate::web::{Error, Page};

/// The news for one page.
#[derive(Serialize)]
struct News {
    /// The teacher's line; empty for none.
    line: String,
    /// The time since when students are asked to look at the board.
    look: Option<i64>,
    test: Option<Phase>,
    /// The teacher has closed the lesson of the page.
    closed: bool,
    /// The guesses of the lesson of the page, if the teacher shows them.
    bars: Vec<Bar>,
}

impl News {
    /// The news that each page has.
    fn of(settings: &Settings) -> Self {
        let Settings { line, look, test, .. } = settings.clone();
        Self { line, look, test, closed: false, bars: vec![] }
    }

    /// Another text for other news.
    fn version(&self) -> String {
        let json = serde_json::to_string(self).unwrap_or_default();
        format!("{:x}", BuildHasherDefault::<DefaultHasher>::default().hash_one(json))
    }

    /// As a part of a page.
    fn html(&self, request: &Request<'_>) -> Option<String> {
        let own = context! { version: self.version(), news: self };
        Template::show(request.rocket(), "class/news", own)
    }
}

/// The news for the top of this page. Those of a lesson are elsewhere in the page.
pub(crate) fn of_page(request: &Request<'_>) -> Option<String> {
    News::of(&request.rocket().state::<ClassSettings>()?.current()).html(request)
}

/// `lesson`: the slug of the lesson on the page. `version`: that of the news that the page has; for the same
/// news, the response is a 204.
#[get("/news?<lesson>&<version>")]
pub(super) async fn news(
    page: Page<'_>,
    texts: &State<LessonTexts>,
    settings: &State<ClassSettings>,
    cache: &State<BarsCache>,
    lesson: Option<&str>,
    version: Option<&str>,
) -> Result<Result<RawHtml<String>, Status>, Error> {
    let (request, settings) = (page.request(), settings.current());
    let mut news = News::of(&settings);
    if let Some(lesson) = lesson.and_then(Lesson::named) {
        let data = ClassData::of(request.rocket());
        let data = data.ok_or_else(|| Unavailable::new("teaching is not attached"))?;
        news.closed = settings.closed.contains(lesson.slug);
        news.bars = cache.bars(data, &settings, lesson, texts.of(lesson)).await?;
    }
    if news.version() == version.unwrap_or_default() {
        return Ok(Err(Status::NoContent));
    }
    let html = news.html(request).ok_or_else(|| Unavailable::new("no template"))?;
    Ok(Ok(RawHtml(html)))
}
