//! Passwords: the typed text, its hash, and the check of one against the other.
//!
//! A hash is stored as `$argon2id$v=19$m=…,t=…,p=…$salt$hash`, the PHC string format, which has the
//! parameters in it. The functions here block while they compute; `hasher.rs` runs them on threads of its
//! own. The rules for a new password are in `policy.rs`.

use std::fmt;

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash as Phc, Salt};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use precis_profiles::OpaqueString;
use precis_profiles::precis_core::profile::Rules as _;
use precis_profiles::precis_core::{DerivedPropertyValue, FreeformClass, StringClass as _};
use rand::TryRng as _;
use rand::rngs::SysRng;
use subtle::ConstantTimeEq as _;

/// The longest password in code points: long enough for any passphrase (ASVS 6.2.9 asks for at least 64).
pub const MAX_LENGTH: usize = 256;

/// The least that OWASP's Password Storage Cheat Sheet asks for: 19 MiB, two passes, one lane. More would
/// make attacks more expensive, and each login as well.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// The algorithm and the parameters of new hashes, as text for the X-ray.
pub(super) fn describe() -> String {
    format!("Argon2id, m={MEMORY_KIB} KiB, t={PASSES}, p={LANES}")
}

/// RFC 9106, section 3.1 recommends 16 bytes of salt.
const SALT_BYTES: usize = 16;

/// A stored hash that asks for more than this is not computed: a document must not be able to make a login
/// take 4 GiB or an hour.
const MAX_MEMORY_KIB: u32 = 64 * 1024;
const MAX_PASSES: u32 = 16;
const MAX_LANES: u32 = 8;

/// A password that a user typed. Cannot be printed.
#[derive(Clone)]
pub struct Password {
    typed: String,
    /// The normal form of RFC 8265 (`OpaqueString`): `é` is one code point, a space is U+0020. `None` for a
    /// text without a normal form, such as one with a control character.
    normal: Option<String>,
}

impl Password {
    /// A password as typed. `None` when it is longer than any password can be.
    pub fn typed(text: &str) -> Option<Self> {
        // One letter may be typed as several code points, which the normal form joins.
        if text.chars().count() > 4 * MAX_LENGTH {
            return None;
        }
        let normal = normal_form(text);
        let length = normal.as_deref().unwrap_or(text).chars().count();
        (length <= MAX_LENGTH).then(|| Self { typed: text.to_owned(), normal })
    }

    /// The normal form, from which new hashes are made. `None` for a text without one.
    pub(super) fn normal_form(&self) -> Option<&str> {
        self.normal.as_deref()
    }

    /// The forms that a stored hash can have been made from: the normal form, and the text as typed where it
    /// differs. Early versions of this program hashed passwords as typed.
    pub(super) fn forms(&self) -> impl Iterator<Item = Self> {
        let normal = self.normal.clone().filter(|normal| *normal != self.typed);
        let normal = normal.map(|text| Self { typed: text.clone(), normal: Some(text) });
        normal.into_iter().chain([Self { typed: self.typed.clone(), normal: None }])
    }

    /// Whether both are one password, in whichever form each was typed.
    pub fn is(&self, other: &Self) -> bool {
        self.as_bytes() == other.as_bytes()
    }

    /// The bytes that are hashed.
    pub(super) fn as_bytes(&self) -> &[u8] {
        self.normal.as_ref().unwrap_or(&self.typed).as_bytes()
    }
}

