//! Asks a user who is logged in for the password again, because another person may be using the browser.
//!
//! The forms of the account page need this, a form of the admin page, and the teacher of a class. A confirmed
//! password is not asked for again for five minutes (`auth/login.rs`).

use std::net::IpAddr;
use std::time::Duration;

use rocket::Request;
use rocket::http::Status;
use rocket::outcome::try_outcome;
use rocket::request::{FromRequest, Outcome};
use rocket_express_session::{SaveError, Session};

use super::error::Error;
use super::form::FieldError;
use super::time_view::humanize;
use crate::audit::{self, Actor, AuditEvent};
use crate::auth::{self, AuthError, Confirmation, LocalStrategy, ReauthToken, User};
use crate::proxy::client_address;

/// The user who is logged in, and the values that the check of the password needs.
#[derive(Clone, Copy)]
pub struct Reauth<'r> {
    /// The session of the user.
    pub session: &'r Session,
    /// The user who is logged in.
    pub user: &'r User,
    /// It checks the password.
    pub strategy: &'r LocalStrategy,
    /// The address of the request.
    pub address: IpAddr,
}

/// A reason why the current password is not confirmed.
pub enum ConfirmError {
    /// The password is missing or wrong. The form is shown again.
    Invalid(FieldError),
    /// There were too many attempts.
    Throttled {
        /// No password is checked until this time has passed.
        retry_after: Duration,
        /// The text for the form.
        error: FieldError,
    },
    /// The check failed: the database does not answer, or too many passwords are being hashed.
    Failed(Error),
}

impl<E: Into<Error>> From<E> for ConfirmError {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

impl ConfirmError {
    /// The error for the form, and how long no password is checked.
    ///
    /// # Errors
    /// The check failed.
    pub fn for_form(self) -> Result<(Option<Duration>, FieldError), Error> {
        match self {
            Self::Invalid(error) => Ok((None, error)),
            Self::Throttled { retry_after, error } => Ok((Some(retry_after), error)),
            Self::Failed(error) => Err(error),
        }
    }
}

impl Reauth<'_> {
    /// Checks the current password that the user typed into the field `id`.
    pub(super) async fn confirm(
        &self,
        id: &'static str,
        typed: &str,
    ) -> Result<Box<ReauthToken>, ConfirmError> {
        if typed.is_empty() {
            return Err(ConfirmError::Invalid(missing(id)));
        }
        let session = self.session.id().handle();
        match self.strategy.confirm(self.user, &session, typed, self.address).await? {
            Confirmation::Ok(token) => Ok(token),
            Confirmation::Wrong => {
                self.record(audit::Outcome::Refused);
                let text = "That's not your password. Try again.";
                Err(ConfirmError::Invalid(FieldError::new(id, text)))
            }
            Confirmation::Throttled { retry_after } => {
                self.record(audit::Outcome::Throttled);
                let later = humanize(retry_after);
                let text = format!("There were too many wrong passwords. Try again {later}.");
                Err(ConfirmError::Throttled { retry_after, error: FieldError::new(id, text) })
            }
        }
    }

    /// Checks the current password, and renews the session. The field may be empty if the user confirmed the
    /// password in the last five minutes; then the session stays. False as for `renew`.
    ///
    /// # Errors
    /// The password is not confirmed.
    pub async fn confirm_recent(
        &self,
        id: &'static str,
        typed: &str,
    ) -> Result<bool, ConfirmError> {
        if typed.is_empty() && auth::is_confirmed(self.session) {
            return Ok(true);
        }
        self.confirm(id, typed).await?;
        Ok(self.renew(self.user).await?)
    }

    /// Gives the session a new ID, and saves it immediately. The handler then ends the other sessions, but
    /// not the new one. False if a concurrent request has ended or renewed this session. Then the handler
    /// does nothing more.
    ///
    /// # Errors
    /// The session store does not answer.
    pub(super) async fn renew(&self, user: &User) -> Result<bool, Error> {
        auth::confirm(self.session, user)?;
        match self.session.save().await {
            Ok(()) => Ok(true),
            Err(SaveError::Unavailable(error)) => Err(error.into()),
            Err(_) => Ok(false),
        }
    }

    fn record(&self, outcome: audit::Outcome) {
        audit::record(AuditEvent::ConfirmPassword, outcome, Actor::Name(&self.user.username));
    }
}

/// The error for a field without the current password.
pub(super) fn missing(id: &'static str) -> FieldError {
    FieldError::new(id, "Enter your current password.")
}

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Reauth<'r> {
    type Error = AuthError;

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, AuthError> {
        let user = try_outcome!(request.guard::<&User>().await);
        let address = client_address(request);
        match (request.guard::<&Session>().await, request.rocket().state()) {
            (Outcome::Success(session), Some(strategy)) => {
                Outcome::Success(Self { session, user, strategy, address })
            }
            _ => Outcome::Error((Status::ServiceUnavailable, AuthError::Unavailable)),
        }
    }
}
