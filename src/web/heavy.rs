//! Limits concurrent requests for pages that read many documents, by browser, account and address.
//!
//! The limit of the browser is checked before any database command. So a thousand requests of one browser
//! cost next to nothing. The limit of the account is for a user with many sessions.

use std::net::IpAddr;

use rocket::Request;
use rocket_express_session::Sessions;

use crate::auth::queue::{Slot, Slots};
use crate::auth::throttle::Network;
use crate::db::Unavailable;
use crate::in_flight::note_cause;
use crate::meters::Cause;

/// Requests of one browser that run, and that wait. Few wait, because a person opens few tabs at the same
/// time.
const PER_BROWSER: (usize, usize) = (1, 3);

/// Requests of one account that run, and that wait, in all its browsers.
const PER_ACCOUNT: (usize, usize) = (2, 6);

/// Requests of one address, or IPv6 /64, that run, and that wait. One of the three connections for lists
/// stays free for other addresses. The requests of a class behind one address wait in a queue.
const PER_ADDRESS: (usize, usize) = (2, 60);

/// The slots of this process.
pub(super) struct HeavyPages {
    browsers: Slots,
    accounts: Slots,
    addresses: Slots,
}

impl Default for HeavyPages {
    fn default() -> Self {
        let slots = |(at_work, waiting)| Slots::new(at_work, waiting);
        Self {
            browsers: slots(PER_BROWSER),
            accounts: slots(PER_ACCOUNT),
            addresses: slots(PER_ADDRESS),
        }
    }
}

fn busy() -> Unavailable {
    note_cause(Cause::HeavyPages);
    Unavailable::new("too many requests of one account or address at once")
}

impl HeavyPages {
    /// Waits for a slot of the session that the request's cookie names. A request without a session reads
    /// nothing, and needs no slot.
    ///
    /// # Errors
    /// Too many requests of this session wait already, or the wait is too long.
    pub(super) async fn enter(&self, request: &Request<'_>) -> Result<Option<Slot>, Unavailable> {
        let sessions: Option<&Sessions> = request.rocket().state();
        let id = sessions.and_then(|sessions| sessions.signed_id(request));
        let Some(id) = id else { return Ok(None) };
        self.browsers.enter(id.as_str()).await.map(Some).ok_or_else(busy)
    }

    /// Waits for a slot of the account with the ID `user`, and for one of the address.
    ///
    /// # Errors
    /// Too many requests of this account or address wait already, or the wait is too long.
    pub(super) async fn enter_as(
        &self,
        user: &str,
        address: IpAddr,
    ) -> Result<[Slot; 2], Unavailable> {
        let account = self.accounts.enter(user).await.ok_or_else(busy)?;
        let address = self.addresses.enter(Network::of(address)).await.ok_or_else(busy)?;
        Ok([account, address])
    }
}
