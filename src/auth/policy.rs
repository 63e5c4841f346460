//! What a new password must be: long enough, and none of those that guessers try first.
//!
//! Nothing about digits or capitals (OWASP ASVS 6.2.5): such rules make `Password1!`. Asked by
//! `strategy.rs` when somebody registers or changes a password; a login takes any.

use passwords::analyzer::analyze;
use precis_profiles::UsernameCaseMapped;
use precis_profiles::precis_core::profile::Profile as _;
use serde::Deserialize;

use super::password::{MAX_LENGTH, Password};

/// This app's name, which its users think of first (ASVS 6.2.11).
const APP_NAME: &str = "cloakroom";

/// `[default.password]` of Rocket.toml.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Policy {
    /// In Unicode code points (NIST SP 800-63B; ASVS 6.2.1 asks for 8, and recommends 15).
    pub min_length: usize,
}

impl Default for Policy {
    fn default() -> Self {
        Self { min_length: LEAST }
    }
}

/// No setting allows less (ASVS 6.2.1).
const LEAST: usize = 8;

/// Whoever has to have more than this gives up (ASVS 6.2.9: 64 must be accepted).
const MOST: usize = 64;

/// Why something cannot be a new password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "each variant's message says what it is")]
pub enum PasswordError {
    #[error("Enter a password.")]
    Empty,
    #[error("The password is too short: it needs at least {0} characters.")]
    TooShort(usize),
    #[error("The password is too long: it may have at most {MAX_LENGTH} characters.")]
    TooLong,
    #[error(
        "This is one of the passwords that are guessed first. Take three or four words that have \
         nothing to do with each other."
    )]
    Common,
    #[error(
        "The password is your username, or nearly so, which is guessed first. Take three or four \
         words that have nothing to do with it."
    )]
    Username,
    #[error(
        "The password is this site's name, or nearly so, which is guessed first. Take three or \
         four words that have nothing to do with it."
    )]
    AppName,
}

impl Policy {
    /// Refuses a setting that would be no rule, or one that nobody could keep.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub fn check(&self) -> Result<(), &'static str> {
        if (LEAST..=MOST).contains(&self.min_length) {
            Ok(())
        } else {
            Err("min_length is at least 8 and at most 64")
        }
    }

    /// A new password of the account `username`. Nothing is trimmed or cut off.
    ///
    /// # Errors
    /// [`PasswordError`], in words for the form.
    pub fn accept(&self, typed: &str, username: &str) -> Result<Password, PasswordError> {
        let password = Password::typed(typed).ok_or(PasswordError::TooLong)?;
        match typed.chars().count() {
            0 => Err(PasswordError::Empty),
            length if length < self.min_length => Err(PasswordError::TooShort(self.min_length)),
            _ => refuse_guessed_first(&folded(typed), &folded(username)).map_or(Ok(password), Err),
        }
    }
}

/// The commonest: one of 100,000 or so (ASVS 6.2.4 asks for the first 3,000).
fn refuse_guessed_first(password: &str, username: &str) -> Option<PasswordError> {
    if analyze(password).is_common() {
        Some(PasswordError::Common)
    } else if is_nearly(password, username) {
        Some(PasswordError::Username)
    } else if is_nearly(password, APP_NAME) {
        Some(PasswordError::AppName)
    } else {
        None
    }
}

/// As a guesser sees it, and only to compare: in lower case, full-width letters as plain ones.
fn folded(text: &str) -> String {
    let folded = UsernameCaseMapped::new().enforce(text);
    folded.map_or_else(|_| text.to_lowercase(), |folded| folded.into_owned())
}

/// The name itself, doubled, backwards, or with digits and signs around it.
fn is_nearly(typed: &str, name: &str) -> bool {
    let letters = |text: &str| -> String { text.chars().filter(|c| c.is_alphabetic()).collect() };
    let backwards = |text: &str| -> String { text.chars().rev().collect() };
    let (core, of_name) = (letters(typed), letters(name));
    typed == name
        || !of_name.is_empty()
            && [of_name.clone(), backwards(&of_name), of_name.repeat(2)].contains(&core)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<PasswordError>) {
        let found = Policy::default().accept(text, "Rosa.Luxemburg").err();
        assert_eq!(found, expected, "{text:?}");
    }

    #[test]
    fn only_the_length_is_ruled() {
        check("", Some(PasswordError::Empty));
        check("1a2b3c!", Some(PasswordError::TooShort(8)));
        check("        ", None);
        check("tzqkvwxj", None);
        check("p\u{e4}ssw\u{f6}rd", None);
        check(&"\u{e9}".repeat(256), None);
        check(&"\u{e9}".repeat(257), Some(PasswordError::TooLong));
        let long = Policy { min_length: 15 };
        let error = long.accept("tzqkvwxj", "rosa").err();
        assert_eq!(error, Some(PasswordError::TooShort(15)));
    }

    #[test]
    fn what_is_guessed_first_is_refused() {
        for common in [
            "password",
            "Password1",
            "12345678",
            "qwertyuiop",
            "iloveyou",
            "aaaaaaaa",
            "\u{ff50}assword1",
        ] {
            check(common, Some(PasswordError::Common));
        }
        check("correct horse battery", None);
    }

    #[test]
    fn the_username_and_the_name_of_the_app_are_refused() {
        for near in ["rosa.luxemburg", "ROSALUXEMBURG1871!", "grubmexul.asor", "RosaLuxemburg"] {
            check(near, Some(PasswordError::Username));
        }
        for near in ["Cloakroom", "cloakroom2026", "cloakroomcloakroom"] {
            check(near, Some(PasswordError::AppName));
        }
        check("rosa hangs her coat in the cloakroom", None);
    }

    #[test]
    fn a_rule_that_is_none_is_refused() {
        for (length, fine) in [(7, false), (8, true), (15, true), (64, true), (65, false)] {
            assert_eq!(Policy { min_length: length }.check().is_ok(), fine, "{length}");
        }
    }
}
