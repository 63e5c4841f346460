//! Seats: accounts that are made before the class, each with a passphrase of four words on a card.
//!
//! The passphrase is computed from the server's secret, a random text of this class, the seat's name and the
//! number of its cards so far. It is stored nowhere, so the database alone does not give it away. A reset
//! changes the random text. The count is the version of the account's password, so one write changes both.

use rocket_dyn_templates::context;
use rocket_express_session::{Secrets, SessionId};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::auth::passphrase::{WORDS, words};
use crate::auth::{CardOf, LocalStrategy, Password, User, Username, key_of};
use crate::db::Unavailable;
use crate::teach::settings::{ClassSettings, Settings};

/// The number of seats: as many as a school's hall has.
pub(super) const MAX_SEATS: u32 = 200;

/// The number of seats that the page makes: those of a class.
pub(super) const CLASS_SIZE: u32 = 40;

/// The name of the seat of this number, from 1: `seat-07`.
fn name(number: u32) -> String {
    format!("seat-{number:02}")
}

/// The four words on the card of this seat, for an account whose password has this version.
fn passphrase(secrets: &Secrets, class: &Settings, number: u32, version: i64) -> String {
    let name = name(number);
    let text = match class.old_cards.get(&name).copied().unwrap_or_default() + version {
        0 => format!("{} {name}", class.seats),
        count => format!("{} {name} {count}", class.seats),
    };
    let digest = Sha256::digest(secrets.sign_for("cloakroom seat", &text));
    // The right words are accepted even when strangers have used up the attempts at the account, because they
    // cannot be guessed ([`card_of`]).
    words(&digest).take(WORDS).collect::<Vec<_>>().join(" ")
}

/// The outcome of making seats.
#[derive(Debug, Default)]
pub struct Seeded {
    /// The number of seats that were made.
    pub made: u32,
    /// The seats whose names students have registered themselves.
    pub taken: Vec<String>,
}

/// Makes the seats from 1 to `count` that do not exist yet.
pub(super) async fn make(
    strategy: &LocalStrategy,
    settings: &ClassSettings,
    count: u32,
) -> Result<Seeded, Unavailable> {
    let draw_text = |settings: &mut Settings| {
        if settings.seats.is_empty() {
            settings.seats = SessionId::generate().handle();
        }
    };
    settings.change(draw_text).await?;
    let (mut seeded, class) = (Seeded::default(), settings.current());
    for number in 1..=count {
        let passphrase = passphrase(&strategy.secrets, &class, number, 0);
        let (seat, password) = (Username::parse(&name(number)), Password::typed(&passphrase));
        let (Ok(seat), Some(password)) = (seat, password) else { continue };
        if let Some((user, _)) = strategy.make_account(&seat, password).await? {
            // Stored at once, so that an interrupted command loses no seat.
            settings.change(|settings| settings.seat_accounts.push(user.id.0)).await?;
            seeded.made += 1;
        } else {
            let accounts = strategy.users.find_matching(&(&seat).into()).await?;
            let seats = settings.current().seat_accounts;
            if !accounts.iter().any(|account| seats.contains(&account.user.id.0)) {
                seeded.taken.push(name(number));
            }
        }
    }
    Ok(seeded)
}

/// The cards of these seats, and the seats whose names students have registered themselves.
pub(super) fn cards(
    secrets: &Secrets,
    class: &Settings,
    users: &[User],
) -> (Vec<impl Serialize + use<>>, Vec<String>) {
    let (mut cards, mut taken) = (vec![], vec![]);
    let mut seats: Vec<_> = users.iter().filter_map(|user| Some((seat(user)?, user))).collect();
    seats.sort_unstable_by_key(|(number, _)| *number);
    for (number, user) in seats.into_iter().filter(|_| !class.seats.is_empty()) {
        let name = name(number);
        if class.seat_accounts.contains(&user.id.0) {
            let passphrase = passphrase(secrets, class, number, user.password_version);
            cards.push(context! { name, passphrase });
        } else {
            taken.push(name);
        }
    }
    (cards, taken)
}

/// For the strategy: a function that says the passphrase on the card of a user's seat.
pub(in crate::teach) fn card_of(secrets: Secrets, settings: ClassSettings) -> CardOf {
    Box::new(move |user| {
        let class = settings.current();
        let number = own_seat(&class, user)?;
        Some(passphrase(&secrets, &class, number, user.password_version))
    })
}

/// The number of the seat that this account was made for.
fn own_seat(class: &Settings, user: &User) -> Option<u32> {
    seat(user).filter(|_| class.seat_accounts.contains(&user.id.0))
}

/// Forgets a seat whose account was deleted. If the seat is made again, it gets a card that it never had.
pub(super) async fn forget(settings: &ClassSettings, user: &User) -> Result<(), Unavailable> {
    let Some(number) = own_seat(&settings.current(), user) else { return Ok(()) };
    let change = |settings: &mut Settings| {
        settings.seat_accounts.retain(|id| *id != user.id.0);
        *settings.old_cards.entry(name(number)).or_default() += user.password_version + 1;
    };
    settings.change(change).await
}

/// The number of the seat that has the name of this account, in any spelling.
fn seat(user: &User) -> Option<u32> {
    let key = key_of(&user.username);
    let number: u32 = key.strip_prefix("seat-")?.parse().ok()?;
    ((1..=MAX_SEATS).contains(&number) && key == name(number)).then_some(number)
}
