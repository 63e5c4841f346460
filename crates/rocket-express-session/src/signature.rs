//! The value of the cookie: a session ID and its signature, `s:<id>.<signature>`.
//!
//! In a request, an ID comes from the operating system's generator or from a cookie with a genuine signature.
//! No request can name an ID in another way. Signed is not encrypted: anyone can read the ID, but only a
//! program with the secret can make a value that passes. Express's `cookie-signature` writes the same.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use rand::TryRng as _;
use rand::rngs::SysRng;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

/// Random bytes in an ID. 24 is what express-session's `uid-safe` draws: 192 bits, far over the
/// 128 that OWASP ASVS 7.2.3 asks for, and it encodes to 32 characters without padding.
const RANDOM_BYTES: usize = 24;

/// How much of an ID's digest makes a handle: 72 bits, in 12 characters.
const HANDLE_BYTES: usize = 9;

/// How much of an ID may be shown: enough to tell two apart on a page, useless to an attacker.
const SHOWN: usize = 6;

/// A session ID, express-session's `req.sessionID`.
///
/// Ours have 32 characters: 192 random bits in base64url. An ID that another program made (Express with
/// a `genid` of its own) may be any text that is not empty. `Debug` prints the first characters only,
/// because a request with the whole ID and its signature has the session.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct SessionId(String);

impl SessionId {
    /// A new ID from the operating system's generator.
    ///
    /// # Panics
    /// When the system has no randomness to give: an ID that can be guessed is worse than a 500.
    pub fn generate() -> Self {
        let mut bytes = [0; RANDOM_BYTES];
        SysRng.try_fill_bytes(&mut bytes).expect("the operating system gives random bytes");
        Self(URL_SAFE_NO_PAD.encode(bytes))
    }

    /// An ID whose signature has been checked. `None` when it is empty.
    pub(crate) fn verified(text: &str) -> Option<Self> {
        (!text.is_empty()).then(|| Self(text.to_owned()))
    }

    /// An ID that a store holds, for the lists of a [`Registry`](crate::store::Registry).
    pub fn stored(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// A name for the session that may stand on a page or in an address: 12 characters of a digest,
    /// from which the ID cannot be computed.
    pub fn handle(&self) -> String {
        URL_SAFE_NO_PAD.encode(&Sha256::digest(self.0.as_bytes())[..HANDLE_BYTES])
    }

    /// The whole ID, for a store. Never for a log line or a page.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first six characters, which may be shown to the session's own browser.
    pub fn prefix(&self) -> String {
        self.0.chars().take(SHOWN).collect()
    }
}

/// Written by hand, so that no `{:?}` prints a whole ID.
impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SessionId({}…)", self.prefix())
    }
}

/// The secrets that sign the cookie, express-session's `secret`: the first signs, all verify.
///
/// To rotate, put a new secret in front and keep the old one behind it until its cookies have expired.
/// No user is logged out: a cookie with an old signature is signed again in the next response. `Debug`
/// prints the number of secrets only.
///
/// ```
/// use rocket_express_session::Secrets;
///
/// let secrets = Secrets::new(["the new secret".to_owned(), "the old secret".to_owned()]).unwrap();
/// assert!(Secrets::new([String::new()]).is_none(), "an empty key protects nothing");
/// # assert_eq!(secrets.iter().count(), 2);
/// ```
#[derive(Clone, Default)]
pub struct Secrets(Vec<String>);

/// The ID of a genuine cookie.
#[derive(Debug)]
#[non_exhaustive]
pub struct Verified {
    /// The ID that was signed.
    pub id: SessionId,
    /// An older secret than the first signed it.
    pub is_outdated: bool,
}

impl Secrets {
    /// The secrets, the newest first. `None` when there is none, or one of them is empty.
    pub fn new(secrets: impl IntoIterator<Item = String>) -> Option<Self> {
        let secrets: Vec<String> = secrets.into_iter().collect();
        let usable = !secrets.is_empty() && secrets.iter().all(|secret| !secret.is_empty());
        usable.then_some(Self(secrets))
    }

    /// The secrets as text, for a check at the start that refuses short ones. Never for a log.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// The plain value of the cookie for an ID, signed with the first secret.
    pub fn sign(&self, id: &SessionId) -> String {
        let first = self.0.first().map_or("", String::as_str);
        format!("s:{}.{}", id.as_str(), signature(first, id.as_str()))
    }

    /// The ID in a plain cookie value, if one of the secrets signed it.
    ///
    /// The signatures are compared as text: decoding first would accept a value whose padding or
    /// spare bits were altered, and one session would have many valid cookies.
    pub fn verify(&self, value: &str) -> Option<Verified> {
        let (text, claimed) = value.strip_prefix("s:")?.rsplit_once('.')?;
        let id = SessionId::verified(text)?;
        let position = self.0.iter().position(|secret| {
            let expected = signature(secret, text);
            expected.as_bytes().ct_eq(claimed.as_bytes()).into()
        })?;
        Some(Verified { id, is_outdated: position > 0 })
    }
}

