//! passport-local for Rocket: who is it?
//!
//! In reading order: names and passwords (`username`, `password`, `legacy`, `hasher`), accounts (`user`,
//! `users`), the check (`strategy`), the login (`login`), and the guards that routes take
//! (`guard`). Built on `session/`, knows no pages; `web/` is built on it.

mod username;
mod password;
mod legacy;
mod hasher;
mod user;
pub mod users;
mod strategy;
mod login;
mod guard;

pub use guard::{Admin, Refusal, Visitor};
pub use hasher::Hasher;
pub use login::{log_in, log_out};
pub use password::{MIN_LENGTH as PASSWORD_MIN, Password, PasswordError, PasswordHash};
pub use strategy::{Verdict, change_password, verify};
pub use user::{User, UserId};
pub use username::{
    MAX_LENGTH as USERNAME_MAX, MIN_LENGTH as USERNAME_MIN, Username, UsernameError,
};
pub use users::Users;

use std::sync::Arc;

use rocket::fairing::AdHoc;

/// Attaches accounts and password threads: routes may take `&Visitor`, `&User` and `Admin`.
pub fn stage(users: Arc<dyn Users>, hasher: Hasher) -> AdHoc {
    AdHoc::on_ignite("Accounts", |rocket| async { rocket.manage(users).manage(hasher) })
}
