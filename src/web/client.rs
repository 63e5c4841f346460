//! Who asks: the address a request comes from, and whether the browser has been here before.
//!
//! Routes that check a password take `Client`; what it says goes to `auth/strategy.rs`, and what
//! comes of it to `audit.rs`.

use std::net::IpAddr;

use rocket::Request;
use rocket::request::{FromRequest, Outcome};
use rocket::time::Duration;

use super::cookies::DEVICE;
use crate::audit::{self, Decision, Event, Whom};
use crate::proxy::client_address;

/// A browser that was not here for half a year is a stranger again.
const LIFETIME: Duration = Duration::days(180);

/// More device cookies than this are not looked at.
const MOST_DEVICES: usize = 8;

/// The other end of the connection.
pub struct Client<'r> {
    request: &'r Request<'r>,
}

impl<'r> Client<'r> {
    /// Who sends this request.
    pub fn of(request: &'r Request<'_>) -> Self {
        Self { request }
    }

    /// Writes down what it did.
    pub fn record(&self, event: Event, decision: Decision, whom: Whom<'_>) {
        audit::record(self.request, event, decision, whom);
    }

    /// Where it is.
    pub fn address(&self) -> IpAddr {
        client_address(self.request)
    }

    /// Its device cookies. There is more than one if another host of the domain has planted some.
    pub fn devices(&self) -> Vec<&'r str> {
        DEVICE.all(self.request).take(MOST_DEVICES).collect()
    }

    /// Gives it a device cookie, if there is one to give.
    pub fn remember_device(&self, value: Option<String>) {
        if let Some(value) = value {
            DEVICE.set(self.request, value, LIFETIME);
        }
    }
}

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Client<'r> {
    type Error = std::convert::Infallible;

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, Self::Error> {
        Outcome::Success(Client::of(request))
    }
}
