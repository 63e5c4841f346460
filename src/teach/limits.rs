//! How much one visitor may store in lessons and labs: so many sessions, and so many large ones.
//!
//! `auth/throttle` counts them. An account has counters of its own. Visitors who are not logged in are
//! told apart by their address alone, so they share the counters of their address and, for IPv6, of the
//! networks around it.

use std::net::IpAddr;
use std::time::Duration;

use rocket::http::{Header, Status};
use rocket::response::{self, Responder};
use rocket::{Request, catch};
use rocket_dyn_templates::{Template, context};

use crate::auth::LocalStrategy;
use crate::auth::throttle::{Lane, Network, Throttle};
use crate::db::Unavailable;
use crate::proxy::client_address;
use crate::web::error::Error;
use crate::web::{Page, in_words, whole_seconds};

/// The counters of one visitor.
pub struct Limits<'r> {
    throttle: &'r Throttle,
    address: IpAddr,
    /// The account's id; `None` for a visitor who is not logged in.
    user: Option<String>,
}

/// What is about to be stored.
#[derive(Clone, Copy, Debug)]
pub enum Size {
    /// A session of some hundred bytes.
    Small,
    /// A session of a hundred kilobytes.
    Big,
}

/// Why something was not stored.
#[derive(Debug, thiserror::Error)]
pub enum Denied {
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
    /// The address or the account has stored enough for now.
    #[error("stored enough for {0:?}")]
    Enough(Duration),
}

impl<'r> Limits<'r> {
    /// `None` without accounts to ask.
    pub fn of(request: &'r Request<'_>, user: Option<String>) -> Option<Self> {
        let strategy: &LocalStrategy = request.rocket().state()?;
        Some(Self { throttle: &strategy.throttle, address: client_address(request), user })
    }

    /// Counts a session that is about to be stored.
    ///
    /// # Errors
    /// There were too many, or the counters do not answer.
    pub async fn count(&self, size: Size) -> Result<(), Denied> {
        let lanes: Vec<_> = match (&self.user, size) {
            (None, Size::Small) => self.networks().map(Lane::GuestSessions).collect(),
            (None, Size::Big) => self.networks().map(Lane::GuestBigSessions).collect(),
            (Some(user), Size::Small) => vec![Lane::LabSessions(user)],
            (Some(user), Size::Big) => vec![Lane::BigLabSessions(user)],
        };
        self.throttle.pass(&lanes).await?.map_err(Denied::Enough)
    }

    fn networks(&self) -> impl Iterator<Item = Network> {
        Network::around(self.address)
    }
}

/// For the page that says so.
#[derive(Default)]
struct Wait(Option<Duration>);

impl<'r> Responder<'r, 'static> for Denied {
    fn respond_to(self, request: &'r Request<'_>) -> response::Result<'static> {
        match self {
            Self::Unavailable(error) => Error::from(error).respond_to(request),
            Self::Enough(wait) => {
                request.local_cache(|| Wait(Some(wait)));
                Err(Status::TooManyRequests)
            }
        }
    }
}

/// The page of a request that would have stored too much.
#[derive(rocket::Responder)]
#[response(status = 429)]
pub struct Enough {
    page: Template,
    retry_after: Header<'static>,
}

/// Nothing was stored, and the page says what helps.
#[catch(429)]
pub async fn enough(request: &Request<'_>) -> Enough {
    let wait = request.local_cache(Wait::default).0.unwrap_or_default();
    let page = Page::of(request).render("learn/enough", context! { wait: in_words(wait) }).await;
    let retry_after = Header::new("Retry-After", whole_seconds(wait).to_string());
    Enough { page, retry_after }
}
