//! Accounts in the memory of this process, lost when it stops.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use mongodb::bson::oid::ObjectId;

use super::{Account, StoredPassword, Users};
use crate::auth::password::PasswordHash;
use crate::auth::username::{TypedName, Username};
use crate::auth::users::{User, UserId};
use crate::db::Unavailable;
use crate::trace::{self, Step};

/// Accounts in memory, by the key of the username. There are at most as many as in a class, so looking up an
/// ID goes through all of them.
#[derive(Default)]
pub struct MemoryUsers {
    accounts: Mutex<HashMap<String, Account>>,
}

impl MemoryUsers {
    fn accounts(&self) -> MutexGuard<'_, HashMap<String, Account>> {
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Notes a call, as the counterpart of a command to MongoDB.
fn note(method: &'static str) {
    trace::note(|| Step::MemoryUsers { method });
}

#[rocket::async_trait]
impl Users for MemoryUsers {
    async fn find(&self, id: UserId) -> Result<Option<User>, Unavailable> {
        note("find");
        let accounts = self.accounts();
        let account = accounts.values().find(|account| account.user.id == id);
        Ok(account.map(|account| account.user.clone()))
    }

    async fn find_account(&self, id: UserId) -> Result<Option<Account>, Unavailable> {
        note("find");
        Ok(self.accounts().values().find(|account| account.user.id == id).cloned())
    }

    async fn find_matching(&self, name: &TypedName) -> Result<Vec<Account>, Unavailable> {
        note("find by name");
        Ok(self.accounts().get(name.as_key()).cloned().into_iter().collect())
    }

    async fn insert(
        &self,
        username: &Username,
        password: &PasswordHash,
    ) -> Result<Option<User>, Unavailable> {
        let mut accounts = self.accounts();
        if accounts.contains_key(username.as_key()) {
            return Ok(None);
        }
        let user = User {
            id: UserId(ObjectId::new()),
            username: username.as_shown().to_owned(),
            admin: false,
            password_version: 0,
        };
        let account = Account {
            user: user.clone(),
            key: Some(username.as_key().to_owned()),
            password: Some(StoredPassword::Argon2(password.clone())),
        };
        note("insert");
        accounts.insert(username.as_key().to_owned(), account);
        Ok(Some(user))
    }

    async fn replace_password(
        &self,
        old: &Account,
        new: &PasswordHash,
        version: i64,
    ) -> Result<bool, Unavailable> {
        let mut accounts = self.accounts();
        match accounts.values_mut().find(|account| account.user.id == old.user.id) {
            Some(account) if account.password == old.password => {
                note("update");
                account.password = Some(StoredPassword::Argon2(new.clone()));
                account.user.password_version = version;
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    async fn all(&self, limit: u32) -> Result<Vec<User>, Unavailable> {
        let accounts = self.accounts();
        let mut users: Vec<User> = accounts.values().map(|account| account.user.clone()).collect();
        users.sort_by_key(|user| user.id.0);
        users.truncate(limit as usize);
        Ok(users)
    }

    async fn delete(&self, id: UserId) -> Result<(), Unavailable> {
        note("delete");
        self.accounts().retain(|_, account| account.user.id != id);
        Ok(())
    }

    async fn delete_students(&self) -> Result<u64, Unavailable> {
        let mut accounts = self.accounts();
        let before = accounts.len();
        accounts.retain(|_, account| account.user.admin);
        Ok((before - accounts.len()) as u64)
    }

    async fn set_admin(&self, id: UserId, admin: bool) -> Result<bool, Unavailable> {
        let mut accounts = self.accounts();
        let Some(account) = accounts.values_mut().find(|account| account.user.id == id) else {
            return Ok(false);
        };
        account.user.admin = admin;
        Ok(true)
    }
}
