//! passport-local for Rocket: from a username and a password, or from a session, to a user.
//!
//! In reading order:
//!
//! - `username`, `reserved`, `password`, `policy`, `guessable`, `legacy`: names, passwords, and their rules
//! - `queue`, `hasher`: limits of concurrent hashing, and the threads that hash
//! - `users`: the accounts and their two stores
//! - `device`, `throttle`: known browsers, and rate limits
//! - `attempt`, `strategy`, `account`: an attempt to log in; checks it; makes, changes and deletes an account
//! - `passphrase`, `reset`: random words, and a new password for a user who has forgotten the old one
//! - `login`, `revoke`: logs a user in and out; the reasons why sessions are revoked
//! - `guard`: the guards that routes take
//!
//! It is built on `rocket_express_session` and knows no pages. `web/` is built on it.

mod username;
mod reserved;
mod password;
mod policy;
mod guessable;
mod legacy;
pub mod queue;
mod hasher;
pub mod users;
mod device;
pub mod throttle;
mod attempt;
mod strategy;
mod account;
pub mod passphrase;
mod reset;
mod login;
pub mod revoke;
mod guard;

pub use account::{Confirmation, ReauthToken, Registration};
pub use attempt::{Attempt, Verdict};
pub use guard::{Admin, AuthError, Visitor, user_id};
pub use hasher::Hasher;
pub use login::{confirm, is_confirmed, log_in, log_out};
pub use password::{MAX_LENGTH as PASSWORD_MAX, Password, PasswordHash};
pub use policy::{PasswordError, Policy};
pub use queue::Queue;
pub use reserved::UsernameRules;
pub use reset::PasswordReset;
pub use strategy::{CardOf, LocalStrategy, OnDelete};
pub use username::{
    MAX_LENGTH as USERNAME_MAX, MIN_LENGTH as USERNAME_MIN, Username, UsernameError, key_of,
};
pub use users::{Named, User, UserId, Users, list};

use rocket::fairing::AdHoc;

/// Attaches the accounts: routes may take `&Visitor`, `&User` and `Admin`.
pub fn stage(strategy: LocalStrategy) -> AdHoc {
    AdHoc::on_ignite("Accounts", |rocket| async { rocket.manage(strategy) })
}
