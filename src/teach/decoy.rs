//! What the labs hide: a colour, Oskar's name and password, and a secret.
//!
//! Each is random, so one learner's answers do not help another. Oskar has no account on the site.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

const COLOURS: [&str; 12] = [
    "amber", "black", "brown", "gold", "grey", "orange", "pink", "purple", "red", "silver",
    "violet", "white",
];

/// The colour in the cookie `lab.note`.
pub(super) fn colour() -> String {
    COLOURS[rand::random_range(..COLOURS.len())].to_owned()
}

/// The password in the cookie `lab.old`.
pub(super) fn password() -> String {
    format!("umbrella-{}", rand::random_range(1_000..10_000))
}

/// The name of one learner's Oskar.
pub(super) fn oskar() -> String {
    format!("oskar-{}", rand::random_range(1_000..10_000))
}

/// The secret that signs one learner's tickets in lesson 5.
pub(super) fn secret() -> String {
    URL_SAFE_NO_PAD.encode(rand::random::<[u8; 24]>())
}
