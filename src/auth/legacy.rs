//! Password hashes of Express apps: those of the tutorial, of passport-local-mongoose, and bcrypt.
//!
//! Users whose account has such a hash can log in here too. At their first login it is replaced by an
//! Argon2id hash (`strategy.rs`), because OWASP asks for 210,000 rounds of pbkdf2 today, and no number of
//! rounds costs an attacker memory. With a scrypt hash, each password is rejected: Node's `crypto.scrypt`
//! leaves it to each app how to write down parameters and salt, so the hash does not say how to check it.

use std::fmt;

use sha2::{Sha256, Sha512};
use subtle::ConstantTimeEq as _;

use super::password::Password;

/// The tutorial's `crypto.pbkdf2Sync(password, salt, 10000, 64, 'sha512')`, in hex digits.
const TUTORIAL_DIGITS: usize = 2 * 64;
const TUTORIAL_ROUNDS: u32 = 10_000;

/// The defaults of passport-local-mongoose 4 to 9: 512 bytes of SHA-256.
const PLUGIN_DIGITS: usize = 2 * 512;
const PLUGIN_ROUNDS: u32 = 25_000;

/// The bytes of a plugin's hash that are compared: the first block of pbkdf2 with SHA-256. The plugin
/// computes 16 blocks, each with all the rounds. One block is enough: an attacker would not compute the
/// others either.
const PLUGIN_COMPARED: usize = 32;

/// A bcrypt hash with a higher cost is not computed. Each step doubles the time: Node's bcrypt has 10 by
/// default, and 13 takes half a second.
const MAX_BCRYPT_COST: u32 = 13;

/// A hash that another program stored. Cannot be printed.
#[derive(Clone, PartialEq, Eq)]
pub enum LegacyHash {
    /// A hash of pbkdf2. Its length tells which program made it.
    Pbkdf2 {
        /// In hex digits.
        hash: String,
        /// In hex digits. Both programs hash this text, not the bytes that it stands for.
        salt: String,
    },
    /// A hash of bcrypt.
    Bcrypt {
        /// `$2b$10$…`, with its own cost and salt.
        hash: String,
        /// The field of the document that has the hash.
        field: &'static str,
    },
}

impl LegacyHash {
    /// The hash in the fields of a document. `None` when there is none of a kind that we know.
    pub fn read<'d>(text: impl Fn(&'static str) -> Option<&'d str>) -> Option<Self> {
        let bcrypt = ["password", "hash"].into_iter().find_map(|field| {
            let hash = text(field).filter(|hash| is_bcrypt(hash))?.to_owned();
            Some(Self::Bcrypt { hash, field })
        });
        bcrypt.or_else(|| {
            let hash = text("hash").filter(|hash| is_pbkdf2(hash))?.to_owned();
            Some(Self::Pbkdf2 { hash, salt: text("salt")?.to_owned() })
        })
    }

    /// The text of the hash.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Pbkdf2 { hash, .. } | Self::Bcrypt { hash, .. } => hash,
        }
    }

    /// Whether `password` is the one that was hashed. `None` when the hash cannot be checked.
    pub fn matches(&self, password: &Password) -> Option<bool> {
        match self {
            Self::Pbkdf2 { hash, salt } => pbkdf2_matches(password, hash, salt),
            Self::Bcrypt { hash, .. } => bcrypt_matches(password, hash),
        }
    }
}

fn pbkdf2_matches(password: &Password, hash: &str, salt: &str) -> Option<bool> {
    let (password, salt) = (password.as_bytes(), salt.as_bytes());
    let computed = match hash.len() {
        TUTORIAL_DIGITS => {
            let mut output = [0; TUTORIAL_DIGITS / 2];
            pbkdf2::pbkdf2_hmac::<Sha512>(password, salt, TUTORIAL_ROUNDS, &mut output);
            hex(&output)
        }
        PLUGIN_DIGITS => {
            let mut output = [0; PLUGIN_COMPARED];
            pbkdf2::pbkdf2_hmac::<Sha256>(password, salt, PLUGIN_ROUNDS, &mut output);
            hex(&output)
        }
        _ => return None,
    };
    let stored = hash.get(..computed.len())?;
    Some(computed.as_bytes().ct_eq(stored.as_bytes()).into())
}

