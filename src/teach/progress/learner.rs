//! Who is learning: the guard of all lesson and lab routes.

use std::sync::Arc;

use rocket::Request;
use rocket::http::Status;
use rocket::request::{FromRequest, Outcome};

use super::{Progress, ProgressStore, State};
use crate::auth::{User, Visitor};
use crate::db::Unavailable;
use crate::session::Session;
use crate::teach::lessons::Lesson;
use crate::trace::{Exchange, Owner, Recorder};

/// The session key of the progress of somebody who is not logged in.
pub const KEY: &str = "learning";

/// Somebody who learns, with what they have done so far.
pub struct Learner<'r> {
    /// How far they are. Changes are kept by [`Learner::save`].
    pub progress: Progress,
    /// Who is logged in.
    pub user: Option<&'r User>,
    /// Of the site, not of a lab.
    pub session: &'r Session,
    store: &'r ProgressStore,
    recorder: &'r Recorder,
}

impl Learner<'_> {
    /// The user's id; `None` for nobody.
    pub fn user_id(&self) -> Option<String> {
        self.user.map(|user| user.id.to_hex())
    }

    /// Whose exchanges are theirs; `None` as long as nothing tells their browser from another one.
    pub fn owner(&self) -> Option<Owner> {
        self.session.is_stored().then(|| Owner::of(self.session.id().as_str()))
    }

    /// Of this browser, the oldest first.
    pub fn exchanges(&self) -> Vec<Arc<Exchange>> {
        let mut own = self.owner().map(|owner| self.recorder.of(owner)).unwrap_or_default();
        own.reverse();
        own
    }

    /// Of this user, in whatever browser, the oldest first.
    pub fn exchanges_anywhere(&self) -> Vec<Arc<Exchange>> {
        let mut own = self.user_id().map(|id| self.recorder.of_user(&id)).unwrap_or_default();
        own.reverse();
        own
    }

    /// How far they are in this lesson.
    pub fn state(&mut self, lesson: &Lesson) -> &mut State {
        self.progress.lessons.entry(lesson.slug.to_owned()).or_default()
    }

    /// Keeps the progress.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn save(&self) -> Result<(), Unavailable> {
        match self.user_id() {
            Some(user) => self.store.save(&user, &self.progress).await,
            None => self.session.set(KEY, &self.progress).map_err(Unavailable::new),
        }
    }
}

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Learner<'r> {
    type Error = Unavailable;

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, Unavailable> {
        match learner(request).await {
            Ok(learner) => Outcome::Success(learner),
            Err(error) => Outcome::Error((Status::ServiceUnavailable, error)),
        }
    }
}

async fn learner<'r>(request: &'r Request<'_>) -> Result<Learner<'r>, Unavailable> {
    let missing = || Unavailable::new("teaching is not attached");
    let session = match request.guard::<&Session>().await {
        Outcome::Success(session) => session,
        Outcome::Error((_, error)) => return Err(error),
        Outcome::Forward(_) => return Err(missing()),
    };
    let user = match request.guard::<&Visitor>().await {
        Outcome::Success(Visitor::SignedIn(user)) => Some(user),
        Outcome::Success(Visitor::Unknown(error)) => return Err(error.clone()),
        _ => None,
    };
    let store: &ProgressStore = request.rocket().state().ok_or_else(missing)?;
    let recorder: &Recorder = request.rocket().state().ok_or_else(missing)?;
    let progress = match user {
        Some(user) => store.load(&user.id.to_hex()).await?,
        None => session.get(KEY).unwrap_or_default(),
    };
    Ok(Learner { progress, user, session, store, recorder })
}
