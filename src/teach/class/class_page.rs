//! A page of the class, with what most of them show: the guard of these pages.

use rocket::Request;
use rocket::http::Status;
use rocket::outcome::{IntoOutcome as _, try_outcome};
use rocket::request::{FromRequest, Outcome};

use crate::auth::{Admin, AuthError, User};
use crate::network::addresses;
use crate::teach::class_data::ClassData;
use crate::teach::concept_test::ConceptTest;
use crate::teach::lessons::LessonTexts;
use crate::teach::settings::ClassSettings;
use crate::trace::Recorder;
use crate::web::Page;

/// A page of the teacher, and the class that it shows. Other users get a 403, and visitors the login page.
pub(super) struct ClassPage<'r> {
    pub page: Page<'r>,
    pub teacher: &'r User,
    pub data: ClassData<'r>,
    pub texts: &'r LessonTexts,
    pub test: &'r ConceptTest,
    pub settings: &'r ClassSettings,
    pub recorder: &'r Recorder,
}

#[rocket::async_trait]
impl<'r> FromRequest<'r> for ClassPage<'r> {
    type Error = AuthError;

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, AuthError> {
        let Admin(teacher) = try_outcome!(request.guard::<Admin<'_>>().await);
        let (page, rocket) = (Page::of(request), request.rocket());
        let class_page = || {
            let (texts, test, settings) = (rocket.state()?, rocket.state()?, rocket.state()?);
            let (data, recorder) = (ClassData::of(rocket)?, rocket.state()?);
            Some(Self { page, teacher, data, texts, test, settings, recorder })
        };
        class_page().or_error((Status::InternalServerError, AuthError::Unavailable))
    }
}

impl ClassPage<'_> {
    /// The addresses of this machine in the local network. None if the server listens to this machine alone.
    pub(super) fn addresses(&self) -> Vec<String> {
        addresses(self.page.request().rocket().config())
    }

    /// The address for students: the one that the teacher chose, or else the first.
    pub(super) fn address(&self) -> Option<String> {
        let (all, chosen) = (self.addresses(), self.settings.current().address);
        all.iter().find(|address| **address == chosen).or(all.first()).cloned()
    }
}
