//! The names of accounts: a [`Username`] is for a new account, a [`TypedName`] finds an existing one.
//!
//! RFC 8265 says which spellings are one name: `Alice`, `alice` and full-width `ＡＬＩＣＥ` are. Accounts of other
//! programs may have names that break the rules of this file (`jo`, `Max Mustermann`).

use std::borrow::Cow;

use precis_profiles::precis_core::profile::Profile as _;
use precis_profiles::{UsernameCaseMapped, UsernameCasePreserved};
use unicode_security::{MixedScript as _, RestrictionLevel, RestrictionLevelDetection as _};

/// The least number of characters: shorter names are too easily mistaken for each other.
pub const MIN_LENGTH: usize = 3;

/// The largest number of characters: longer names do not fit a line of the class's list.
pub const MAX_LENGTH: usize = 32;

/// A username in normal form, and the key by which it is compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Username {
    shown: String,
    key: String,
}

/// Why a text cannot be the name of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "each variant's message says what it is")]
pub enum UsernameError {
    #[error("Enter a username.")]
    Empty,
    #[error("That username is too short. Use at least {MIN_LENGTH} characters.")]
    TooShort,
    #[error("That username is too long. Use at most {MAX_LENGTH} characters.")]
    TooLong,
    /// The character that is not allowed, if it is a single one.
    #[error("Usernames can't contain {}. Use letters, digits and signs such as . - _", describe(*.0))]
    NotAllowed(Option<char>),
    #[error("Use letters from one alphabet only. Otherwise one name could pass for another.")]
    MixedAlphabets,
    #[error(
        "That username is reserved for the people who run this site, or looks like one that is. \
         Choose another one."
    )]
    Reserved,
}

impl Username {
    /// Checks a name as it was typed. White space around it is removed, because the keyboards of phones add a
    /// space. The length counts in Unicode code points, after normalisation.
    ///
    /// # Errors
    /// [`UsernameError`], whose message is for the form.
    pub fn parse(typed: &str) -> Result<Self, UsernameError> {
        let typed = typed.trim();
        if typed.is_empty() {
            return Err(UsernameError::Empty);
        }
        // Checked before the normal form is computed: a form may have a megabyte.
        if typed.len() > MAX_LENGTH * 8 {
            return Err(UsernameError::TooLong);
        }
        let shown = UsernameCasePreserved::new().enforce(typed);
        let (Ok(shown), Some(key)) = (shown, case_mapped(typed)) else {
            return Err(UsernameError::NotAllowed(typed.chars().find(|c| !is_allowed(*c))));
        };
        match shown.chars().count() {
            length if length < MIN_LENGTH => Err(UsernameError::TooShort),
            length if length > MAX_LENGTH => Err(UsernameError::TooLong),
            _ => Ok(Self { shown: shown.into_owned(), key }),
        }
    }

    /// Checks a name for a new account. Besides the rules of [`Username::parse`], it must not mix alphabets.
    /// `reserved.rs` rejects reserved names.
    ///
    /// # Errors
    /// [`UsernameError`], whose message is for the form.
    pub(super) fn choose(typed: &str) -> Result<Self, UsernameError> {
        let username = Self::parse(typed)?;
        if mixes_alphabets(&username.shown) {
            return Err(UsernameError::MixedAlphabets);
        }
        Ok(username)
    }

    /// The name as its owner wrote it (`Alice`), in normal form.
    pub fn as_shown(&self) -> &str {
        &self.shown
    }

    /// The key by which names are compared (`alice`): the unique `username_key` of the document.
    pub fn as_key(&self) -> &str {
        &self.key
    }
}

/// Whether a name may contain this character.
fn is_allowed(character: char) -> bool {
    UsernameCasePreserved::new().enforce(character.to_string()).is_ok()
}

/// A character that no name may contain, in words. `None`: no character alone is the cause.
fn describe(character: Option<char>) -> String {
    match character {
        Some(space) if space.is_whitespace() => "spaces".to_owned(),
        // `escape_debug` escapes what has no shape of its own, such as a zero-width space.
        Some(hidden) if hidden.escape_debug().count() > 1 && !"'\"\\".contains(hidden) => {
            "invisible characters".to_owned()
        }
        Some(visible) => format!("the character {visible}"),
        None => "these characters together".to_owned(),
    }
}

/// A name as it was typed, to find accounts by. It may break the rules for new names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypedName {
    text: String,
    key: String,
}

/// The longest name that is looked up, in bytes. An email address has 254 at most.
const MAX_TYPED: usize = 1024;

impl TypedName {
    /// A name as typed. `None` when it is too long to be a name.
    pub fn new(typed: &str) -> Option<Self> {
        let key = key_of(typed);
        (typed.len() <= MAX_TYPED).then(|| Self { text: typed.to_owned(), key })
    }

    /// The name as typed.
    pub fn as_typed(&self) -> &str {
        &self.text
    }

    /// The name as typed, without white space around it.
    pub fn trimmed(&self) -> &str {
        self.text.trim()
    }

    /// The key by which names are compared: see [`key_of`].
    pub fn as_key(&self) -> &str {
        &self.key
    }
}

impl From<&Username> for TypedName {
    fn from(username: &Username) -> Self {
        Self { text: username.shown.clone(), key: username.key.clone() }
    }
}

/// The key by which names are compared: two names with the same key are one name. A text that RFC 8265 does
/// not allow as a name is its own key.
pub fn key_of(name: &str) -> String {
    let name = name.trim();
    let key = if name.len() <= MAX_TYPED { case_mapped(name) } else { None };
    key.unwrap_or_else(|| name.to_owned())
}