/// Lower-case hex digits, as Node writes them.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn is_pbkdf2(hash: &str) -> bool {
    let is_hex = hash.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_hex && [TUTORIAL_DIGITS, PLUGIN_DIGITS].contains(&hash.len())
}

fn is_bcrypt(hash: &str) -> bool {
    ["$2a$", "$2b$", "$2y$"].iter().any(|prefix| hash.starts_with(prefix))
}

/// bcrypt uses the first 72 bytes of the password only, here as in those apps.
fn bcrypt_matches(password: &Password, hash: &str) -> Option<bool> {
    let parts: bcrypt::HashParts = hash.parse().ok()?;
    if parts.get_cost() > MAX_BCRYPT_COST {
        return None;
    }
    bcrypt::verify(password.as_bytes(), hash).ok()
}

impl fmt::Debug for LegacyHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LegacyHash(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(hash: &LegacyHash, typed: &str, expected: Option<bool>) {
        assert_eq!(hash.matches(&Password::typed(typed).unwrap()), expected, "{typed}");
    }

    #[test]
    fn the_vector_of_the_tutorial_matches() {
        let salt = "00112233445566778899aabbccddeeff".repeat(2);
        let hash = "b1bc49ea356b8a7e9c06b09768fdd63d8b135d3432a49bf21574865d5f778b6a487205a272f6abc1730c24484d15ef1766c61580b06d6c1fea32c0571036fc4d";
        let stored = LegacyHash::Pbkdf2 { hash: hash.to_owned(), salt };
        check(&stored, "hunter2", Some(true));
        check(&stored, "hunter3", Some(false));
    }

    #[test]
    fn a_hash_of_an_unknown_kind_is_not_checked() {
        for hash in ["", "ab", &"a".repeat(127), &"é".repeat(64), "$scrypt$ln=17,r=8,p=1$c2$aGFzaA"]
        {
            let stored = LegacyHash::Pbkdf2 { hash: hash.to_owned(), salt: String::new() };
            check(&stored, "hunter2", if hash.len() == 128 { Some(false) } else { None });
        }
    }

    #[test]
    fn bcrypt_is_checked_in_each_of_its_versions_and_within_bounds() {
        // Made by Node's bcryptjs 3: hashSync("hunter2", 10).
        let hash = "$2b$10$rOBHTzdOUjsuBszL896hEOerewe7n7H0T880gREhdOp4sA27JS.5u";
        for version in ["2a", "2b", "2y"] {
            let hash = format!("${version}{}", &hash[3..]);
            let stored = LegacyHash::Bcrypt { hash, field: "password" };
            check(&stored, "hunter2", Some(true));
            check(&stored, "hunter3", Some(false));
        }
        for broken in [&hash[..59], &hash.replace("$10$", "$14$"), &hash.replace("$10$", "$31$")] {
            let stored = LegacyHash::Bcrypt { hash: broken.to_owned(), field: "password" };
            check(&stored, "hunter2", None);
        }
    }

    #[test]
    fn the_fields_of_a_document_say_what_kind_of_hash_it_is() {
        let bcrypt = "$2b$10$abcdefghijklmnopqrstuu5Lq1xmMLYvV1b3OJd0jzyMxa1cl3Zxu";
        let read = |fields: &[(&str, &str)]| {
            LegacyHash::read(|name| fields.iter().find(|(field, _)| *field == name).map(|f| f.1))
        };
        let is_in = |hash: Option<LegacyHash>, expected: &str| matches!(hash, Some(LegacyHash::Bcrypt { field, .. }) if field == expected);
        assert!(is_in(read(&[("password", bcrypt)]), "password"));
        assert!(is_in(read(&[("hash", bcrypt), ("salt", "")]), "hash"));
        for digits in ["ab".repeat(64), "ab".repeat(512)] {
            let pbkdf2 = read(&[("hash", &digits), ("salt", "cd")]);
            assert!(matches!(pbkdf2, Some(LegacyHash::Pbkdf2 { .. })));
            assert!(read(&[("hash", &digits)]).is_none());
        }
        let other = "xy".repeat(64);
        assert!(read(&[("hash", "ab"), ("salt", "cd")]).is_none());
        assert!(read(&[("hash", &other), ("salt", "cd")]).is_none());
        assert!(read(&[("password", "plain")]).is_none());
    }
}
