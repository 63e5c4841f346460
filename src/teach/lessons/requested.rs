//! The lesson in the address of a request: the guard of all routes below `/learn/<slug>` and `/lab/<slug>`.

use rocket::http::{Method, Status};
use rocket::request::{FromRequest, Outcome};
use rocket::{Request, catch};
use rocket_dyn_templates::{Template, context};

use super::Lesson;
use super::lesson_text::{LessonText, LessonTexts};
use crate::auth::{Admin, Visitor};
use crate::teach::settings::{ClassSettings, Settings};
use crate::web::Page;

/// The lesson in the address. An unknown slug is a 404. A lesson that the teacher has closed is a 403, except
/// for admins and for a page to read (`is_closed`).
pub(crate) struct RequestedLesson<'r> {
    pub lesson: &'static Lesson,
    pub texts: &'r LessonTexts,
    pub settings: Settings,
    /// The teacher has closed the lesson. Learners who have solved it may read it.
    pub is_closed: bool,
}

impl<'r> RequestedLesson<'r> {
    /// The texts of the lesson.
    pub(crate) fn text(&self) -> &'r LessonText {
        self.texts.of(self.lesson)
    }
}

#[rocket::async_trait]
impl<'r> FromRequest<'r> for RequestedLesson<'r> {
    type Error = ();

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, ()> {
        let slug = request.param::<&str>(0).and_then(Result::ok);
        let rocket = request.rocket();
        let (texts, settings) = (rocket.state::<LessonTexts>(), rocket.state::<ClassSettings>());
        let found = slug.and_then(Lesson::named).zip(texts).zip(settings);
        let Some(((lesson, texts), settings)) = found else {
            return Outcome::Error((Status::NotFound, ()));
        };
        let settings = settings.current();
        let is_closed =
            settings.closed.contains(lesson.slug) && request.guard::<Admin<'_>>().await.is_error();
        if is_closed && request.method() == Method::Post {
            return Outcome::Error((Status::Forbidden, ()));
        }
        Outcome::Success(Self { lesson, texts, settings, is_closed })
    }
}

/// The page of a lesson that is closed. A form from another site never gets to this catcher: its request has
/// another address (`web/protection.rs`).
#[catch(403)]
pub(crate) async fn closed(request: &Request<'_>) -> (Status, Template) {
    let visitor = Visitor::of(request).await;
    (Status::Forbidden, Page::of(request).render("learn/closed", visitor, context! {}))
}