/// The name in lower case and normal form (RFC 8265, section 3.3). The RFC keeps the sigma at the end of a
/// word apart; here both forms are one letter.
fn case_mapped(name: &str) -> Option<String> {
    let mapped = UsernameCaseMapped::new().enforce(name).ok().map(Cow::into_owned);
    mapped.map(|name| name.replace('\u{3c2}', "\u{3c3}"))
}

/// Whether a name mixes alphabets (such as a Cyrillic `а` in a Latin name), or has invisible joiners.
///
/// Latin beside Chinese, Japanese or Korean is allowed: it is common there and cannot be mistaken (UTS 39,
/// "highly restrictive").
fn mixes_alphabets(name: &str) -> bool {
    const JOINERS: [char; 2] = ['\u{200c}', '\u{200d}'];
    // Signs belong to no alphabet, but UTS 39 does not allow all of them in identifiers.
    let letters: String = name.chars().filter(|c| !c.is_ascii_punctuation()).collect();
    let is_plain = letters.is_single_script() && !letters.contains(JOINERS);
    !is_plain && !letters.check_restriction_level(RestrictionLevel::HighlyRestrictive)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_name_cannot_be_mistaken_for_another_one() {
        // A Cyrillic а, a Greek ο, a Cyrillic а behind a sign.
        for typed in ["\u{430}dmin", "r\u{3bf}sa", "luxemburg.ros\u{430}"] {
            assert_eq!(Username::choose(typed), Err(UsernameError::MixedAlphabets), "{typed:?}");
            assert!(Username::parse(typed).is_ok(), "a user who has it already can log in");
        }
        assert!(Username::choose("ros\u{200d}a").is_err(), "an invisible joiner");
        let fine = [
            "rosa",
            "rosa@example.org",
            "Zo\u{eb}-99",
            "\u{440}\u{43e}\u{437}\u{430}",
            "\u{3bc}\u{3b1}\u{3c1}\u{3af}\u{3b1}",
            "rosa\u{3055}\u{304f}\u{3089}",
            "\u{5f20}\u{4f1f}\u{660e}",
            "123",
        ];
        for typed in fine {
            assert!(Username::choose(typed).is_ok(), "{typed:?}");
        }
    }

    #[test]
    fn names_that_are_one_name_have_one_key() {
        let key = |typed: &str| Username::parse(typed).unwrap().as_key().to_owned();
        for typed in ["alice", "Alice", "ALICE", "ＡＬＩＣＥ"] {
            assert_eq!(key(typed), "alice", "{typed}");
        }
        assert_eq!(
            key("\u{39d}\u{399}\u{39a}\u{39f}\u{3a3}"),
            key("\u{3bd}\u{3b9}\u{3ba}\u{3bf}\u{3c2}")
        );
        // é as one code point and as two.
        assert_eq!(key("Ren\u{e9}"), key("Rene\u{301}"));
        assert_eq!(Username::parse("Alice").unwrap().as_shown(), "Alice");
    }

    #[test]
    fn white_space_around_a_name_is_no_part_of_it() {
        for typed in ["rosa99 ", " rosa99", "\trosa99\r\n", "rosa99\u{a0}", "\u{3000}rosa99"] {
            assert_eq!(Username::choose(typed).unwrap().as_shown(), "rosa99", "{typed:?}");
            assert_eq!(TypedName::new(typed).unwrap().as_key(), "rosa99", "{typed:?}");
        }
    }

    #[test]
    fn any_text_has_a_key_and_a_text_that_is_no_name_is_its_own_key() {
        let check = |typed: &str, key: &str| assert_eq!(key_of(typed), key, "{typed:?}");
        check("jo", "jo");
        check("JO", "jo");
        check("Max Mustermann", "Max Mustermann");
        check("Zoe\u{308}x", "zo\u{eb}x");
        check("", "");
        check("ro\u{200b}sa", "ro\u{200b}sa");
        let email = "Long.Address.Of.A.Person@department.example.org";
        check(email, &email.to_lowercase());
        assert_eq!(key_of(&"A".repeat(1_000_000)).len(), 1_000_000);
        assert!(TypedName::new(&"A".repeat(1_000_000)).is_none());
    }

    #[test]
    fn the_message_says_which_character_is_not_allowed() {
        for (typed, part) in [
            ("al ice", "spaces"),
            ("al\tice", "spaces"),
            ("al\u{200b}ice", "invisible characters"),
            ("al\u{202e}ice", "invisible characters"),
            ("alice\0", "invisible characters"),
            ("alice\u{1f9e5}", "\u{1f9e5}"),
            ("a\u{5d0}1", "together"),
        ] {
            let error = Username::parse(typed).unwrap_err().to_string();
            assert!(error.contains(part), "{typed:?}: {error}");
        }
    }

    #[test]
    fn texts_that_cannot_be_a_name_are_rejected_with_the_reason() {
        let check = |typed: &str, expected: UsernameError| {
            assert_eq!(Username::parse(typed), Err(expected), "{typed:?}");
        };
        check("", UsernameError::Empty);
        check("al", UsernameError::TooShort);
        check(&"a".repeat(33), UsernameError::TooLong);
        check(&"a".repeat(1_000_000), UsernameError::TooLong);
        check("al ice", UsernameError::NotAllowed(Some(' ')));
        check(" \t\u{3000}", UsernameError::Empty);
        check("al\u{200b}ice", UsernameError::NotAllowed(Some('\u{200b}')));
        check("al\u{202e}ice", UsernameError::NotAllowed(Some('\u{202e}')));
        check("alice\0", UsernameError::NotAllowed(Some('\0')));
        check("ali\r\nce", UsernameError::NotAllowed(Some('\r')));
        check("Rene\u{301} \u{1f9e5}", UsernameError::NotAllowed(Some(' ')));
        assert!(Username::parse(&"é".repeat(32)).is_ok());
    }
}
