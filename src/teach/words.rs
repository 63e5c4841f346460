//! `/learn/words`: the words of the lessons, with the picture for each and its name in Express.

use rocket::{Route, State, get, routes};
use rocket_dyn_templates::{Template, context};
use serde::{Deserialize, Serialize};

use super::lessons::{LessonTexts, listed};
use super::text::MarkedText;
use crate::auth::Visitor;
use crate::web::Page;

/// The words, in the order of the alphabet: `templates/lessons/words.toml`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Glossary {
    words: Vec<Word>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Word {
    term: String,
    text: MarkedText,
    /// What the pages draw or say instead.
    picture: Option<String>,
    express: Option<MarkedText>,
    /// The number of the lesson in which it comes first.
    lesson: usize,
}

#[get("/words")]
fn show(
    page: Page<'_>,
    visitor: &Visitor,
    glossary: &State<Glossary>,
    texts: &State<LessonTexts>,
) -> Template {
    let own = context! { words: &glossary.words, lessons: listed(texts) };
    page.render("learn/words", visitor, own)
}

/// The routes below `/learn`.
pub(super) fn routes() -> Vec<Route> {
    routes![show]
}
