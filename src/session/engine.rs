//! Options and store together: turns the cookie of a request into a [`Session`].
//!
//! Called by `guard.rs`; asks `cookie.rs`, `signature.rs` and the store, in this order.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rocket::tokio::sync::{Mutex, MutexGuard};

use super::cookie;
use super::expiry::Expiry;
use super::handle::Session;
use super::options::Options;
use super::sid::Sid;
use super::signature::Verified;
use super::state::Ticket;
use super::store::{Record, Store};
use super::timestamp::Timestamp;
use crate::db::{Unavailable, in_time};
use crate::trace::{self, Seal, Step};

/// One kind of session: options and the store they live in.
pub struct Engine {
    pub(super) options: Options,
    pub(super) store: Arc<dyn Store>,
    /// See [`Engine::save_lock`].
    save_locks: Vec<Mutex<()>>,
}

/// What else of a request matters to its session.
pub(super) struct Circumstances<'r> {
    pub path: &'r str,
    /// The request came over https.
    pub https: bool,
    pub user_agent: Option<&'r str>,
}

/// The cookies of our name in a request.
struct Presented {
    /// Of the value that counts, or of the first; `None`: no cookie has the name.
    length: Option<usize>,
    /// One of them looks as if it was signed.
    is_signed: bool,
    genuine: Genuine,
}

enum Genuine {
    None,
    One(Verified),
    /// With different IDs: the first two.
    Several([Sid; 2]),
}

/// Enough characters to tell a browser by; a header may be as long as it likes.
const USER_AGENT_KEPT: usize = 256;

/// Two sessions that share a lock wait for each other now and then, no more.
const SAVE_LOCKS: usize = 64;

/// A turn to save a session; ends when dropped.
pub(super) struct Turn<'e> {
    /// Somebody else had the turn before.
    pub waited: bool,
    _guard: MutexGuard<'e, ()>,
}

impl Engine {
    /// Shared by all requests, hence the `Arc`.
    pub fn new(options: Options, store: Arc<dyn Store>) -> Arc<Self> {
        let save_locks = (0..SAVE_LOCKS).map(|_| Mutex::new(())).collect();
        Arc::new(Self { options, store, save_locks })
    }

    /// A turn to save this session. Compare-and-swap alone would be right as well, but when many
    /// requests of one browser save at once, each try lets only one of them through. One after
    /// the other, they have only other instances left to compete with.
    ///
    /// # Errors
    /// Those in front take too long.
    pub(super) async fn save_lock(&self, sid: &Sid) -> Result<Turn<'_>, Unavailable> {
        let mut hasher = DefaultHasher::new();
        sid.hash(&mut hasher);
        let number = usize::try_from(hasher.finish() % SAVE_LOCKS as u64).unwrap_or(0);
        let lock = &self.save_locks[number];
        if let Ok(guard) = lock.try_lock() {
            return Ok(Turn { waited: false, _guard: guard });
        }
        let guard = in_time(lock.lock()).await?;
        Ok(Turn { waited: true, _guard: guard })
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
        from: Circumstances<'_>,
    ) -> Result<Session, Unavailable> {
        let mut ticket = self.ticket(&from);
        let begun = Instant::now();
        let presented = self.presented(cookie_headers);
        ticket.bytes = presented.length.map_or(0, |length| self.options.name.len() + 1 + length);
        let (seal, verified) = match presented.genuine {
            Genuine::One(verified) => {
                let (sid, outdated) = (trace::start(verified.sid.as_str()), verified.outdated);
                (Seal::Genuine { sid, outdated }, Some(verified))
            }
            Genuine::Several(sids) => {
                log::warn!(
                    "a request came with two different genuine session cookies: neither counts"
                );
                ticket.ambiguous = sids.into();
                (Seal::Several, None)
            }
            Genuine::None if presented.length.is_none() => (Seal::None, None),
            Genuine::None if presented.is_signed => (Seal::Broken, None),
            Genuine::None => (Seal::Missing, None),
        };
        self.note(&ticket, seal, begun.elapsed());
        let Some(verified) = verified else { return Ok(Session::new(self.clone(), ticket)) };
        match self.store.load(&verified.sid).await? {
            Some(record) if !self.is_over(&record) => {
                ticket.outdated_signature = verified.outdated;
                Ok(Session::loaded(self.clone(), ticket, verified.sid, record))
            }
            _ => {
                trace::note(|| Step::Lost { sid: trace::start(verified.sid.as_str()) });
                ticket.lost = Some(verified.sid);
                Ok(Session::new(self.clone(), ticket))
            }
        }
    }

    /// The ID that the `Cookie` headers name, if its signature is genuine.
    pub(super) fn presented_id<'h>(
        &self,
        cookie_headers: impl Iterator<Item = &'h str>,
    ) -> Option<Sid> {
        match self.presented(cookie_headers).genuine {
            Genuine::One(verified) => Some(verified.sid),
            Genuine::None | Genuine::Several(_) => None,
        }
    }

    /// What the cookies of our name are worth. The first with a genuine signature counts: what stands
    /// before it may have been left by another program. Two different genuine ones are no session,
    /// because another host of the site's domain can have set one of them (session fixation).
    fn presented<'h>(&self, cookie_headers: impl Iterator<Item = &'h str>) -> Presented {
        let mut presented = Presented { length: None, is_signed: false, genuine: Genuine::None };
        for value in cookie::find_all(cookie_headers, &self.options.name) {
            let verified = self.options.secret.verify(&cookie::decode(value));
            presented.genuine = match (presented.genuine, verified) {
                (Genuine::One(first), Some(other)) if first.sid != other.sid => {
                    Genuine::Several([first.sid, other.sid])
                }
                (Genuine::None, Some(verified)) => {
                    presented.length = Some(value.len());
                    Genuine::One(verified)
                }
                (genuine, _) => genuine,
            };
            presented.length.get_or_insert(value.len());
            presented.is_signed |= is_sealed(value);
        }
        presented
    }

    /// A new session, whatever cookie came.
    pub(super) fn begin(self: &Arc<Self>, from: Circumstances<'_>) -> Session {
        Session::new(self.clone(), self.ticket(&from))
    }

    /// Whether a valid session is kept for this cookie's value.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn keeps(&self, value: &str) -> Result<bool, Unavailable> {
        let Some(verified) = self.options.secret.verify(&cookie::decode(value)) else {
            return Ok(false);
        };
        let record = self.store.load(&verified.sid).await?;
        Ok(record.is_some_and(|record| !self.is_over(&record)))
    }

    fn ticket(&self, from: &Circumstances<'_>) -> Ticket {
        let in_path = cookie::path_matches(from.path, &self.options.cookie.path);
        let user_agent = from.user_agent.map(|text| text.chars().take(USER_AGENT_KEPT).collect());
        Ticket { https: from.https, in_path, user_agent, ..Ticket::default() }
    }

    fn note(&self, ticket: &Ticket, seal: Seal, took: Duration) {
        trace::note(|| Step::Ticket {
            name: self.options.name.clone(),
            bytes: ticket.bytes,
            seal,
            took,
        });
    }

    pub(super) fn is_over(&self, record: &Record) -> bool {
        let (options, now) = (&self.options, Timestamp::now());
        Expiry { options, record: Some(record), now }.is_over()
    }
}

/// Whether it looks like `s:` number `.` signature, whatever that is worth.
fn is_sealed(value: &str) -> bool {
    cookie::decode(value).strip_prefix("s:").is_some_and(|value| value.contains('.'))
}
