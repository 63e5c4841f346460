//! The seal on the ticket: `s:<sid>.<signature>`, as `cookie-signature` writes it for Express.
//!
//! Signed is not encrypted: everybody can read the id, but only somebody with the secret can make
//! a value that passes. The wire encoding around it is in `cookie.rs`.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use subtle::ConstantTimeEq as _;

use super::sid::Sid;

/// The secrets of the application: the first signs, all verify, so that a new one can be put in
/// front without logging anybody out (express-session's `secret` given as an array).
#[derive(Clone)]
pub struct Secrets(Vec<String>);

/// A signature that held.
pub struct Verified {
    /// The id that was signed.
    pub sid: Sid,
    /// True when an older secret than the first made it: the answer carries a fresh signature.
    pub outdated: bool,
}

impl Secrets {
    /// `None` when there is no secret, or an empty one: an HMAC with an empty key protects nothing.
    pub fn new(secrets: Vec<String>) -> Option<Self> {
        let usable = !secrets.is_empty() && secrets.iter().all(|secret| !secret.is_empty());
        usable.then_some(Self(secrets))
    }

    /// The secrets as text, for the check at start that refuses short ones. Never printed.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// The plain cookie value for an id, signed with the first secret.
    pub fn sign(&self, sid: &Sid) -> String {
        format!("s:{}.{}", sid.as_str(), signature(&self.0[0], sid.as_str()))
    }

    /// The id in a plain cookie value, when one of the secrets signed it.
    ///
    /// The signatures are compared as text: decoding first would accept a value whose padding or
    /// spare bits were altered, and one session would have many valid cookies.
    pub fn verify(&self, value: &str) -> Option<Verified> {
        let (id, claimed) = value.strip_prefix("s:")?.rsplit_once('.')?;
        let sid = Sid::verified(id)?;
        let position = self.0.iter().position(|secret| {
            let expected = signature(secret, id);
            expected.as_bytes().ct_eq(claimed.as_bytes()).into()
        })?;
        Some(Verified { sid, outdated: position > 0 })
    }

    /// A seal over `message` for something that is no session cookie, with the first secret.
    ///
    /// Each `purpose` has a key of its own, derived from the secret: a seal made for one purpose is
    /// worth nothing for another, and no session cookie can be made of one.
    pub fn seal(&self, purpose: &str, message: &str) -> String {
        seal(&self.0[0], purpose, message)
    }

    /// Whether one of the secrets has made this seal.
    pub fn is_sealed(&self, purpose: &str, message: &str, claimed: &str) -> bool {
        let made = |secret: &String| seal(secret, purpose, message);
        self.0.iter().any(|secret| made(secret).as_bytes().ct_eq(claimed.as_bytes()).into())
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secrets({} of them)", self.0.len())
    }
}

fn signature(secret: &str, sid: &str) -> String {
    STANDARD_NO_PAD.encode(hmac(secret.as_bytes(), sid))
}

fn seal(secret: &str, purpose: &str, message: &str) -> String {
    let key = hmac(secret.as_bytes(), &format!("cloakroom {purpose}"));
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
    use super::*;

    fn secrets(list: &[&str]) -> Secrets {
        Secrets::new(list.iter().map(|s| (*s).to_owned()).collect()).unwrap()
    }

    #[test]
    fn the_vectors_sign_exactly() {
        let check = |secret: &str, sid: &str, expected: &str| {
            let sid = Sid::verified(sid).unwrap();
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
        let good = secrets(&["keyboard cat"]).sign(&Sid::verified("apple").unwrap());
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
        let sid = Sid::generate();
        let old = secrets(&["old"]).sign(&sid);
        let both = secrets(&["new", "old"]);
        assert!(both.verify(&old).unwrap().outdated);
        assert!(!both.verify(&both.sign(&sid)).unwrap().outdated);
        assert!(secrets(&["new"]).verify(&old).is_none(), "a removed secret is dead");
    }

    #[test]
    fn no_secret_and_an_empty_secret_are_refused() {
        assert!(Secrets::new(vec![]).is_none());
        assert!(Secrets::new(vec!["good".into(), String::new()]).is_none());
    }
}
