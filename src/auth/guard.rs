//! Who is it? The guards that turn a session into a user.
//!
//! `&Visitor` is for pages that every visitor may see, `&User` for pages of a user, `Admin` for pages of an
//! admin. Each request looks its user up once. The guard of `rocket_express_session` has loaded the session
//! before them; the route comes after them.

use rocket::Request;
use rocket::http::Status;
use rocket::outcome::try_outcome;
use rocket::request::{FromRequest, Outcome};
use rocket_express_session::Session;

use super::login;
use super::strategy::LocalStrategy;
use super::users::User;
use crate::db::Unavailable;
use crate::trace::{self, Step};

/// The visitor of a page. Three cases, because `Option<User>` would turn "the database is away" into
/// "anonymous", and a user would look logged out who is not.
#[derive(Debug)]
pub enum Visitor {
    /// No user is logged in.
    Anonymous,
    /// A user is logged in.
    SignedIn(User),
    /// The database does not answer, so this is unknown.
    Unknown(Unavailable),
}

/// Why a guard rejected a request.
#[derive(Debug)]
pub enum Refusal {
    /// 401: no user is logged in.
    NotSignedIn,
    /// 403: the user is no admin.
    NotAdmin,
    /// 503: the database does not answer.
    Unavailable,
}

impl Visitor {
    async fn recognise(request: &Request<'_>) -> Self {
        match identify(request).await {
            Ok(Some(user)) => Self::SignedIn(user),
            Ok(None) => Self::Anonymous,
            Err(error) => {
                log::error!("whether a user is logged in is unknown: {error}");
                Self::Unknown(error)
            }
        }
    }
}

/// passport's `session` strategy: the id in the session, then the user of that id.
async fn identify(request: &Request<'_>) -> Result<Option<User>, Unavailable> {
    let session = match request.guard::<&Session>().await {
        Outcome::Success(session) => session,
        Outcome::Error((_, error)) => return Err(error),
        Outcome::Forward(_) => return Err(Unavailable::new("the session guard never forwards")),
    };
    let Some(id) = login::user_id(session) else {
        return Ok(None);
    };
    let strategy: &LocalStrategy =
        request.rocket().state().ok_or_else(|| Unavailable::new("no accounts are attached"))?;
    let user = strategy.users.find(id).await?;
    let user = user.filter(|user| user.password_version == login::password_version(session));
    trace::note(|| {
        let id = user.as_ref().map(|user| user.id.to_hex());
        id.map_or(Step::Forgotten, |id| Step::User { id })
    });
    if user.is_none() {
        // The account was deleted, or its password has changed since: the session is anonymous.
        login::forget(session);
    }
    Ok(user)
}

#[rocket::async_trait]
impl<'r> FromRequest<'r> for &'r Visitor {
    type Error = std::convert::Infallible;

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, Self::Error> {
        Outcome::Success(request.local_cache_async(Visitor::recognise(request)).await)
    }
}

#[rocket::async_trait]
impl<'r> FromRequest<'r> for &'r User {
    type Error = Refusal;

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, Refusal> {
        match request.local_cache_async(Visitor::recognise(request)).await {
            Visitor::SignedIn(user) => Outcome::Success(user),
            Visitor::Anonymous => Outcome::Error((Status::Unauthorized, Refusal::NotSignedIn)),
            Visitor::Unknown(_) => {
                Outcome::Error((Status::ServiceUnavailable, Refusal::Unavailable))
            }
        }
    }
}

/// A user who is an admin.
pub struct Admin<'r>(pub &'r User);

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Admin<'r> {
    type Error = Refusal;

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, Refusal> {
        let user = try_outcome!(request.guard::<&User>().await);
        if user.admin {
            Outcome::Success(Admin(user))
        } else {
            Outcome::Error((Status::Forbidden, Refusal::NotAdmin))
        }
    }
}
