//! passport-local for Rocket: who is it?
//!
//! In reading order: names and passwords (`username`, `password`, `policy`, `guessable`, `legacy`,
//! `queue`, `hasher`),
//! accounts (`user`, `users`), attempts (`device`, `throttle`), the check (`strategy`), what becomes of an
//! account (`account`), the login (`login`), why sessions are revoked (`revoke`), what the session secrets
//! sign besides sessions (`seal`), and the guards that routes take (`guard`). Built on
//! `rocket_express_session`, without a page; `web/` is built on it.

mod username;
mod password;
mod policy;
mod guessable;
mod legacy;
pub mod queue;
mod hasher;
pub mod users;
mod device;
pub mod throttle;
mod strategy;
mod account;
mod login;
pub mod revoke;
mod guard;

pub use account::{Confirmation, Confirmed, Registration};
pub use guard::{Admin, Refusal, Visitor};
pub use hasher::Hasher;
pub use login::{confirm, is_confirmed, log_in, log_out, user_id};
pub use password::{Password, PasswordHash};
pub use policy::{PasswordError, Policy};
pub use queue::Queue;
pub use strategy::{Attempt, Claim, IsOnCard, LocalStrategy, Verdict};
pub use username::{
    MAX_LENGTH as USERNAME_MAX, MIN_LENGTH as USERNAME_MIN, Username, UsernameError, key_of,
};
pub use users::{Named, User, UserId, Users, list};

use rocket::fairing::AdHoc;

/// Attaches the accounts: routes may take `&Visitor`, `&User` and `Admin`.
pub fn stage(strategy: LocalStrategy) -> AdHoc {
    AdHoc::on_ignite("Accounts", |rocket| async { rocket.manage(strategy) })
}
