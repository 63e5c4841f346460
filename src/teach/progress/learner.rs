//! Who is learning: the guard of all lesson and lab routes.

use std::sync::Arc;

use rocket::Request;
use rocket::http::Status;
use rocket::request::{FromRequest, Outcome};
use rocket_express_session::Session;

use super::store::Kept;
use super::{Progress, ProgressStore};
use crate::auth::{User, Visitor};
use crate::db::Unavailable;
use crate::teach::limits::{Denied, Limits, Size};
use crate::trace::{Exchange, Owner, Recorder};

/// The session key of the progress of an anonymous visitor.
pub const KEY: &str = "learning";

/// A learner, with what they have done so far.
pub struct Learner<'r> {
    kept: Kept,
    /// Who is logged in.
    pub user: Option<&'r User>,
    /// Of the site, not of a lab.
    pub session: &'r Session,
    /// How much they may store.
    pub limits: Limits<'r>,
    store: &'r ProgressStore,
    recorder: &'r Recorder,
}

impl Learner<'_> {
    /// The user's ID; `None` for an anonymous visitor.
    pub fn user_id(&self) -> Option<String> {
        self.user.map(|user| user.id.to_hex())
    }

    /// Whether anything is kept of this learner: an account, or a session.
    pub fn is_kept(&self) -> bool {
        self.user.is_some() || self.session.is_stored()
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

    /// How far they are.
    pub fn progress(&self) -> &Progress {
        &self.kept.progress
    }

    /// Changes how far they are, and keeps that. `change` is made again when another request, or the
    /// teacher, was faster.
    ///
    /// # Errors
    /// The store does not answer, or visitors at this address have stored enough.
    pub async fn change(&mut self, change: impl Fn(&Self, &mut Progress)) -> Result<(), Denied> {
        let mut known = self.kept.clone();
        if let Some(user) = self.user_id() {
            let change = |progress: &mut Progress| change(self, progress);
            self.kept = self.store.change(&user, known, change).await?;
            return Ok(());
        }
        change(self, &mut known.progress);
        if known.progress != self.kept.progress {
            if !self.session.is_stored() {
                self.limits.count(Size::Small).await?;
            }
            self.session.set(KEY, &known.progress).map_err(Unavailable::new)?;
            self.kept = known;
        }
        Ok(())
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
    let kept = match user {
        Some(user) => store.load(&user.id.to_hex()).await?,
        None => Kept::from(session.get::<Progress>(KEY).unwrap_or_default()),
    };
    let id = user.map(|user| user.id.to_hex());
    let limits = Limits::of(request, id).ok_or_else(missing)?;
    Ok(Learner { kept, user, session, limits, store, recorder })
}
