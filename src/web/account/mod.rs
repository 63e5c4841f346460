//! The account page: its sessions, its password, its end. Each form has a file of its own.
//!
//! `sessions` ends sessions, `password` changes the password, `delete` deletes the account; here is
//! the page that they share, and the question for the current password that most of them ask.
//! `addresses` has the other addresses that lead to it.

mod addresses;
mod delete;
mod password;
mod sessions;

use std::time::Duration;

use rocket::http::Status;
use rocket::outcome::try_outcome;
use rocket::request::{FromRequest, Outcome};
use rocket::{Request, Route, get, routes};
use rocket_dyn_templates::{Template, context};
use rocket_express_session::{MAX_LISTED, RevokeReason, SaveError, Session};

use super::client::Client;
use super::error::Error;
use super::form::{FieldError, Submitted};
use super::heavy::HeavyPages;
use super::moment::in_words;
use super::page::Page;
use crate::audit::{Decision, Event, Whom};
use crate::auth::queue::Slot;
use crate::auth::{self, Confirmation, Confirmed, LocalStrategy, Refusal, User};

/// The user who is logged in, and all that the forms of this page need.
struct Account<'r> {
    page: Page<'r>,
    client: Client<'r>,
    session: &'r Session,
    user: &'r User,
    strategy: &'r LocalStrategy,
    /// For as long as the handler runs.
    _slots: Vec<Slot>,
}

/// What to mend, and how long nothing will be checked.
struct Unproved {
    error: FieldError,
    wait: Option<Duration>,
}

#[get("/account")]
async fn show(account: Account<'_>) -> Result<Template, Error> {
    account.render(&[], None).await
}

impl Account<'_> {
    /// Checks the current password, typed into the field `id`.
    async fn confirm(
        &self,
        id: &'static str,
        typed: &str,
    ) -> Result<Result<Box<Confirmed>, Unproved>, Error> {
        if typed.is_empty() {
            return Ok(Err(Unproved { error: missing(id), wait: None }));
        }
        let session = self.session.id().handle();
        let address = self.client.address();
        let (text, wait) = match self.strategy.confirm(self.user, &session, typed, address).await? {
            Confirmation::Right(confirmed) => return Ok(Ok(confirmed)),
            Confirmation::Wrong => {
                self.record(Event::ConfirmPassword, Decision::Refused);
                ("This is not your password. Enter it again.".to_owned(), None)
            }
            Confirmation::TryLater(wait) => {
                self.record(Event::ConfirmPassword, Decision::Throttled);
                let later = in_words(wait);
                (format!("There were too many wrong tries. Try again {later}."), Some(wait))
            }
        };
        Ok(Err(Unproved { error: FieldError::new(id, text), wait }))
    }

    /// As [`Account::confirm`], unless the password was given a moment ago and none was typed.
    async fn confirm_lately(
        &self,
        id: &'static str,
        typed: &str,
    ) -> Result<Result<(), Unproved>, Error> {
        if typed.is_empty() && auth::is_confirmed(self.session) {
            return Ok(Ok(()));
        }
        Ok(self.confirm(id, typed).await?.map(drop))
    }

    /// Gives the session a new ID if the password was `typed`, and stores it at once: what ends the
    /// other sessions must spare the new one. False when a concurrent request has ended or renewed
    /// this session; then the rest is for that one to do.
    async fn renew(&self, typed: &str, user: &User) -> Result<bool, Error> {
        if typed.is_empty() {
            return Ok(true);
        }
        auth::confirm(self.session, user)?;
        match self.session.save().await {
            Ok(()) => Ok(true),
            Err(SaveError::Unavailable(error)) => Err(error.into()),
            Err(_) => Ok(false),
        }
    }

    /// Ends all other sessions, after the password was changed or the account deleted. `None` when
    /// that fails, which undoes nothing: those sessions log in to nothing here any more.
    async fn end_others(&self, why: RevokeReason) -> Option<u64> {
        let ended = self.session.user_sessions().revoke_others(why).await;
        ended.inspect_err(|error| log::error!("sessions could not be ended: {error}")).ok()
    }

    fn record(&self, event: Event, decision: Decision) {
        self.client.record(event, decision, Whom::Name(&self.user.username));
    }

    /// The page again, because the password was not right.
    async fn refuse(&self, unproved: Unproved) -> Result<Submitted, Error> {
        self.refuse_for(unproved, None).await
    }

    /// The same, with the question of the password for ending the session of this handle.
    async fn refuse_for(
        &self,
        unproved: Unproved,
        asked: Option<&str>,
    ) -> Result<Submitted, Error> {
        let page = self.render(&[unproved.error], asked).await?;
        Ok(match unproved.wait {
            Some(wait) => Submitted::later(wait, page),
            None => Submitted::again(page),
        })
    }

    async fn render(&self, errors: &[FieldError], asked: Option<&str>) -> Result<Template, Error> {
        let sessions = sessions::list(self.session).await?;
        let asked = asked.map(|handle| {
            context! { handle, session: sessions.iter().find(|one| one.handle == handle) }
        });
        let own = context! {
            asked,
            sessions: &sessions,
            most: MAX_LISTED,
            form: context! { errors },
            rules: context! { password_min: self.strategy.policy.min_length },
        };
        Ok(self.page.render("account", own).await)
    }
}

fn missing(id: &'static str) -> FieldError {
    FieldError::new(id, "Enter the password that you have now.")
}

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Account<'r> {
    type Error = Refusal;

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, Refusal> {
        let unavailable = || Outcome::Error((Status::ServiceUnavailable, Refusal::Unavailable));
        let Some(heavy) = request.rocket().state::<HeavyPages>() else {
            return unavailable();
        };
        let busy = |error| {
            log::warn!("the account page was refused: {error}");
            unavailable()
        };
        // The session first: it costs nothing to refuse its thousandth request.
        let of_browser = match heavy.enter(request).await {
            Ok(slot) => slot,
            Err(error) => return busy(error),
        };
        let user = try_outcome!(request.guard::<&User>().await);
        let of_account = match heavy.enter_as(user, Client::of(request).address()).await {
            Ok(slots) => slots,
            Err(error) => return busy(error),
        };
        let _slots = of_browser.into_iter().chain(of_account).collect();
        let Outcome::Success(session) = request.guard::<&Session>().await else {
            return unavailable();
        };
        let (page, client) = (Page::of(request), Client::of(request));
        match request.rocket().state() {
            Some(strategy) => {
                Outcome::Success(Account { page, client, session, user, strategy, _slots })
            }
            None => unavailable(),
        }
    }
}

pub fn routes() -> Vec<Route> {
    [routes![show], sessions::routes(), password::routes(), delete::routes(), addresses::routes()]
        .concat()
}
