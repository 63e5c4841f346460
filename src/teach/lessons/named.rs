//! The lesson that an address names: the guard of all routes below `/learn/<slug>` and `/lab/<slug>`.

use rocket::Request;
use rocket::http::Status;
use rocket::request::{FromRequest, Outcome};

use super::content::{Content, Contents};
use super::{ALL, Lesson};

/// A lesson and its texts. An address that names none is a 404.
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
        match (lesson, request.rocket().state::<Contents>()) {
            (Some(lesson), Some(contents)) => {
                Outcome::Success(Self { lesson, content: contents.of(lesson) })
            }
            _ => Outcome::Error((Status::NotFound, ())),
        }
    }
}
