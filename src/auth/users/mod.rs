//! The accounts, and the contract of the two stores for them.
//!
//! `mongo` stores them in MongoDB, beside the accounts of an Express app. `memory` needs no database, and
//! loses them when the program stops. Only `strategy.rs` and `account.rs` use password hashes. All other code
//! gets a [`User`], which has none.

pub mod memory;
pub mod mongo;
mod replacement;

use mongodb::bson::oid::ObjectId;

use super::legacy::LegacyHash;
use super::password::PasswordHash;
use super::username::{TypedName, Username, key_of};
use crate::db::Unavailable;

/// The ID of an account: an `ObjectId`, which passport writes into the session as 24 hex digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct UserId(pub ObjectId);

impl UserId {
    /// The ID as text: passport's `serializeUser`.
    pub fn to_hex(self) -> String {
        self.0.to_hex()
    }

    /// Reads an ID. `None` for a text that is not 24 hex digits.
    pub fn from_hex(text: &str) -> Option<Self> {
        ObjectId::parse_str(text).ok().map(Self)
    }
}

/// A user, without the password hash: what a page does not get, it cannot show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// The ID that a session holds.
    pub id: UserId,
    /// The name as its owner wrote it.
    pub username: String,
    /// Whether the user is an admin. `cloakroom grant` sets this, and no form does.
    pub admin: bool,
    /// How often the password was changed. A session stores the number at its login, and is anonymous when
    /// the account has another one. So a person who knew only the old password is logged out.
    pub password_version: i64,
}

/// A user, with the hash that a password is checked against.
#[derive(Clone, Debug)]
pub struct Account {
    /// The user.
    pub user: User,
    /// The key that is reserved for this account. An account of another program gets one at its first login
    /// here.
    pub key: Option<String>,
    /// `None` when the document has no hash that we can check.
    pub password: Option<StoredPassword>,
}

/// The hash in the document of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoredPassword {
    /// A hash of this program.
    Argon2(PasswordHash),
    /// A hash of another program.
    Legacy(LegacyHash),
}

impl StoredPassword {
    /// The text of the hash.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Argon2(hash) => hash.as_str(),
            Self::Legacy(hash) => hash.as_str(),
        }
    }
}

/// The accounts that a name or an ID can mean.
#[derive(Debug)]
pub enum Named {
    /// No account.
    None,
    /// Exactly one account.
    One(User),
    /// Several accounts, because an Express app on the same database checks no names. Their IDs differ.
    Several(Vec<User>),
}

/// The names and IDs of users, in one line.
pub fn list(users: &[User]) -> String {
    let texts: Vec<String> =
        users.iter().map(|user| format!("{:?} ({})", user.username, user.id.to_hex())).collect();
    texts.join(", ")
}

impl Account {
    /// Whether the name can mean this account. Then it is taken for a registration.
    fn matches(&self, name: &TypedName) -> bool {
        let username = self.user.username.as_str();
        let is_text = username == name.as_typed() || username == name.trimmed();
        is_text || self.holds_key(name) || key_of(username) == name.as_key()
    }

    fn holds_key(&self, name: &TypedName) -> bool {
        self.key.as_deref() == Some(name.as_key())
    }
}

/// Those of the accounts that the name can mean, each once.
fn matching(mut accounts: Vec<Account>, name: &TypedName) -> Vec<Account> {
    accounts.retain(|account| account.matches(name));
    accounts.sort_by_key(|account| account.user.id.0);
    accounts.dedup_by_key(|account| account.user.id);
    accounts
}

/// Chooses the account that a login with this name means, among those that match it.
///
/// An account with exactly this name comes first, because `Bob` and `bob` of an Express app are two accounts.
/// The account that holds the key comes next. If two accounts have exactly this name, the one that holds the
/// key is meant, or else the older one. If several accounts match by their key only, and none holds it, the
/// result is `None`: an attempt must not choose among them.
fn choose_for_login(mut accounts: Vec<Account>, name: &TypedName) -> Option<Account> {
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

/// A store for accounts.
#[rocket::async_trait]
pub trait Users: Send + Sync {
    /// The user of this ID: passport's `deserializeUser`.
    async fn find(&self, id: UserId) -> Result<Option<User>, Unavailable>;

    /// The account of this ID, with its password hash.
    async fn find_account(&self, id: UserId) -> Result<Option<Account>, Unavailable>;

    /// All accounts that the name can mean, by their exact name or by its key.
    async fn find_matching(&self, name: &TypedName) -> Result<Vec<Account>, Unavailable>;

    /// Whether the name is taken for a registration, because it can mean an existing account.
    async fn is_taken(&self, name: &TypedName) -> Result<bool, Unavailable> {
        Ok(!self.find_matching(name).await?.is_empty())
    }

    /// The account that a login with this name means.
    async fn find_for_login(&self, name: &TypedName) -> Result<Option<Account>, Unavailable> {
        Ok(choose_for_login(self.find_matching(name).await?, name))
    }

    /// The accounts that an admin can mean by a name or by an ID of 24 hex digits.
    async fn named(&self, typed: &str) -> Result<Named, Unavailable> {
        // The ID comes first, because an attacker can register a name that looks like an ID.
        if let Some(id) = UserId::from_hex(typed.trim())
            && let Some(user) = self.find(id).await?
        {
            return Ok(Named::One(user));
        }
        let Some(name) = TypedName::new(typed) else { return Ok(Named::None) };
        let accounts = self.find_matching(&name).await?.into_iter();
        let mut users: Vec<User> = accounts.map(|account| account.user).collect();
        Ok(match (users.pop(), users.is_empty()) {
            (None, _) => Named::None,
            (Some(user), true) => Named::One(user),
            (Some(user), false) => Named::Several([users, vec![user]].concat()),
        })
    }

    /// Makes an account. `None` when the name is taken.
    async fn insert(
        &self,
        username: &Username,
        password: &PasswordHash,
    ) -> Result<Option<User>, Unavailable>;

    /// Replaces the hash in `old` by a new one, and reserves the key of the name for the account.
    ///
    /// `version` is that of `old` when the password is the same, and one more when it is new. False, with
    /// nothing done, when a concurrent login or change has already replaced the hash. False as well when
    /// another account holds the key and the password is the same: the old hash stays, for the program that
    /// made it.
    async fn replace_password(
        &self,
        old: &Account,
        new: &PasswordHash,
        version: i64,
    ) -> Result<bool, Unavailable>;

    /// All users, the oldest first, up to `limit`.
    async fn all(&self, limit: u32) -> Result<Vec<User>, Unavailable>;

    /// Deletes an account. Its sessions are anonymous from now on.
    async fn delete(&self, id: UserId) -> Result<(), Unavailable>;

    /// Deletes all accounts except those of admins. Returns how many.
    async fn delete_students(&self) -> Result<u64, Unavailable>;

    /// Gives an account admin rights, or removes them. False when there is no account of this ID.
    async fn set_admin(&self, id: UserId, admin: bool) -> Result<bool, Unavailable>;
}