/// Signatures for something else of the app, such as a device cookie or a link in a mail.
///
/// Each `purpose` has a key of its own, derived from the secret. A signature for one purpose is worth nothing
/// for another, and none of them makes a session cookie.
///
/// ```
/// # use rocket_express_session::Secrets;
/// let secrets = Secrets::new(["a long random text".to_owned()]).unwrap();
/// let signature = secrets.sign_for("my app: unsubscribe", "rosa@example.org");
/// assert!(secrets.verify_for("my app: unsubscribe", "rosa@example.org", &signature));
/// assert!(!secrets.verify_for("my app: log in", "rosa@example.org", &signature));
/// ```
impl Secrets {
    /// A signature over `message`, with the first secret, in base64url.
    pub fn sign_for(&self, purpose: &str, message: &str) -> String {
        sign_for(self.0.first().map_or("", String::as_str), purpose, message)
    }

    /// Whether one of the secrets made this signature.
    pub fn verify_for(&self, purpose: &str, message: &str, signature: &str) -> bool {
        let expected = |secret: &String| sign_for(secret, purpose, message);
        let is_by = |secret| expected(secret).as_bytes().ct_eq(signature.as_bytes()).into();
        self.0.iter().any(is_by)
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secrets({} of them)", self.0.len())
    }
}

fn signature(secret: &str, id: &str) -> String {
    STANDARD_NO_PAD.encode(hmac(secret.as_bytes(), id))
}

fn sign_for(secret: &str, purpose: &str, message: &str) -> String {
    let key = hmac(secret.as_bytes(), purpose);
    URL_SAFE_NO_PAD.encode(hmac(&key, message))
}

fn hmac(key: &[u8], message: &str) -> [u8; 32] {
    let mut mac =
        Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length (RFC 2104)");
    mac.update(message.as_bytes());
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn a_hundred_thousand_ids_are_distinct_and_well_formed() {
        let ids: HashSet<SessionId> = (0..100_000).map(|_| SessionId::generate()).collect();
        assert_eq!(ids.len(), 100_000);
        for id in &ids {
            assert_eq!(id.as_str().len(), 32);
            let unreserved = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
            assert!(id.as_str().chars().all(unreserved));
        }
    }

    #[test]
    fn debug_never_prints_a_whole_id() {
        let sid = SessionId::verified("owHENQ-the-rest-is-secret").unwrap();
        assert_eq!(format!("{sid:?}"), "SessionId(owHENQ…)");
    }

    fn secrets(list: &[&str]) -> Secrets {
        Secrets::new(list.iter().map(|s| (*s).to_owned())).unwrap()
    }

    #[test]
    fn the_vectors_sign_exactly() {
        let check = |secret: &str, sid: &str, expected: &str| {
            let sid = SessionId::verified(sid).unwrap();
            assert_eq!(secrets(&[secret]).sign(&sid), expected);
        };
        check("keyboard cat", "apple", "s:apple.D8Y+pkTAmeR0PobOhY4G97PRW+j7bUnP/5m6/On1MCU");
        check("keyboard cat", "%", "s:%.kzQ6x52kKVdF35Qh62AWk4ZekS28K5XYCXKa/OTZ01g");
        check(
            "some secret",
            "tutorialSidExample_-0123456789AB",
            "s:tutorialSidExample_-0123456789AB.PIq2b2hyJedIs3M4USjmEcsTqZCSPhd4PRmkS04eBUQ",
        );
    }

    #[test]
    fn anything_altered_is_refused() {
        let good = secrets(&["keyboard cat"]).sign(&SessionId::verified("apple").unwrap());
        assert!(secrets(&["keyboard cat"]).verify(&good).is_some());
        let bad = [
            good.replace("apple", "Apple"),
            good.replace("D8Y", "D8Z"),
            good.replace("s:", ""),
            good.replace('.', ""),
            format!("{good}="),
            format!("{good} "),
            // The last character carries two spare bits: U and V decode to the same bytes.
            good.replace("MCU", "MCV"),
            String::new(),
            "s:".to_owned(),
            "s:.".to_owned(),
        ];
        for value in bad {
            assert!(secrets(&["keyboard cat"]).verify(&value).is_none(), "{value}");
        }
    }

    #[test]
    fn an_empty_sid_is_no_sid_even_when_well_signed() {
        let value = format!("s:.{}", signature("keyboard cat", ""));
        assert!(secrets(&["keyboard cat"]).verify(&value).is_none());
    }

    #[test]
    fn the_first_secret_signs_and_all_verify() {
        let sid = SessionId::generate();
        let old = secrets(&["old"]).sign(&sid);
        let both = secrets(&["new", "old"]);
        assert!(both.verify(&old).unwrap().is_outdated);
        assert!(!both.verify(&both.sign(&sid)).unwrap().is_outdated);
        assert!(secrets(&["new"]).verify(&old).is_none(), "a removed secret is dead");
    }

    #[test]
    fn no_secret_and_an_empty_secret_are_refused() {
        assert!(Secrets::new([]).is_none());
        assert!(Secrets::new(["good".into(), String::new()]).is_none());
    }
}
