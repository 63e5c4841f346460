//! Options and store together: turns the cookie of a request into a [`Session`].
//!
//! A second engine with another cookie name and collection can stand beside the first; that is why
//! nothing here is global.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;

use rocket::tokio::sync::{Mutex, MutexGuard};

use super::cookie;
use super::handle::Session;
use super::options::Options;
use super::sid::Sid;
use super::state::Ticket;
use super::store::{Record, Store};
use super::timestamp::Timestamp;
use crate::db::{Unavailable, in_time};

/// One kind of session: options and the store they live in.
pub struct Engine {
    pub(super) options: Options,
    pub(super) store: Arc<dyn Store>,
    /// Where the saves of one session stand in line. See [`Engine::line`].
    lines: Vec<Mutex<()>>,
}

/// Lines for saves. Two sessions in one line wait for each other now and then, no more.
const LINES: usize = 64;

impl Engine {
    /// Shared by all requests, hence the `Arc`.
    pub fn new(options: Options, store: Arc<dyn Store>) -> Arc<Self> {
        let lines = (0..LINES).map(|_| Mutex::new(())).collect();
        Arc::new(Self { options, store, lines })
    }

    /// The moment that no activity moves the end of a session past. Documents that Express made do
    /// not say when they began; they have none.
    pub(super) fn absolute_end(&self, created: Option<Timestamp>) -> Option<Timestamp> {
        created.map(|created| created.plus(self.options.absolute_timeout))
    }

    fn is_over(&self, record: &Record) -> bool {
        self.absolute_end(record.created).is_some_and(|end| end <= Timestamp::now())
    }

    /// A turn to save this session. Compare-and-swap alone would be right as well, but when many
    /// requests of one browser save at once, each try lets only one of them through. In line,
    /// each needs two tries at most, and only other instances are left to compete with.
    ///
    /// # Errors
    /// Those in front take too long.
    pub(super) async fn line(&self, sid: &Sid) -> Result<MutexGuard<'_, ()>, Unavailable> {
        let mut hasher = DefaultHasher::new();
        sid.hash(&mut hasher);
        let number = usize::try_from(hasher.finish() % LINES as u64).unwrap_or(0);
        in_time(self.lines[number].lock()).await
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
        path: &str,
        https: bool,
    ) -> Result<Session, Unavailable> {
        let in_path = cookie::path_matches(path, &self.options.cookie.path);
        let mut ticket = Ticket { https, in_path, ..Ticket::default() };
        let Some(value) = cookie::find(cookie_headers, &self.options.name) else {
            return Ok(Session::new(self.clone(), ticket));
        };
        ticket.bytes = self.options.name.len() + "=".len() + value.len();
        let Some(verified) = self.options.secret.verify(&cookie::decode(value)) else {
            return Ok(Session::new(self.clone(), ticket));
        };
        match self.store.load(&verified.sid).await? {
            None => Ok(Session::new(self.clone(), ticket)),
            // An Express app moves the end without regard to ours.
            Some(record) if self.is_over(&record) => Ok(Session::new(self.clone(), ticket)),
            Some(record) => {
                ticket.outdated_signature = verified.outdated;
                Ok(Session::loaded(self.clone(), ticket, verified.sid, record))
            }
        }
    }
}
