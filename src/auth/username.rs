//! The name of an account, parsed at the door into a type that cannot be wrong.
//!
//! RFC 8265 says which names are one name: `Alice`, `alice` and full-width `ＡＬＩＣＥ` are.

use precis_profiles::precis_core::profile::Profile as _;
use precis_profiles::{UsernameCaseMapped, UsernameCasePreserved};
use unicode_security::{MixedScript as _, RestrictionLevel, RestrictionLevelDetection as _};

/// Shorter names are too easily mistaken for one another.
pub const MIN_LENGTH: usize = 3;

/// Longer ones do not fit a line of the class's list.
pub const MAX_LENGTH: usize = 32;

/// A username in its two forms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Username {
    shown: String,
    key: String,
}

/// Why something cannot be the name of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "each variant's message says what it is")]
pub enum UsernameError {
    #[error("Enter a username.")]
    Empty,
    #[error("The username is too short: it needs at least {MIN_LENGTH} characters.")]
    TooShort,
    #[error("The username is too long: it may have at most {MAX_LENGTH} characters.")]
    TooLong,
    #[error(
        "The username has a character that names cannot have. Use letters, digits, and signs such \
         as . - and _, without spaces."
    )]
    NotAllowed,
    #[error(
        "The username mixes letters of different alphabets, so that it could pass for somebody \
         else's. Use those of one."
    )]
    MixedAlphabets,
}

impl Username {
    /// Checks a name as it was typed. Lengths are in Unicode code points, after normalisation.
    ///
    /// # Errors
    /// [`UsernameError`], in words for the form.
    pub fn parse(typed: &str) -> Result<Self, UsernameError> {
        if typed.is_empty() {
            return Err(UsernameError::Empty);
        }
        // Before the profile's tables look at it: a body may hold a megabyte.
        if typed.len() > MAX_LENGTH * 8 {
            return Err(UsernameError::TooLong);
        }
        let shown = UsernameCasePreserved::new().enforce(typed);
        let key = UsernameCaseMapped::new().enforce(typed);
        let (Ok(shown), Ok(key)) = (shown, key) else {
            return Err(UsernameError::NotAllowed);
        };
        match shown.chars().count() {
            length if length < MIN_LENGTH => Err(UsernameError::TooShort),
            length if length > MAX_LENGTH => Err(UsernameError::TooLong),
            _ => Ok(Self { shown: shown.into_owned(), key: key.into_owned() }),
        }
    }

    /// A name for a new account: as [`Username::parse`], and it may not look like another one.
    /// Who has such a name already can log in with it.
    ///
    /// # Errors
    /// [`UsernameError`], in words for the form.
    pub fn choose(typed: &str) -> Result<Self, UsernameError> {
        let username = Self::parse(typed)?;
        if mixes_alphabets(&username.shown) {
            return Err(UsernameError::MixedAlphabets);
        }
        Ok(username)
    }

    /// As its owner wrote it (`Alice`), in normal form.
    pub fn as_shown(&self) -> &str {
        &self.shown
    }

    /// As it is compared (`alice`): the `username_key` of the document, unique.
    pub fn as_key(&self) -> &str {
        &self.key
    }
}

/// True for a Latin name with a Cyrillic `а` in it, and for joiners that nobody sees. Latin beside
/// Chinese, Japanese or Korean is usual there and looks like nothing else (UTS 39, "highly
/// restrictive").
fn mixes_alphabets(name: &str) -> bool {
    const JOINERS: [char; 2] = ['\u{200c}', '\u{200d}'];
    // Signs are of no alphabet, but not all are allowed in the identifiers that UTS 39 thinks of.
    let letters: String = name.chars().filter(|c| !c.is_ascii_punctuation()).collect();
    let is_plain = letters.is_single_script() && !letters.contains(JOINERS);
    !is_plain && !letters.check_restriction_level(RestrictionLevel::HighlyRestrictive)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_name_cannot_pass_for_another_one() {
        // A Cyrillic а, a Greek ο, a Cyrillic а behind a sign.
        for typed in ["\u{430}dmin", "r\u{3bf}sa", "luxemburg.ros\u{430}"] {
            assert_eq!(Username::choose(typed), Err(UsernameError::MixedAlphabets), "{typed:?}");
            assert!(Username::parse(typed).is_ok(), "who has it already can log in");
        }
        assert!(Username::choose("ros\u{200d}a").is_err(), "a joiner that nobody sees");
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
        // é as one code point and as two.
        assert_eq!(key("Ren\u{e9}"), key("Rene\u{301}"));
        assert_eq!(Username::parse("Alice").unwrap().as_shown(), "Alice");
    }

    #[test]
    fn what_cannot_be_a_name_is_refused_with_its_reason() {
        let check = |typed: &str, expected: UsernameError| {
            assert_eq!(Username::parse(typed), Err(expected), "{typed:?}");
        };
        check("", UsernameError::Empty);
        check("al", UsernameError::TooShort);
        check(&"a".repeat(33), UsernameError::TooLong);
        check(&"a".repeat(1_000_000), UsernameError::TooLong);
        check("al ice", UsernameError::NotAllowed);
        check(" alice", UsernameError::NotAllowed);
        check("al\u{200b}ice", UsernameError::NotAllowed);
        check("al\u{202e}ice", UsernameError::NotAllowed);
        check("alice\0", UsernameError::NotAllowed);
        check("alice\r\n", UsernameError::NotAllowed);
        assert!(Username::parse(&"é".repeat(32)).is_ok());
    }
}
