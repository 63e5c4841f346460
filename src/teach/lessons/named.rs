//! The lesson that an address names: the guard of all routes below `/learn/<slug>` and `/lab/<slug>`.

use rocket::http::Status;
use rocket::request::{FromRequest, Outcome};
use rocket::{Request, catch};
use rocket_dyn_templates::{Template, context};

use super::content::{Content, Contents};
use super::{ALL, Lesson};
use crate::auth::Admin;
use crate::teach::class::Class;
use crate::web::Page;

/// A lesson and its texts. An address that names none is a 404, and one that the teacher has closed
/// a 403 for all others.
pub struct Named<'r> {
    /// What is checked.
    pub lesson: &'static Lesson,
    /// What is said.
    pub content: &'r Content,
}

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Named<'r> {
    type Error = ();

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, ()> {
        let slug = request.param::<&str>(0).and_then(Result::ok);
        let lesson = ALL.into_iter().find(|lesson| Some(lesson.slug) == slug);
        let contents: Option<&Contents> = request.rocket().state();
        let Some((lesson, contents)) = lesson.zip(contents) else {
            return Outcome::Error((Status::NotFound, ()));
        };
        if is_closed(request, lesson) && request.guard::<Admin<'_>>().await.is_error() {
            return Outcome::Error((Status::Forbidden, ()));
        }
        Outcome::Success(Self { lesson, content: contents.of(lesson) })
    }
}

fn is_closed(request: &Request<'_>, lesson: &Lesson) -> bool {
    let class: Option<&Class> = request.rocket().state();
    class.is_some_and(|class| class.now().closed.contains(lesson.slug))
}

/// Closed by the teacher, or sent from another site: in either case nothing was done.
#[catch(403)]
pub async fn closed(request: &Request<'_>) -> (Status, Template) {
    (Status::Forbidden, Page::of(request).render("learn/closed", context! {}).await)
}
