//! Seats: accounts that are made before the class, each with a passphrase of four words on a card.
//!
//! The passphrase is worked out from the server's secret, a number of this class and the name,
//! whenever a card is printed: it stands nowhere, and somebody who has the database alone cannot
//! know it. The number is another one after a reset, so last year's cards are worth nothing.

use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::control::Class;
use crate::auth::{LocalStrategy, Password, User, Username};
use crate::db::Unavailable;
use crate::session::Sid;
use crate::session::signature::Secrets;

/// Seats that one can make: a school's hall.
pub const MOST_SEATS: u32 = 200;

/// Of 2,048 words each: 44 bits, and after 40 wrong guesses the account waits (`auth/throttle`).
const WORDS: usize = 4;

/// A card for a student.
#[derive(Serialize)]
pub struct Card {
    /// `seat-07`.
    pub name: String,
    /// Four words with spaces between.
    pub passphrase: String,
}

/// The name of the seat of this number, from 1.
pub fn name(number: u32) -> String {
    format!("seat-{number:02}")
}

/// What is on the card of this seat, as long as its owner keeps the password.
fn card(secrets: &Secrets, class: &str, name: &str) -> Card {
    let seal = Sha256::digest(secrets.seal("seat", &format!("{class} {name}")));
    let words = bip39::Language::English.word_list();
    // Two bytes for a word of eleven bits: 2,048 divides 65,536, so that no word is likelier.
    let word = |pair: &[u8]| {
        let number = usize::from(u16::from_be_bytes([pair[0], pair[1]]));
        words[number % words.len()]
    };
    let phrase: Vec<&str> = seal.chunks_exact(2).take(WORDS).map(word).collect();
    Card { name: name.to_owned(), passphrase: phrase.join(" ") }
}

/// Makes the seats from 1 to `count` that are not there yet; returns how many.
///
/// # Errors
/// A store does not answer, or too many passwords are being hashed already.
pub async fn make(strategy: &LocalStrategy, class: &Class, count: u32) -> Result<u32, Unavailable> {
    class
        .change(|control| {
            if control.seats.is_empty() {
                control.seats = Sid::generate().handle();
            }
        })
        .await?;
    let (mut made, of_class) = (0, class.now().seats);
    for number in 1..=count {
        let card = card(&strategy.secrets, &of_class, &name(number));
        let (name, password) = (Username::parse(&card.name), Password::typed(&card.passphrase));
        let (Ok(name), Some(password)) = (name, password) else { continue };
        made += u32::from(strategy.make_account(&name, password).await?.is_some());
    }
    Ok(made)
}

/// The cards of the seats among these accounts.
pub fn cards(secrets: &Secrets, class: &str, users: &[User]) -> Vec<Card> {
    let seats = users.iter().filter(|user| is_seat(user) && !class.is_empty());
    seats.map(|user| card(secrets, class, &user.username)).collect()
}

/// By its name. Somebody may have registered such a name: then the card does not fit.
fn is_seat(user: &User) -> bool {
    let number = user.username.strip_prefix("seat-").and_then(|number| number.parse().ok());
    number.is_some_and(|number: u32| user.username == name(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_is_of_one_seat_in_one_class_of_one_server() {
        let secrets = |text: &str| Secrets::new(vec![text.to_owned()]).unwrap();
        let (ours, others) = (secrets("ours"), secrets("another server's"));
        let phrase =
            |secrets: &Secrets, class: &str, name: &str| card(secrets, class, name).passphrase;
        let first = phrase(&ours, "class", "seat-01");
        assert_eq!(first, phrase(&ours, "class", "seat-01"));
        assert_eq!(first.split(' ').count(), 4, "{first}");
        assert_ne!(first, phrase(&ours, "class", "seat-02"));
        assert_ne!(first, phrase(&ours, "next class", "seat-01"));
        assert_ne!(first, phrase(&others, "class", "seat-01"));
    }
}
