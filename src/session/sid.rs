//! The session id: the number on the ticket, and the `_id` of the document.
//!
//! An id comes from the operating system's generator, or from a cookie whose signature held
//! (`signature.rs`); there is no third way to get one. From here it goes to the store.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::TryRng as _;
use rand::rngs::SysRng;
use sha2::{Digest as _, Sha256};

/// Random bytes in an id. 24 is what express-session's `uid-safe` draws: 192 bits, far over the
/// 128 that OWASP ASVS 7.2.3 asks for, and it encodes to 32 characters without padding.
const RANDOM_BYTES: usize = 24;

/// How much of an id's digest makes a handle: 72 bits, in 12 characters.
const HANDLE_BYTES: usize = 9;

/// How much of an id may be shown: enough to tell two apart on a page, useless to an attacker.
const SHOWN: usize = 6;

/// A session id. Never empty; one made elsewhere (Express with its own `genid`) is kept as it is.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Sid(String);

impl Sid {
    /// A new id from the operating system's generator.
    ///
    /// # Panics
    /// When the system has no randomness to give: an id that can be guessed is worse than a 500.
    pub fn generate() -> Self {
        let mut bytes = [0; RANDOM_BYTES];
        SysRng.try_fill_bytes(&mut bytes).expect("the operating system gives random bytes");
        Self(URL_SAFE_NO_PAD.encode(bytes))
    }

    /// An id whose signature has been checked. `None` when it is empty: an empty sid is no sid.
    pub(super) fn verified(text: &str) -> Option<Self> {
        (!text.is_empty()).then(|| Self(text.to_owned()))
    }

    /// An id that the store holds.
    pub(super) fn stored(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// A name for the session that can stand on a page or in an address: it tells two apart, and
    /// nobody can go back from it to the id.
    pub fn handle(&self) -> String {
        URL_SAFE_NO_PAD.encode(&Sha256::digest(self.0.as_bytes())[..HANDLE_BYTES])
    }

    /// The whole id. For the store and the signature only: never for a log line or a page.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first six characters, which may be shown to the session's own browser.
    pub fn start(&self) -> String {
        self.0.chars().take(SHOWN).collect()
    }
}

/// Hand-written, so that no `{:?}` anywhere can print a whole id.
impl fmt::Debug for Sid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sid({}…)", self.start())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn a_hundred_thousand_ids_are_distinct_and_well_formed() {
        let ids: HashSet<Sid> = (0..100_000).map(|_| Sid::generate()).collect();
        assert_eq!(ids.len(), 100_000);
        for id in &ids {
            assert_eq!(id.as_str().len(), 32);
            let unreserved = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
            assert!(id.as_str().chars().all(unreserved));
        }
    }

    #[test]
    fn debug_never_prints_a_whole_id() {
        let sid = Sid::verified("owHENQ-the-rest-is-secret").unwrap();
        assert_eq!(format!("{sid:?}"), "Sid(owHENQ…)");
    }
}
