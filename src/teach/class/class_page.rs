//! A page of the class, with what most of them show: the guard of these pages.

use rocket::Request;
use rocket::http::Status;
use rocket::outcome::IntoOutcome as _;
use rocket::request::{FromRequest, Outcome};

use super::network::addresses;
use super::roster::Roster;
use crate::db::Unavailable;
use crate::teach::class_data::ClassData;
use crate::teach::concept_test::ConceptTest;
use crate::teach::lessons::LessonTexts;
use crate::teach::settings::ClassSettings;
use crate::trace::Recorder;
use crate::web::Page;

/// A page, and the class that it shows. It checks no rights: a route takes `Admin` before it.
pub(super) struct ClassPage<'r> {
    /// The page itself.
    pub page: Page<'r>,
    /// The accounts, sessions and progress.
    pub data: ClassData<'r>,
    /// The texts of the lessons.
    pub texts: &'r LessonTexts,
    /// The test before and after the lessons.
    pub test: &'r ConceptTest,
    /// The settings of the class.
    pub settings: &'r ClassSettings,
    /// The recorded requests.
    pub recorder: &'r Recorder,
}

#[rocket::async_trait]
impl<'r> FromRequest<'r> for ClassPage<'r> {
    type Error = ();

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, ()> {
        let (page, rocket) = (Page::of(request), request.rocket());
        let class_page = || {
            let (texts, test, settings) = (rocket.state()?, rocket.state()?, rocket.state()?);
            let (data, recorder) = (ClassData::of(rocket)?, rocket.state()?);
            Some(Self { page, data, texts, test, settings, recorder })
        };
        class_page().or_error((Status::InternalServerError, ()))
    }
}

impl ClassPage<'_> {
    /// Reads the roster.
    ///
    /// # Errors
    /// A store does not answer.
    pub(super) async fn roster(&self) -> Result<Roster, Unavailable> {
        Roster::read(self.data, self.texts, self.recorder).await
    }

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
