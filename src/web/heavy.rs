//! Pages that read many documents: few at once for each browser and each account.
//!
//! The first limit stands before MongoDB is asked anything, so that a thousand requests of one
//! browser cost next to nothing. The second one is for an account that is logged in many times.

use std::net::IpAddr;

use rocket::Request;
use rocket_express_session::Sessions;

use crate::auth::User;
use crate::auth::queue::{Slot, Slots};
use crate::auth::throttle::Network;
use crate::db::Unavailable;

/// Of one browser, one at a time; waiting for that, as many as a person opens tabs at once.
const OF_A_BROWSER: (usize, usize) = (1, 3);

/// Of one account, in whatever browsers.
const OF_AN_ACCOUNT: (usize, usize) = (2, 6);

/// Of one address, or IPv6 /64: one of the three connections for lists is left to others. A class behind one
/// address waits its turn.
const OF_AN_ADDRESS: (usize, usize) = (2, 60);

/// The slots of this process.
pub struct HeavyPages {
    browsers: Slots,
    accounts: Slots,
    addresses: Slots,
}

impl Default for HeavyPages {
    fn default() -> Self {
        let slots = |(at_work, waiting)| Slots::new(at_work, waiting);
        Self {
            browsers: slots(OF_A_BROWSER),
            accounts: slots(OF_AN_ACCOUNT),
            addresses: slots(OF_AN_ADDRESS),
        }
    }
}

fn busy() -> Unavailable {
    Unavailable::new("too many requests of one account or address at once")
}

impl HeavyPages {
    /// Waits for a slot of the session that the request's cookie names. Without one the request
    /// reads nothing, and needs no slot.
    ///
    /// # Errors
    /// Too many requests of this session are there.
    pub async fn enter(&self, request: &Request<'_>) -> Result<Option<Slot>, Unavailable> {
        let sessions: Option<&Sessions> = request.rocket().state();
        let id = sessions.and_then(|sessions| sessions.signed_id(request));
        let Some(id) = id else { return Ok(None) };
        self.browsers.enter(id.as_str()).await.map(Some).ok_or_else(busy)
    }

    /// Waits for a slot of the account, and for one of the address.
    ///
    /// # Errors
    /// Too many requests of this account or from this address are there.
    pub async fn enter_as(&self, user: &User, address: IpAddr) -> Result<[Slot; 2], Unavailable> {
        let account = self.accounts.enter(user.id.to_hex()).await.ok_or_else(busy)?;
        let address = self.addresses.enter(Network::of(address)).await.ok_or_else(busy)?;
        Ok([account, address])
    }
}
