//! What can go wrong, and which response it becomes when a handler returns it with `?`.
//!
//! Each error is a [`Responder`] that forwards its status to Rocket's catchers, so that the app's own error
//! pages answer. The cause is for the log; no page gets it.

use std::fmt::Display;
use std::sync::Arc;

use rocket::Request;
use rocket::http::Status;
use rocket::response::{self, Responder};

/// The store does not answer, or cannot do what was asked: whether it has done it is unknown.
///
/// As a response: 503 Service Unavailable. A user must not be logged out because of it.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{cause}")]
pub struct Unavailable {
    cause: Arc<str>,
    kind: Kind,
}

/// How the store failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// It did not answer, or will answer otherwise in a while.
    Away,
    /// It answered, and would answer the same again.
    Refusal,
    /// It does not accept the user, or the user may not do this.
    Denial,
}

impl Unavailable {
    /// The store does not answer. `cause` is for the log, and must not contain a session.
    ///
    /// ```
    /// use rocket_express_session::Unavailable;
    ///
    /// let error = Unavailable::new("the connection was closed");
    /// assert!(!error.is_refusal());
    /// ```
    pub fn new(cause: impl Display) -> Self {
        Self::of_kind(Kind::Away, cause)
    }

    /// The store answered and refused: it would give the same answer again.
    pub fn refusal(cause: impl Display) -> Self {
        Self::of_kind(Kind::Refusal, cause)
    }

    /// A wait was longer than its limit.
    pub(crate) fn late() -> Self {
        Self::new("no answer in time")
    }

    pub(crate) fn of_kind(kind: Kind, cause: impl Display) -> Self {
        Self { cause: cause.to_string().into(), kind }
    }

    /// True when the store answered, and would give the same answer again: to wait is no use.
    pub fn is_refusal(&self) -> bool {
        self.kind != Kind::Away
    }

    /// True when the store does not accept the user or the password, or misses a role.
    pub fn is_denial(&self) -> bool {
        self.kind == Kind::Denial
    }
}

/// A key or a value that a session cannot hold.
///
/// As a response: 500 Internal Server Error, because the program chose both.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SetError {
    /// The key means something else on Express's session object, which would drop the value.
    #[error("the session key {0:?} is reserved: Express would drop it")]
    Reserved(String),
    /// The key holds who is logged in: see [`RegeneratedSession::log_in`](crate::RegeneratedSession::log_in).
    #[error("the session key {0:?} can be set by a login only")]
    LoginOnly(String),
    /// JSON cannot express the value, such as a map whose keys are lists.
    #[error("the value for the session key {0:?} is no JSON")]
    NotJson(String),
    /// The ID of a user is neither text nor a number, nor an object with one of these as `_id` or `id`: the
    /// sessions of the user could not be found.
    #[error("the ID of a user is neither text nor a number")]
    NotAUserId,
    /// The value under the key is no number, and stays as it is.
    #[error("the value of the session key {0:?} is no number to add to")]
    NotANumber(String),
}

/// A [`save`](crate::Session::save) or [`reload`](crate::Session::reload) failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SaveError {
    /// The session was destroyed or has expired since this request loaded it, or was never stored. As a
    /// response: 409 Conflict.
    #[error("the session has ended")]
    Ended,
    /// The store does not answer. As a response: 503.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// Options with which no browser would keep the cookie, or no session would live.
///
/// The message says what to write instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct OptionsError(pub(crate) &'static str);

/// The text is no session that express-session could have written.
///
/// The message says why, and has nothing of the text in it: a log may hold it.
#[derive(Debug, thiserror::Error)]
#[error("not a readable session: {0}")]
pub struct Unreadable(pub(crate) &'static str);

impl<'r> Responder<'r, 'static> for Unavailable {
    fn respond_to(self, _: &'r Request<'_>) -> response::Result<'static> {
        log::error!("the session store does not answer: {self}");
        Err(Status::ServiceUnavailable)
    }
}

impl<'r> Responder<'r, 'static> for SetError {
    fn respond_to(self, _: &'r Request<'_>) -> response::Result<'static> {
        log::error!("{self}");
        Err(Status::InternalServerError)
    }
}

impl<'r> Responder<'r, 'static> for SaveError {
    fn respond_to(self, request: &'r Request<'_>) -> response::Result<'static> {
        match self {
            Self::Ended => Err(Status::Conflict),
            Self::Unavailable(error) => error.respond_to(request),
        }
    }
}
