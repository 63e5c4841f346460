//! Where accounts are kept: the contract of the two user stores.
//!
//! `mongo` for real, beside the accounts of an Express app; `memory` for trying out. Only
//! `strategy.rs` sees a password hash; everybody else gets a [`User`], which has none.

pub mod memory;
pub mod mongo;

use super::legacy::TutorialHash;
use super::password::PasswordHash;
use super::user::{User, UserId};
use super::username::Username;
use crate::db::Unavailable;

/// A user and what the password is checked against.
#[derive(Clone, Debug)]
pub struct Account {
    /// Who it is.
    pub user: User,
    /// `None` when the document has no hash that we can check.
    pub password: Option<StoredPassword>,
}

impl StoredPassword {
    /// The hash as text, to notice that it is another one.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Argon2(hash) => hash.as_str(),
            Self::Tutorial(hash) => &hash.hash,
        }
    }
}

/// The hash in the document of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoredPassword {
    /// Ours.
    Argon2(PasswordHash),
    /// Made by the Express tutorial.
    Tutorial(TutorialHash),
}

/// A user store.
#[rocket::async_trait]
pub trait Users: Send + Sync {
    /// The user of this id: passport's `deserializeUser`.
    async fn find(&self, id: UserId) -> Result<Option<User>, Unavailable>;

    /// The account of this name, to log in to.
    async fn find_account(&self, username: &Username) -> Result<Option<Account>, Unavailable>;

    /// Makes an account. `None` when the name is taken, however close the race was.
    async fn insert(
        &self,
        username: &Username,
        password: &PasswordHash,
    ) -> Result<Option<User>, Unavailable>;

    /// Puts a new hash in the place of that in `old`. `version` is `old`'s when the password is
    /// the same, else one more. False, and nothing done, when another login was faster with an
    /// upgrade, or the password was changed meanwhile.
    async fn replace_password(
        &self,
        username: &Username,
        old: &Account,
        new: &PasswordHash,
        version: i64,
    ) -> Result<bool, Unavailable>;

    /// All users, the oldest first, and `most` at most.
    async fn all(&self, most: u32) -> Result<Vec<User>, Unavailable>;

    /// Deletes an account. Whoever is still logged in to it is nobody.
    async fn delete(&self, id: UserId) -> Result<(), Unavailable>;

    /// Deletes all accounts but those of admins; returns how many.
    async fn delete_students(&self) -> Result<u64, Unavailable>;

    /// Makes an account an admin's, or takes that back. False when there is none of this name.
    async fn set_admin(&self, username: &Username, admin: bool) -> Result<bool, Unavailable>;
}
