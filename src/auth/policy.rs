//! The rules for a new password: long enough, in normal form, and not easy to guess.
//!
//! There is no rule about digits or capitals (OWASP ASVS 6.2.5): such rules lead to `Password1!`. The forms
//! for registration and for a new password check these rules; a login does not. `guessable.rs` estimates how
//! many guesses a password withstands.

use serde::Deserialize;

use super::guessable::{Weakness, weakness};
use super::password::{MAX_LENGTH, Password};

/// The name of this app, which is no good password for it (ASVS 6.2.11).
const APP_NAME: &str = "cloakroom";

/// The rules, as `[default.password]` of Rocket.toml sets them.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Policy {
    /// The least length in Unicode code points (NIST SP 800-63B; ASVS 6.2.1 asks for 8, and recommends 15).
    pub min_length: usize,
    /// Words of this site that attackers try first, such as a school's name (ASVS 6.1.2, 6.2.11).
    pub words: Vec<String>,
}

impl Default for Policy {
    fn default() -> Self {
        Self { min_length: MIN_MIN_LENGTH, words: vec![] }
    }
}

/// The lowest minimum length that can be set (ASVS 6.2.1).
const MIN_MIN_LENGTH: usize = 8;

/// The highest minimum length that can be set. Longer minimums are unusable (ASVS 6.2.9: 64 must be
/// accepted).
const MAX_MIN_LENGTH: usize = 64;

/// The most words that can be set. More would slow down each registration.
const MAX_WORDS: usize = 100;

/// The length of a word in characters. Shorter ones occur in many good passwords, and a longer one is no
/// word.
const WORD_LENGTHS: std::ops::RangeInclusive<usize> = 3..=64;

/// Why a text cannot be a new password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "each variant's message says what it is")]
pub enum PasswordError {
    #[error("Enter a password.")]
    Empty,
    #[error("That password is too short. Use at least {0} characters.")]
    TooShort(usize),
    #[error("That password is too long. Use at most {MAX_LENGTH} characters.")]
    TooLong,
    #[error(
        "Passwords can't contain tabs, line breaks or invisible characters. Letters, digits, signs, \
         spaces and most emoji are fine."
    )]
    NotAllowed,
    #[error(
        "That password is common, or a common word with little added. Attackers try these first. \
         Use three or four unrelated words."
    )]
    Common,
    #[error(
        "That password is too easy to guess. It is a date, a row of keys, or a repetition. Use three \
         or four unrelated words."
    )]
    Guessable,
    #[error(
        "That is too close to your username. Choose a different password, such as three or four \
         unrelated words."
    )]
    Username,
    #[error(
        "That is too close to this site's name. Choose a different password, such as three or four \
         unrelated words."
    )]
    AppName,
    #[error(
        "That is too close to a word of this site or school. Choose a different password, such as \
         three or four unrelated words."
    )]
    SiteWord,
}

