//! Usernames that no visitor can register, so that no account can pose as the people who run the site.
//!
//! They are compared by the key of RFC 8265, so `ADMIN` and full-width `ａｄｍｉｎ` are reserved as well. So are
//! names that look like a reserved one (`admın`, without the dot), as far as UTS 39 lists the characters.

use serde::Deserialize;
use unicode_security::confusable_detection::skeleton;

use super::username::{Username, UsernameError, key_of};

/// The rules for the name of a new account, as `[default.username]` of Rocket.toml sets them.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct UsernameRules {
    /// The names that no visitor can register. An empty list reserves none.
    pub reserved: Vec<String>,
}

/// The names that are reserved by default: of people who run a site, and of no person at all.
const RESERVED: [&str; 20] = [
    "admin",
    "administrator",
    "root",
    "system",
    "cloakroom",
    "teacher",
    "moderator",
    "staff",
    "owner",
    "support",
    "help",
    "security",
    "info",
    "webmaster",
    "postmaster",
    "hostmaster",
    "abuse",
    "anonymous",
    "null",
    "undefined",
];

/// The most names that can be reserved. More would slow down each registration.
const MAX_RESERVED: usize = 100;

impl Default for UsernameRules {
    fn default() -> Self {
        Self { reserved: RESERVED.map(str::to_owned).into() }
    }
}

impl UsernameRules {
    /// Checks the settings.
    ///
    /// # Errors
    /// A setting is out of range. The text says which, and what is allowed.
    pub fn check(&self) -> Result<(), &'static str> {
        let is_name = |name: &String| Username::parse(name).is_ok();
        if self.reserved.len() > MAX_RESERVED || !self.reserved.iter().all(is_name) {
            return Err(
                "reserved may have at most 100 entries, each a valid username of 3 to 32 characters",
            );
        }
        Ok(())
    }

    /// Checks a name for a new account, as it was typed.
    ///
    /// # Errors
    /// [`UsernameError`], whose message is for the form.
    pub fn accept(&self, typed: &str) -> Result<Username, UsernameError> {
        let username = Username::choose(typed)?;
        let look = appearance(username.as_key());
        if self.reserved.iter().any(|reserved| appearance(&key_of(reserved)) == look) {
            return Err(UsernameError::Reserved);
        }
        Ok(username)
    }
}

/// A text that is equal for names that look alike: the skeleton of UTS 39, without signs (`admin.`) and with
/// letters for the digits that stand for them (`r00t`, `adm1n`).
///
/// The dot above is left out. In lower case, the Turkish `İ` becomes an `i` with a second dot, which fonts
/// draw over the first.
fn appearance(key: &str) -> String {
    let letter = |c| match c {
        '0' => 'o',
        // The skeleton of 1 is l, so both are compared as i.
        '1' | 'l' => 'i',
        '3' => 'e',
        '4' => 'a',
        '5' => 's',
        other => other,
    };
    let spelled: String = key.chars().filter(|c| !c.is_ascii_punctuation()).map(letter).collect();
    skeleton(&spelled).filter(|c| *c != '\u{307}').collect()
}

#[cfg(test)]
mod tests {
    use rocket::figment::Figment;
    use rocket::figment::providers::{Format as _, Toml};

    use super::*;

    #[test]
    fn a_reserved_name_is_rejected_in_every_spelling_and_in_look_alikes() {
        let rules = UsernameRules::default();
        for typed in [
            "admin",
            "ADMIN",
            " admin ",
            "\u{ff41}\u{ff44}\u{ff4d}\u{ff49}\u{ff4e}",
            "adm\u{131}n",
            "ADM\u{130}N",
            "Teacher",
            "he1p",
            "nu11",
            "admin.",
            "_root_",
            "ad.min",
            "adm1n",
            "r00t",
            "cloakr00m",
            "0wner",
        ] {
            assert_eq!(rules.accept(typed), Err(UsernameError::Reserved), "{typed:?}");
        }
        for typed in ["adminah", "admin2", "rosa", "Rootes", "\u{440}\u{43e}\u{437}\u{430}"] {
            assert!(rules.accept(typed).is_ok(), "{typed:?}");
        }
        assert_eq!(rules.accept("\u{430}dmin"), Err(UsernameError::MixedAlphabets));
    }

    #[test]
    fn rocket_toml_shows_the_default_list() {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/Rocket.toml");
        let figment = Figment::from(Toml::file(file).nested()).select("default");
        let shown: UsernameRules = figment.extract_inner("username").unwrap();
        assert_eq!(shown.reserved, UsernameRules::default().reserved);
    }

    #[test]
    fn an_empty_list_reserves_no_name() {
        let rules = UsernameRules { reserved: vec![] };
        assert!(rules.accept("admin").is_ok() && rules.check().is_ok());
    }

    #[test]
    fn settings_that_are_no_names_are_rejected() {
        assert_eq!(UsernameRules::default().check(), Ok(()));
        let with = |reserved: Vec<String>| UsernameRules { reserved }.check().is_ok();
        assert!(with(vec!["Frau.M\u{fc}ller".to_owned()]));
        assert!(with(vec!["ada".to_owned(); 100]) && !with(vec!["ada".to_owned(); 101]));
        for odd in ["", "it", "two words", "a\tb\tc", &"x".repeat(33)] {
            assert!(!with(vec![odd.to_owned()]), "{odd:?}");
        }
    }
}
