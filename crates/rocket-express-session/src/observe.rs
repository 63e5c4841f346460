//! What the engine did during a request, for a log, a metric or a lesson.
//!
//! [`Builder::observe`](crate::Builder::observe) takes a function that is called for each [`Event`], on the
//! task of the request and in the order of the steps. It must be quick, and it must not print a whole
//! session ID: [`SessionId::prefix`] is for that.

use std::sync::Arc;
use std::time::Duration;

use crate::data::SessionData;
use crate::plan::Write;
use crate::signature::SessionId;
use crate::state::State;
use crate::store::RevokeReason;

/// A function that is called for each event.
pub(crate) type Observer = Arc<dyn Fn(&Event<'_>) + Send + Sync>;

/// One step of a session's way through a request.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event<'e> {
    /// The cookie was looked for, and its signature verified.
    #[non_exhaustive]
    CookieRead {
        /// The cookie's name.
        name: &'e str,
        /// Bytes of `name=value` as the browser sent it; 0 when it sent none.
        bytes: usize,
        /// The result of checking the cookie's signature.
        signature: Signature<'e>,
        /// How long that took.
        took: Duration,
    },
    /// The signature is genuine, and the store has a valid session of this ID.
    #[non_exhaustive]
    Loaded {
        /// The session's ID.
        id: &'e SessionId,
    },
    /// The signature is genuine, and the store has no valid session of this ID.
    #[non_exhaustive]
    Unknown {
        /// The ID in the cookie.
        id: &'e SessionId,
    },
    /// The handler asked why the session is unknown: it was revoked, for this reason.
    #[non_exhaustive]
    Revoked {
        /// Why.
        reason: &'e RevokeReason,
    },
    /// The store was called for this session.
    #[non_exhaustive]
    StoreCalled {
        /// The method of [`Store`](crate::store::Store), such as `load`.
        method: &'static str,
        /// The session's ID.
        id: &'e SessionId,
    },
    /// The session got a new ID.
    #[non_exhaustive]
    Regenerated {
        /// The ID of the stored session that it replaces.
        old: Option<&'e SessionId>,
        /// Its new ID.
        new: &'e SessionId,
    },
    /// The handler ended the session.
    Destroyed,
    /// The end of the request: what was done with the session.
    #[non_exhaustive]
    Committed {
        /// The cookie's name, which tells several kinds of sessions apart.
        name: &'e str,
        /// The operation on the stored session.
        write: Write,
        /// The session after the request.
        session: Committed<'e>,
    },
    /// The response sets the cookie of this session.
    #[non_exhaustive]
    CookieSent {
        /// The session's ID.
        id: &'e SessionId,
    },
}

/// The result of checking the signature of a request's cookie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Signature<'e> {
    /// The request has no cookie of the name.
    NoCookie,
    /// The value has no signature.
    Missing,
    /// No secret made the signature, or the value was altered.
    Wrong,
    /// Two cookies with different genuine IDs came: neither counts.
    Ambiguous,
    /// One of the secrets made the signature.
    #[non_exhaustive]
    Genuine {
        /// The ID that was signed.
        id: &'e SessionId,
        /// An older secret than the first signed it.
        is_outdated: bool,
    },
}

/// A session at the end of a request. [`data`](Self::data) is computed when asked for.
#[derive(Clone, Copy)]
pub struct Committed<'e>(pub(crate) &'e State);

impl Committed<'_> {
    /// The data of the session.
    pub fn data(self) -> SessionData {
        self.0.data()
    }
}

/// Written by hand: what a session holds is for no log.
impl std::fmt::Debug for Committed<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Committed(…)")
    }
}
