//! Options and store together: turns the cookie of a request into a [`Session`].
//!
//! A second engine with another cookie name and collection can stand beside the first; that is why
//! nothing here is global.

use std::sync::Arc;

use super::cookie;
use super::handle::{Session, Ticket};
use super::options::Options;
use super::store::Store;
use crate::db::Unavailable;

/// One kind of session: options and the store they live in.
pub struct Engine {
    pub(super) options: Options,
    pub(super) store: Arc<dyn Store>,
}

impl Engine {
    /// Shared by all requests, hence the `Arc`.
    pub fn new(options: Options, store: Arc<dyn Store>) -> Arc<Self> {
        Arc::new(Self { options, store })
    }

    /// The session that the `Cookie` headers name, or a new one.
    ///
    /// The store is asked only about an id whose signature held. An id that it does not know (any
    /// more) is not adopted: the new session gets a new one.
    ///
    /// # Errors
    /// The store does not answer: nobody knows whether there is a session.
    pub(super) async fn resume<'h>(
        self: &Arc<Self>,
        cookie_headers: impl Iterator<Item = &'h str>,
        https: bool,
    ) -> Result<Session, Unavailable> {
        let mut ticket = Ticket { https, ..Ticket::default() };
        let Some(value) = cookie::find(cookie_headers, &self.options.name) else {
            return Ok(Session::new(self.clone(), ticket));
        };
        ticket.bytes = self.options.name.len() + "=".len() + value.len();
        let Some(verified) = self.options.secret.verify(&cookie::decode(value)) else {
            return Ok(Session::new(self.clone(), ticket));
        };
        match self.store.load(&verified.sid).await? {
            None => Ok(Session::new(self.clone(), ticket)),
            Some(record) => {
                ticket.outdated_signature = verified.outdated;
                Ok(Session::loaded(self.clone(), ticket, verified.sid, record))
            }
        }
    }
}
