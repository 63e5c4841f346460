//! The accounts, and where they are kept: the contract of the two user stores.
//!
//! `mongo` for real, beside the accounts of an Express app; `memory` for trying out. Only
//! `strategy.rs` sees a password hash; all other code gets a [`User`], which has none.

pub mod memory;
pub mod mongo;
mod replacement;

use mongodb::bson::oid::ObjectId;

use super::legacy::LegacyHash;
use super::password::PasswordHash;
use super::username::{TypedName, Username, key_of};
use crate::db::Unavailable;

/// The id of an account: an ObjectId, which passport writes into the session as 24 hex digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct UserId(pub ObjectId);

impl UserId {
    /// passport's `serializeUser`.
    pub fn to_hex(self) -> String {
        self.0.to_hex()
    }

    /// The other way; `None` for what is no 24 hex digits.
    pub fn from_hex(text: &str) -> Option<Self> {
        ObjectId::parse_str(text).ok().map(Self)
    }
}

/// Who is logged in. Has no password in it, not even the hash: what a page does not get, it cannot
/// show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// What the session holds.
    pub id: UserId,
    /// As its owner wrote it.
    pub username: String,
    /// May see `/admin`. Given by `cloakroom grant`, never by a form.
    pub admin: bool,
    /// How often the password was changed. A session says under which one it was made, and is
    /// anonymous under another: a person who knew only the old password is logged out.
    pub password_version: i64,
}

/// A user and what the password is checked against.
#[derive(Clone, Debug)]
pub struct Account {
    /// Who it is.
    pub user: User,
    /// The key that is reserved for it. An account of another program has none until its first login
    /// here.
    pub key: Option<String>,
    /// `None` when the document has no hash that we can check.
    pub password: Option<StoredPassword>,
}

impl StoredPassword {
    /// The hash as text, to notice that it is another one.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Argon2(hash) => hash.as_str(),
            Self::Legacy(hash) => hash.as_str(),
        }
    }
}

/// The hash in the document of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoredPassword {
    /// Ours.
    Argon2(PasswordHash),
    /// Made by another program.
    Legacy(LegacyHash),
}

/// The accounts that a name can mean.
#[derive(Debug)]
pub enum Named {
    /// There is none.
    None,
    /// Exactly one.
    One(User),
    /// Several: an Express app on the same database checks no name. Their IDs tell them apart.
    Several(Vec<User>),
}

/// Accounts in one line, by name and ID.
pub fn list(users: &[User]) -> String {
    let texts: Vec<String> =
        users.iter().map(|user| format!("{:?} ({})", user.username, user.id.to_hex())).collect();
    texts.join(", ")
}

impl Account {
    /// Whether the account answers to the name, so that no registration may take it.
    fn answers_to(&self, name: &TypedName) -> bool {
        let username = self.user.username.as_str();
        let is_text = username == name.as_typed() || username == name.trimmed();
        is_text || self.holds_key(name) || key_of(username) == name.as_key()
    }

    fn holds_key(&self, name: &TypedName) -> bool {
        self.key.as_deref() == Some(name.as_key())
    }
}

/// Those of the accounts that answer to the name, each once.
fn answering(mut accounts: Vec<Account>, name: &TypedName) -> Vec<Account> {
    accounts.retain(|account| account.answers_to(name));
    accounts.sort_by_key(|account| account.user.id.0);
    accounts.dedup_by_key(|account| account.user.id);
    accounts
}

/// The account that a login with this name means, of those that answer to it.
///
/// The very text counts first, and then the key: `Bob` and `bob` of an Express app are two accounts.
/// Two accounts can have equal texts: then the one that holds the key is meant, or else the older one.
/// Without the very text, several accounts without a key are none. A guess must not choose among them.
fn meant(mut accounts: Vec<Account>, name: &TypedName) -> Option<Account> {
    let rank = |account: &Account| {
        let username = account.user.username.as_str();
        let (is_text, is_trimmed) = (username == name.as_typed(), username == name.trimmed());
        (!is_text, !is_trimmed, !account.holds_key(name))
    };
    accounts.sort_by_key(|account| (rank(account), account.user.id.0));
    let is_certain = accounts.len() == 1
        || accounts.first().is_some_and(|first| rank(first) != (true, true, true));
    accounts.into_iter().next().filter(|_| is_certain)
}

/// A user store.
#[rocket::async_trait]
pub trait Users: Send + Sync {
    /// The user of this id: passport's `deserializeUser`.
    async fn find(&self, id: UserId) -> Result<Option<User>, Unavailable>;

    /// The account of this id, with its password.
    async fn find_by_id(&self, id: UserId) -> Result<Option<Account>, Unavailable>;

    /// All accounts that answer to the name: by their very text, or by their key.
    async fn find_all(&self, name: &TypedName) -> Result<Vec<Account>, Unavailable>;

    /// Whether a registration may not take the name, because an account answers to it.
    async fn is_taken(&self, name: &TypedName) -> Result<bool, Unavailable> {
        Ok(!self.find_all(name).await?.is_empty())
    }

    /// The account that a login with this name means.
    async fn find_account(&self, name: &TypedName) -> Result<Option<Account>, Unavailable> {
        Ok(meant(self.find_all(name).await?, name))
    }

    /// The accounts that an admin can mean by a name or by an ID of 24 hex digits.
    async fn named(&self, typed: &str) -> Result<Named, Unavailable> {
        // An ID goes before a name, which a stranger can choose to look like an ID.
        if let Some(id) = UserId::from_hex(typed.trim())
            && let Some(user) = self.find(id).await?
        {
            return Ok(Named::One(user));
        }
        let Some(name) = TypedName::new(typed) else { return Ok(Named::None) };
        let accounts = self.find_all(&name).await?.into_iter();
        let mut users: Vec<User> = accounts.map(|account| account.user).collect();
        Ok(match (users.pop(), users.is_empty()) {
            (None, _) => Named::None,
            (Some(user), true) => Named::One(user),
            (Some(user), false) => Named::Several([users, vec![user]].concat()),
        })
    }

    /// Makes an account. `None` when another account answers to the name.
    async fn insert(
        &self,
        username: &Username,
        password: &PasswordHash,
    ) -> Result<Option<User>, Unavailable>;

    /// Puts a new hash in the place of that in `old`, and reserves the key of the name for the
    /// account. `version` is `old`'s when the password is the same, else one more. False, and nothing
    /// done, when a concurrent login or change has replaced the hash. Also when another account holds
    /// the key and the password is the same: then the old hash stays, for the program that made it.
    async fn replace_password(
        &self,
        old: &Account,
        new: &PasswordHash,
        version: i64,
    ) -> Result<bool, Unavailable>;

    /// All users, the oldest first, and `most` at most.
    async fn all(&self, most: u32) -> Result<Vec<User>, Unavailable>;

    /// Deletes an account. Sessions that are still logged in to it are anonymous from now on.
    async fn delete(&self, id: UserId) -> Result<(), Unavailable>;

    /// Deletes all accounts but those of admins; returns how many.
    async fn delete_students(&self) -> Result<u64, Unavailable>;

    /// Gives an account admin rights, or removes them. False when there is none of this id.
    async fn set_admin(&self, id: UserId, admin: bool) -> Result<bool, Unavailable>;
}
