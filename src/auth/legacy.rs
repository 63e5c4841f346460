//! Passwords of the Express tutorial: pbkdf2 with SHA-512, 10,000 rounds, a salt of 32 bytes.
//!
//! Such accounts log in here, too, and get an Argon2id hash instead the first time they do
//! (`strategy.rs`): OWASP asks for 210,000 rounds today, and no rounds cost an attacker memory.

use std::fmt;

use sha2::Sha512;
use subtle::ConstantTimeEq as _;

use super::password::Password;

/// The tutorial's number; its `crypto.pbkdf2Sync(password, salt, 10000, 64, 'sha512')`.
const ROUNDS: u32 = 10_000;

/// Bytes of the hash, written as twice as many hex digits.
const LENGTH: usize = 64;

/// `hash` and `salt` as the tutorial stores them, both in hex. Cannot be printed.
#[derive(Clone, PartialEq, Eq)]
pub struct TutorialHash {
    /// 128 hex digits.
    pub hash: String,
    /// Hex digits as well, but hashed as the text they are, because the tutorial hands over a
    /// string.
    pub salt: String,
}

impl TutorialHash {
    /// Whether `password` is the one that was hashed. An empty hash is nobody's.
    pub fn matches(&self, password: &Password) -> bool {
        let mut output = [0; LENGTH];
        let salt = self.salt.as_bytes();
        pbkdf2::pbkdf2_hmac::<Sha512>(password.as_bytes(), salt, ROUNDS, &mut output);
        let hex: String = output.iter().map(|byte| format!("{byte:02x}")).collect();
        hex.as_bytes().ct_eq(self.hash.as_bytes()).into()
    }
}

impl fmt::Debug for TutorialHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TutorialHash(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_vector_of_the_tutorial_matches() {
        let salt = "00112233445566778899aabbccddeeff".repeat(2);
        let hash = "b1bc49ea356b8a7e9c06b09768fdd63d8b135d3432a49bf21574865d5f778b6a487205a272f6abc1730c24484d15ef1766c61580b06d6c1fea32c0571036fc4d";
        let stored = TutorialHash { hash: hash.to_owned(), salt };
        assert!(stored.matches(&Password::typed("hunter2").unwrap()));
        assert!(!stored.matches(&Password::typed("hunter3").unwrap()));
        let empty = TutorialHash { hash: String::new(), salt: String::new() };
        assert!(!empty.matches(&Password::typed("").unwrap()));
    }
}
