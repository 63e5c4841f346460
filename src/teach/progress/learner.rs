//! The learner who sends a request: the guard of all lesson and lab routes.

use std::sync::Arc;

use rocket::Request;
use rocket::http::Status;
use rocket::outcome::{IntoOutcome as _, try_outcome};
use rocket::request::{FromRequest, Outcome};
use rocket_express_session::Session;

use super::{KEY, Progress, ProgressStore};
use crate::auth::{User, Visitor};
use crate::db::Unavailable;
use crate::db::versioned::Versioned;
use crate::teach::limits::{Denied, Limits, Size};
use crate::trace::{self, BrowserKey, Cookie, Exchange, Recorder};

pub(crate) struct Learner<'r> {
    stored: Versioned<Progress>,
    /// The user who is logged in; `None` for an anonymous visitor.
    pub user: Option<&'r User>,
    /// The session of the site, not that of a lab.
    pub session: &'r Session,
    pub limits: Limits<'r>,
    /// The `Set-Cookie` lines of a lab that the response will have.
    pub lab_cookies: Vec<String>,
    store: &'r ProgressStore,
    recorder: &'r Recorder,
}

impl Learner<'_> {
    pub(crate) fn user_id(&self) -> Option<String> {
        self.user.map(|user| user.id.to_hex())
    }

    /// Whether the learner has an account or a stored session.
    pub(crate) fn is_stored(&self) -> bool {
        self.user.is_some() || self.session.is_stored()
    }

    /// The exchanges of this browser, the oldest first. The last one is this request, as it is so far. None
    /// without a stored session, which tells browsers apart.
    pub(crate) fn exchanges(&self) -> Vec<Arc<Exchange>> {
        if !self.session.is_stored() {
            return vec![];
        }
        let owner = BrowserKey::of_session(self.session.id().as_str());
        let mut own = self.recorder.of_browser(owner);
        own.reverse();
        own.extend(trace::so_far().map(|exchange| {
            let set_cookies = self.lab_cookies.iter().filter_map(|line| Cookie::set(line));
            let (set_cookies, number) = (set_cookies.collect(), self.recorder.next_number(owner));
            Arc::new(Exchange { number, set_cookies, ..exchange })
        }));
        own
    }

    pub(crate) fn exchange(&self, id: &str) -> Option<Arc<Exchange>> {
        let current = || self.exchanges().pop().filter(|exchange| exchange.id == id);
        self.recorder.get(id).or_else(current)
    }

    pub(crate) fn exchanges_of_all_browsers(&self) -> Vec<Arc<Exchange>> {
        let mut own = self.user_id().map(|id| self.recorder.of_user(&id)).unwrap_or_default();
        own.reverse();
        own
    }

    pub(crate) fn wants_help(&self) -> bool {
        self.progress().help_since(|handle| handle == self.session.id().handle()).is_some()
    }

    pub(crate) fn progress(&self) -> &Progress {
        &self.stored.value
    }

    /// Changes the progress and stores it. `change` runs again if there was a concurrent change.
    pub(crate) async fn change(
        &mut self,
        change: impl Fn(&Self, &mut Progress),
    ) -> Result<(), Denied> {
        let mut known = self.stored.clone();
        if let Some(user) = self.user_id() {
            let change = |progress: &mut Progress| change(self, progress);
            self.stored = self.store.change(&user, known, change).await?;
            return Ok(());
        }
        change(self, &mut known.value);
        if known.value != self.stored.value {
            if !self.session.is_stored() {
                self.limits.count(Size::Small).await?;
            }
            self.session.set(KEY, &known.value)?;
            self.stored = known;
        }
        Ok(())
    }
}

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Learner<'r> {
    type Error = Unavailable;

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, Unavailable> {
        let session = try_outcome!(request.guard::<&Session>().await);
        learner(request, session).await.or_error(Status::ServiceUnavailable)
    }
}

async fn learner<'r>(
    request: &'r Request<'_>,
    session: &'r Session,
) -> Result<Learner<'r>, Unavailable> {
    let missing = || Unavailable::new("teaching is not attached");
    let user = match Visitor::of(request).await {
        Visitor::LoggedIn(user) => Some(user),
        Visitor::Unknown(error) => return Err(error.clone()),
        Visitor::Anonymous => None,
    };
    let store: &ProgressStore = request.rocket().state().ok_or_else(missing)?;
    let recorder: &Recorder = request.rocket().state().ok_or_else(missing)?;
    let id = user.map(|user| user.id.to_hex());
    let stored = match &id {
        Some(id) => store.load(id).await?,
        None => Versioned::from(session.get::<Progress>(KEY).unwrap_or_default()),
    };
    let limits = Limits::of(request, id).ok_or_else(missing)?;
    Ok(Learner { stored, user, session, limits, lab_cookies: vec![], store, recorder })
}
