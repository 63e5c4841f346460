//! Limits of the sessions that one visitor may store in lessons and labs.
//!
//! `auth/throttle` counts them. An account has counters of its own. Anonymous visitors can be told apart by
//! their address alone, so they share the counters of their address and, for IPv6, of the networks around it.

use std::net::IpAddr;
use std::time::Duration;

use rocket::http::Status;
use rocket::response::{self, Responder};
use rocket::{Request, catch};
use rocket_dyn_templates::context;
use rocket_express_session::SetError;

use crate::auth::throttle::{Bucket, Network, Throttle};
use crate::auth::{LocalStrategy, Visitor};
use crate::db::Unavailable;
use crate::proxy::client_address;
use crate::web::{Error, FormResponse, Page, humanize};

pub(super) struct Limits<'r> {
    throttle: &'r Throttle,
    address: IpAddr,
    /// The account's ID; `None` for an anonymous visitor.
    user: Option<String>,
}

/// The size of a session that is about to be stored.
#[derive(Clone, Copy, Debug)]
pub(super) enum Size {
    /// A session of some hundred bytes.
    Small,
    /// A session of a hundred kilobytes.
    Big,
}

/// Why something was not stored.
#[derive(Debug, thiserror::Error)]
pub(super) enum Denied {
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
    /// The address or the account has stored as much as it may for now.
    #[error("stored enough for {0:?}")]
    Enough(Duration),
    /// The teacher has closed the lesson.
    #[error("the lesson is closed")]
    Closed,
}

impl From<SetError> for Denied {
    fn from(error: SetError) -> Self {
        Self::Unavailable(Unavailable::new(error))
    }
}

impl<'r> Limits<'r> {
    /// The counters for this request; `None` if the site has no accounts.
    pub(super) fn of(request: &'r Request<'_>, user: Option<String>) -> Option<Self> {
        let strategy: &LocalStrategy = request.rocket().state()?;
        Some(Self { throttle: &strategy.throttle, address: client_address(request), user })
    }

    pub(super) async fn count(&self, size: Size) -> Result<(), Denied> {
        let networks = Network::around(self.address);
        let buckets: Vec<_> = match (&self.user, size) {
            (None, Size::Small) => networks.map(Bucket::GuestSessions).collect(),
            (None, Size::Big) => networks.map(Bucket::GuestBigSessions).collect(),
            (Some(user), Size::Small) => vec![Bucket::LabSessions(user)],
            (Some(user), Size::Big) => vec![Bucket::BigLabSessions(user)],
        };
        let retry_after = self.throttle.count(&buckets).await?;
        retry_after.map_or(Ok(()), |wait| Err(Denied::Enough(wait)))
    }
}

#[derive(Default)]
struct Wait(Duration);

impl<'r> Responder<'r, 'static> for Denied {
    fn respond_to(self, request: &'r Request<'_>) -> response::Result<'static> {
        match self {
            Self::Unavailable(error) => Error::from(error).respond_to(request),
            Self::Closed => Err(Status::Forbidden),
            Self::Enough(wait) => {
                request.local_cache(|| Wait(wait));
                Err(Status::TooManyRequests)
            }
        }
    }
}

/// The page for a visitor who has stored too much. Nothing was stored by this request.
#[catch(429)]
pub(super) async fn enough(request: &Request<'_>) -> FormResponse {
    let wait = request.local_cache(Wait::default).0;
    let (visitor, own) = (Visitor::of(request).await, context! { wait: humanize(wait) });
    FormResponse::throttled(wait, Page::of(request).render("learn/enough", visitor, own))
}