/// The `OpaqueString` of RFC 8265: spaces of any kind become U+0020, all else NFC.
///
/// The tables of `precis-profiles` end with Unicode 6.3, so code points that it does not know are accepted.
/// So are the joiners and variation selectors of emoji, which the keyboards of phones type.
fn normal_form(text: &str) -> Option<String> {
    let profile = OpaqueString::new();
    let mapped = profile.additional_mapping_rule(text).ok()?;
    let normal = profile.normalization_rule(mapped).ok()?.into_owned();
    let class = FreeformClass::default();
    let is_allowed = |c: char| match class.get_value_from_char(c) {
        DerivedPropertyValue::Disallowed => matches!(c, '\u{fe0e}' | '\u{fe0f}'),
        _ => true,
    };
    (!normal.is_empty() && normal.chars().all(is_allowed)).then_some(normal)
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

/// A password hash in PHC format. Cannot be printed: an attacker who has it can try passwords offline.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(String);

impl PasswordHash {
    /// A hash as it is in a document.
    pub fn stored(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// The text for a document.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(…)")
    }
}

/// The memory that Argon2 fills. It is reused while logins go on: with 19 MiB from the system for each, 40
/// logins at once took 5 GB.
pub(super) struct Buffer(Vec<Block>);

impl Buffer {
    pub(super) fn new() -> Self {
        Self(vec![Block::default(); MEMORY_KIB as usize])
    }
}

/// Hashes a password with a fresh salt. `None` when Argon2 or the random generator fails.
pub(super) fn hash(password: &Password, buffer: &mut Buffer) -> Option<PasswordHash> {
    let mut salt = [0; SALT_BYTES];
    SysRng.try_fill_bytes(&mut salt).ok()?;
    let params = Params::new(MEMORY_KIB, PASSES, LANES, Some(Params::DEFAULT_OUTPUT_LEN)).ok()?;
    let mut output = [0; Params::DEFAULT_OUTPUT_LEN];
    argon2id(&params, password, &salt, &mut output, buffer)?;
    let phc = Phc {
        algorithm: Algorithm::Argon2id.into(),
        version: Some(Version::V0x13.into()),
        params: ParamsString::try_from(&params).ok()?,
        salt: Some(Salt::new(&salt).ok()?),
        hash: Some(Output::new(&output).ok()?),
    };
    Some(PasswordHash(phc.to_string()))
}

/// Whether a hash has weaker parameters than a new one. Then it is replaced at the next login, when the
/// password is known.
pub(super) fn is_weak(stored: &PasswordHash) -> bool {
    let params = Phc::new(&stored.0).ok().and_then(|phc| Params::try_from(&phc).ok());
    params.is_none_or(|params| params.m_cost() < MEMORY_KIB || params.t_cost() < PASSES)
}

/// Whether `password` is the one that was hashed. `None` when the stored hash is garbage or has absurd
/// parameters: then no password matches it.
pub(super) fn matches(
    password: &Password,
    stored: &PasswordHash,
    buffer: &mut Buffer,
) -> Option<bool> {
    let phc = Phc::new(&stored.0).ok()?;
    if Algorithm::try_from(phc.algorithm.as_str()).ok()? != Algorithm::Argon2id {
        return None;
    }
    let params = Params::try_from(&phc).ok()?;
    let bounded = params.m_cost() <= MAX_MEMORY_KIB
        && params.t_cost() <= MAX_PASSES
        && params.p_cost() <= MAX_LANES;
    if !bounded {
        return None;
    }
    let (salt, expected) = (phc.salt?, phc.hash?);
    let mut output = vec![0; expected.len()];
    argon2id(&params, password, &salt, &mut output, buffer)?;
    Some(output.ct_eq(expected.as_bytes()).into())
}

fn argon2id(
    params: &Params,
    password: &Password,
    salt: &[u8],
    output: &mut [u8],
    buffer: &mut Buffer,
) -> Option<()> {
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone());
    let password = password.as_bytes();
    if params.block_count() <= buffer.0.len() {
        let blocks = &mut buffer.0[..params.block_count()];
        return argon2.hash_password_into_with_memory(password, salt, output, blocks).ok();
    }
    // Another program used more memory for this hash. `matches` has checked that it is not too much.
    let mut blocks = vec![Block::default(); params.block_count()];
    argon2.hash_password_into_with_memory(password, salt, output, &mut blocks).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(text: &str) -> Password {
        Password::typed(text).unwrap()
    }

    #[test]
    fn a_password_matches_its_own_hash_only() {
        let mut buffer = Buffer::new();
        let stored = hash(&typed("correct horse"), &mut buffer).unwrap();
        assert!(stored.as_str().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert_eq!(matches(&typed("correct horse"), &stored, &mut buffer), Some(true));
        assert_eq!(matches(&typed("correct horsf"), &stored, &mut buffer), Some(false));
        let again = hash(&typed("correct horse"), &mut buffer).unwrap();
        assert_ne!(stored, again, "a fresh salt each time");
    }

    #[test]
    fn the_normal_form_is_hashed_and_both_forms_are_tried() {
        let texts = |typed: &str| -> Vec<Vec<u8>> {
            let password = Password::typed(typed).unwrap();
            password.forms().map(|form| form.as_bytes().to_vec()).collect()
        };
        let (nfd, nfc) = ("Zoe\u{308} hangs\u{a0}up", "Zo\u{eb} hangs up");
        assert_eq!(typed(nfd).as_bytes(), nfc.as_bytes());
        assert_eq!(texts(nfd), [nfc.as_bytes(), nfd.as_bytes()]);
        // The Korean word for password, in syllables and in their letters.
        let (letters, syllables) = ("\u{1107}\u{1175}\u{1106}\u{1175}\u{11af}", "\u{be44}\u{bc00}");
        assert_eq!(typed(letters).normal_form(), Some(syllables));
        let kept =
            [nfc, "  spaces stay  ", "\u{1f469}\u{200d}\u{1f4bb}\u{2764}\u{fe0f}", "\u{1f9e5}"];
        for same in kept {
            assert_eq!(typed(same).normal_form(), Some(same));
            assert_eq!(texts(same), [same.as_bytes()], "{same:?}");
        }
        for none in ["tab\t", "", "zero\u{200b}width", "\u{202e}", "nul\0"] {
            assert_eq!(typed(none).normal_form(), None, "{none:?}");
            assert_eq!(texts(none), [none.as_bytes()], "{none:?}");
        }
    }

    #[test]
    fn a_hash_made_by_the_reference_implementation_is_accepted() {
        // argon2-cffi 25.1: hash_secret(b"correct horse", b"somesaltsomesalt", 3, 1024, 2, 24, ID)
        let stored = PasswordHash::stored(
            "$argon2id$v=19$m=1024,t=3,p=2$c29tZXNhbHRzb21lc2FsdA$GaQC7PeK34v/DTTgbaPrAPrFsrLqhblK",
        );
        assert_eq!(matches(&typed("correct horse"), &stored, &mut Buffer::new()), Some(true));
        assert_eq!(matches(&typed("Correct horse"), &stored, &mut Buffer::new()), Some(false));
    }

    #[test]
    fn a_hash_with_less_than_ours_is_weak() {
        let check = |params: &str, expected: bool| {
            let stored = format!("$argon2id$v=19${params}$c29tZXNhbHRzb21lc2FsdA$GaQC7PeK34v/DTTg");
            assert_eq!(is_weak(&PasswordHash::stored(&stored)), expected, "{params}");
        };
        check("m=19456,t=2,p=1", false);
        check("m=65536,t=3,p=4", false);
        check("m=4096,t=3,p=1", true);
        check("m=19456,t=1,p=1", true);
    }

    #[test]
    fn no_password_matches_garbage_or_absurd_parameters() {
        let tail = "$c29tZXNhbHRzb21lc2FsdA$0iw9kVXyLNmZLbX62HXmRP7Nck6lWFB2mrDm6uwgXQg";
        let started = std::time::Instant::now();
        for stored in [
            String::new(),
            "password".to_owned(),
            format!("$argon2id$v=19$m=4194304,t=2,p=1{tail}"),
            format!("$argon2id$v=19$m=19456,t=1000000,p=1{tail}"),
            format!("$argon2d$v=19$m=19456,t=2,p=1{tail}"),
            "$argon2id$v=19$m=19456,t=2,p=1".to_owned(),
            format!("$argon2id${}", "A".repeat(100_000)),
        ] {
            let stored = PasswordHash::stored(&stored);
            assert_eq!(matches(&typed("password"), &stored, &mut Buffer::new()), None);
        }
        assert!(started.elapsed().as_secs() < 10);
    }

    #[test]
    fn neither_can_be_printed() {
        let password = typed("hunter2 hunter2");
        assert_eq!(format!("{password:?}"), "Password(…)");
        assert_eq!(format!("{:?}", PasswordHash::stored("$argon2id$…")), "PasswordHash(…)");
    }
}
