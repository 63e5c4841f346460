//! `/learn`: the list of lessons, the handout, the words, and the page of a lesson. A lesson with a lab has a
//! second address for its page, `/lab/<slug>`, with the lab in it.

use rocket::{State, get};
use rocket_dyn_templates::{Template, context};
use serde::Serialize;
use serde_json::Value;

use super::{LessonPage, LessonTexts, Shown, all};
use crate::auth::Visitor;
use crate::teach::limits::Denied;
use crate::teach::progress::Learner;
use crate::teach::settings::ClassSettings;
use crate::web::Page;

#[get("/")]
pub(super) fn list(
    page: Page<'_>,
    visitor: &Visitor,
    learner: Learner<'_>,
    texts: &State<LessonTexts>,
    settings: &State<ClassSettings>,
) -> Template {
    let lessons = texts.entries(learner.progress(), &settings.current());
    let is_next = |lesson: &&Value| lesson["state"] != "solved" && lesson["closed"] == false;
    let next = lessons.iter().find(is_next);
    page.render("learn/list", visitor, context! { next, lessons: &lessons })
}

#[get("/handout")]
pub(super) fn handout(page: Page<'_>, visitor: &Visitor, texts: &State<LessonTexts>) -> Template {
    page.render("learn/handout", visitor, context! { lessons: listed(texts) })
}

#[get("/words")]
pub(super) fn words(page: Page<'_>, visitor: &Visitor, texts: &State<LessonTexts>) -> Template {
    let own = context! { words: &texts.words, lessons: listed(texts) };
    page.render("learn/words", visitor, own)
}

/// All lessons with their texts. Only a page for teachers may show `teacher` and `questions`.
pub(crate) fn listed(texts: &LessonTexts) -> Vec<impl Serialize + use<'_>> {
    let lessons = all().iter().map(|lesson| {
        let text = texts.of(lesson);
        let (teacher, questions) = (&text.teacher, &text.questions);
        context! { number: lesson.number, slug: lesson.slug, text, teacher, questions }
    });
    lessons.collect()
}

#[get("/<_>?<shown..>")]
pub(super) async fn show(mut page: LessonPage<'_>, shown: Shown<'_>) -> Result<Template, Denied> {
    page.render(None::<()>, shown).await
}