impl Policy {
    /// Checks the settings, and loads the lists of zxcvbn, so that no request waits for that.
    ///
    /// # Errors
    /// A setting is out of range. The text says which, and what is allowed.
    pub fn check(&self) -> Result<(), &'static str> {
        if !(MIN_MIN_LENGTH..=MAX_MIN_LENGTH).contains(&self.min_length) {
            return Err("min_length must be from 8 to 64");
        }
        let is_word = |word: &String| {
            WORD_LENGTHS.contains(&word.chars().count()) && word.chars().any(char::is_alphabetic)
        };
        if self.words.len() > MAX_WORDS || !self.words.iter().all(is_word) {
            return Err(
                "words may have at most 100 entries, each of 3 to 64 characters with at least one letter",
            );
        }
        self.check_common(APP_NAME, APP_NAME);
        Ok(())
    }

    /// Checks a new password for the account `username`. Nothing is trimmed or cut off.
    ///
    /// # Errors
    /// [`PasswordError`], whose message is for the form.
    pub fn accept(&self, typed: &str, username: &str) -> Result<Password, PasswordError> {
        let password = Password::typed(typed).ok_or(PasswordError::TooLong)?;
        if typed.is_empty() {
            return Err(PasswordError::Empty);
        }
        let normal = password.normal_form().ok_or(PasswordError::NotAllowed)?;
        if normal.chars().count() < self.min_length {
            return Err(PasswordError::TooShort(self.min_length));
        }
        self.check_common(normal, username).map_or(Ok(password.clone()), Err)
    }

    fn check_common(&self, password: &str, username: &str) -> Option<PasswordError> {
        let own = [(PasswordError::Username, username), (PasswordError::AppName, APP_NAME)];
        let words = self.words.iter().map(|word| (PasswordError::SiteWord, word.as_str()));
        let known: Vec<_> = own.into_iter().chain(words).collect();
        Some(match weakness(password, &known)? {
            Weakness::Known(error) => error,
            Weakness::Common => PasswordError::Common,
            Weakness::Pattern => PasswordError::Guessable,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<PasswordError>) {
        let found = Policy::default().accept(text, "Rosa.Luxemburg").err();
        assert_eq!(found, expected, "{text:?}");
    }

    #[test]
    fn the_only_rule_about_characters_is_their_number() {
        check("", Some(PasswordError::Empty));
        check("1a2b3c!", Some(PasswordError::TooShort(8)));
        check("tzqkvwxj", None);
        check("p\u{e4}ssw\u{f6}rd", None);
        let long =
            |length| "\u{e9}\u{e8}k\u{1f9e5} ".chars().cycle().take(length).collect::<String>();
        check(&long(256), None);
        check(&long(257), Some(PasswordError::TooLong));
        let longer = Policy { min_length: 15, ..Policy::default() };
        let error = longer.accept("tzqkvwxj", "rosa").err();
        assert_eq!(error, Some(PasswordError::TooShort(15)));
    }

    #[test]
    fn common_passwords_are_rejected() {
        for common in ["password", "Password1", "12345678", "qwertyuiop", "iloveyou", "P@ssw0rd1"] {
            check(common, Some(PasswordError::Common));
        }
        check("        ", Some(PasswordError::Guessable));
        check("correct horse battery", None);
    }

    #[test]
    fn the_username_and_the_name_of_the_app_are_rejected() {
        for near in ["rosa.luxemburg", "ROSALUXEMBURG1871!", "grubmexul.asor", "RosaLuxemburg"] {
            check(near, Some(PasswordError::Username));
        }
        for near in ["Cloakroom", "cloakroom2026", "cl04kr00m", "cloakroomcloakroom"] {
            check(near, Some(PasswordError::AppName));
        }
        check("rosa hangs her coat in the cloakroom", None);
    }

    #[test]
    fn words_of_the_settings_are_rejected() {
        let words = vec!["Goethe-Gymnasium".to_owned(), "Weimar".to_owned()];
        let policy = Policy { words, ..Policy::default() };
        for near in ["goethe2026", "Goethe-Gymnasium", "we1mar!!", "ramiewramiew"] {
            let error = policy.accept(near, "rosa").err();
            assert_eq!(error, Some(PasswordError::SiteWord), "{near}");
        }
        assert!(policy.accept("weimar has a rainy october", "rosa").is_ok());
    }

    #[test]
    fn a_character_without_a_normal_form_is_rejected_with_the_reason() {
        for odd in
            ["tzqk\tvwxj", "tzqkvwxj\0", "tzqk\u{200b}vwxj", "tzqkvwxj\r\n", "tz\u{202e}qkvwxj"]
        {
            check(odd, Some(PasswordError::NotAllowed));
        }
    }

    #[test]
    fn settings_out_of_range_are_rejected() {
        for (length, fine) in [(7, false), (8, true), (15, true), (64, true), (65, false)] {
            let policy = Policy { min_length: length, ..Policy::default() };
            assert_eq!(policy.check().is_ok(), fine, "{length}");
        }
        let with = |words: Vec<String>| Policy { words, ..Policy::default() }.check().is_ok();
        assert!(with(vec!["Ada".to_owned(); 100]) && !with(vec!["Ada".to_owned(); 101]));
        for odd in ["", "AG", "2026", "   ", &"x".repeat(65)] {
            assert!(!with(vec![odd.to_owned()]), "{odd}");
        }
    }
}
