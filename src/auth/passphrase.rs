//! Passphrases of random words, which people can read to each other and type.
//!
//! Each word is one of 2,048 (the list of BIP 39), so it stands for 11 random bits. The seats of a class
//! compute theirs (`teach/class/seats.rs`). A reset of a password draws a new one (`reset.rs`).

use std::fmt;

use rand::TryRng as _;
use rand::rngs::SysRng;

use super::password::Password;
use super::policy::Policy;
use crate::db::Unavailable;

/// The words of a passphrase: together 44 bits. Half of all such passphrases take 2^43 attempts, and
/// `throttle` allows less than 100 a day.
pub const WORDS: usize = 4;

/// The most words that are drawn. 17 of them are 64 characters at least, and no minimum is longer.
const MAX_WORDS: usize = 17;

/// How often another passphrase is drawn if the rules for passwords reject one. They almost never do.
const MAX_DRAWS: usize = 10;

/// A new password of random words. Cannot be printed by accident.
pub struct Passphrase(String);

impl Passphrase {
    /// Draws a passphrase that the rules accept as the new password of `username`. It has four words, or more
    /// if the minimum length asks for more.
    ///
    /// # Errors
    /// The system gives no random numbers, or the rules reject every passphrase.
    pub(super) fn draw(policy: &Policy, username: &str) -> Result<(Self, Password), Unavailable> {
        for _ in 0..MAX_DRAWS {
            let mut bytes = [0; 2 * MAX_WORDS];
            SysRng.try_fill_bytes(&mut bytes).map_err(Unavailable::new)?;
            let text = join(words(&bytes), policy.min_length);
            if let Ok(password) = policy.accept(&text, username) {
                return Ok((Self(text), password));
            }
        }
        Err(Unavailable::new("the rules for passwords reject every passphrase"))
    }

    /// The passphrase on a card. `None` if it cannot be a password.
    pub(super) fn on_card(text: String) -> Option<(Self, Password)> {
        let password = Password::typed(&text)?;
        Some((Self(text), password))
    }

    /// The words, separated by spaces.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passphrase(…)")
    }
}

/// The words that these bytes stand for, two bytes for each.
pub fn words(bytes: &[u8]) -> impl Iterator<Item = &'static str> {
    let words = bip39::Language::English.word_list();
    // Two bytes for a word of eleven bits: 2,048 divides 65,536, so that no word is likelier.
    bytes
        .as_chunks()
        .0
        .iter()
        .map(|pair| words[usize::from(u16::from_be_bytes(*pair)) % words.len()])
}

/// The first four words, and more until the text is long enough.
fn join(words: impl Iterator<Item = &'static str>, min_length: usize) -> String {
    let mut text = String::new();
    for (number, word) in words.enumerate() {
        if number >= WORDS && text.len() >= min_length {
            break;
        }
        if number > 0 {
            text.push(' ');
        }
        text.push_str(word);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_passphrase_has_four_words_or_as_many_as_the_minimum_length_needs() {
        for (min_length, fixed) in [(8, Some(4)), (15, Some(4)), (40, None), (64, None)] {
            let policy = Policy { min_length, ..Policy::default() };
            for _ in 0..20 {
                let (drawn, _) = Passphrase::draw(&policy, "rosa").unwrap();
                let text = drawn.as_str();
                assert!(policy.accept(text, "rosa").is_ok(), "{text}");
                let words: Vec<&str> = text.split(' ').collect();
                assert!(fixed.is_none_or(|count| words.len() == count), "{text}");
                assert!(words.len() >= WORDS, "{text}");
                let shorter = words[..words.len() - 1].join(" ");
                assert!(words.len() == WORDS || shorter.len() < min_length, "too long: {text}");
            }
        }
    }

    #[test]
    fn the_most_words_are_enough_for_the_longest_minimum() {
        let list = bip39::Language::English.word_list();
        assert_eq!(list.len(), 2048);
        let shortest = *list.iter().min_by_key(|word| word.len()).unwrap();
        assert!(join(std::iter::repeat_n(shortest, MAX_WORDS), 64).len() >= 64);
    }

    #[test]
    fn a_passphrase_differs_each_time_and_cannot_be_printed() {
        let draw = || Passphrase::draw(&Policy::default(), "rosa").unwrap().0;
        let (one, other) = (draw(), draw());
        assert_ne!(one.as_str(), other.as_str());
        assert_eq!(format!("{one:?}"), "Passphrase(…)");
    }
}
