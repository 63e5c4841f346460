//! The guards that turn a session into a user.
//!
//! `&Visitor` is for pages that every visitor may see, `&User` for pages of a user, `Admin` for pages of an
//! admin. They use the guard of `rocket_express_session`, which loads the session. Each request looks up its
//! user once.

use rocket::Request;
use rocket::http::Status;
use rocket::outcome::try_outcome;
use rocket::request::{FromRequest, Outcome};
use rocket_express_session::{LOGIN_KEY, Session};

use super::strategy::LocalStrategy;
use super::users::{User, UserId};
use crate::db::Unavailable;
use crate::trace::{self, Step};

/// The session key for [`User::password_version`]. It is absent under the first password, so that a session
/// looks like one of the Express tutorial.
pub(super) const PASSWORD_VERSION: &str = "passwordVersion";

/// The session key for the time when the user last confirmed the password.
pub(super) const CONFIRMED_AT: &str = "confirmedAt";

/// The visitor of a page.
///
/// There are three cases, because `Option<User>` would turn "the database does not answer" into "anonymous".
/// Then a user who is logged in would look logged out.
#[derive(Debug)]
pub enum Visitor {
    /// No user is logged in.
    Anonymous,
    /// A user is logged in.
    LoggedIn(User),
    /// The database does not answer, so whether a user is logged in is unknown.
    Unknown(Unavailable),
}

/// Why a guard rejected a request.
#[derive(Debug)]
pub enum AuthError {
    /// 401: no user is logged in.
    NotLoggedIn,
    /// 403: the user is no admin.
    NotAdmin,
    /// 503: the database does not answer.
    Unavailable,
}

impl Visitor {
    /// The visitor of this request, loaded once.
    pub async fn of<'r>(request: &'r Request<'_>) -> &'r Self {
        request.local_cache_async(Self::load(request)).await
    }

    async fn load(request: &Request<'_>) -> Self {
        match load_user(request).await {
            Ok(Some(user)) => Self::LoggedIn(user),
            Ok(None) => Self::Anonymous,
            Err(error) => {
                tracing::error!("cannot tell whether a user is logged in: {error}");
                Self::Unknown(error)
            }
        }
    }
}

/// passport's `session` strategy: the ID in the session, then the user of that ID.
async fn load_user(request: &Request<'_>) -> Result<Option<User>, Unavailable> {
    let session = match request.guard::<&Session>().await {
        Outcome::Success(session) => session,
        Outcome::Error((_, error)) => return Err(error),
        Outcome::Forward(_) => return Err(Unavailable::new("the session guard never forwards")),
    };
    let Some(id) = user_id(session) else {
        return Ok(None);
    };
    let strategy: &LocalStrategy =
        request.rocket().state().ok_or_else(|| Unavailable::new("no accounts are attached"))?;
    let user = strategy.users.find(id).await?;
    let user = user.filter(|user| user.password_version == password_version(session));
    trace::note(|| {
        let id = user.as_ref().map(|user| user.id.to_hex());
        id.map_or(Step::SessionInvalidated, |id| Step::User { id })
    });
    if user.is_none() {
        // The account was deleted, or its password has changed since the login.
        forget(session);
    }
    Ok(user)
}

/// The ID of the user, as passport reads it: anything but 24 hex digits is anonymous.
pub fn user_id(session: &Session) -> Option<UserId> {
    UserId::from_hex(&session.login::<String>()?)
}

/// Under which of the user's passwords the session was made.
fn password_version(session: &Session) -> i64 {
    session.get(PASSWORD_VERSION).unwrap_or(0)
}

/// Removes the login from a session whose user is gone, or has a newer password.
fn forget(session: &Session) {
    session.remove(LOGIN_KEY);
    session.remove(PASSWORD_VERSION);
    session.remove(CONFIRMED_AT);
}

#[rocket::async_trait]
impl<'r> FromRequest<'r> for &'r Visitor {
    type Error = std::convert::Infallible;

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, Self::Error> {
        Outcome::Success(Visitor::of(request).await)
    }
}

#[rocket::async_trait]
impl<'r> FromRequest<'r> for &'r User {
    type Error = AuthError;

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, AuthError> {
        match Visitor::of(request).await {
            Visitor::LoggedIn(user) => Outcome::Success(user),
            Visitor::Anonymous => Outcome::Error((Status::Unauthorized, AuthError::NotLoggedIn)),
            Visitor::Unknown(_) => {
                Outcome::Error((Status::ServiceUnavailable, AuthError::Unavailable))
            }
        }
    }
}

/// A user who is an admin.
#[derive(Clone, Copy)]
pub struct Admin<'r>(pub &'r User);

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Admin<'r> {
    type Error = AuthError;

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, AuthError> {
        let user = try_outcome!(request.guard::<&User>().await);
        if user.admin {
            Outcome::Success(Admin(user))
        } else {
            Outcome::Error((Status::Forbidden, AuthError::NotAdmin))
        }
    }
}
