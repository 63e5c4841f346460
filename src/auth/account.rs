//! The life of an account: a user makes it, changes its password, deletes it.
//!
//! The last two need the password once more ([`LocalStrategy::confirm`]), because another person may be using
//! a browser that was left open (OWASP ASVS 7.5.1). A right password gives a [`ReauthToken`], and without one
//! neither can be called.

use std::net::IpAddr;
use std::time::Duration;

use super::device;
use super::password::Password;
use super::queue::QueueSlot;
use super::strategy::LocalStrategy;
use super::throttle::{Admission, Bucket, Network};
use super::username::Username;
use super::users::{Account, StoredPassword, User, UserId};
use crate::db::Unavailable;

/// The result of a registration.
#[derive(Debug)]
pub enum Registration {
    /// The account is made. The second value is a device cookie, so that this browser is known to the
    /// account, even if an attacker guessed at the name before.
    Done(User, Option<String>),
    /// Another account has this name.
    Taken,
    /// Too many new accounts from this address.
    Throttled {
        /// How long no account can be made.
        retry_after: Duration,
    },
}

/// The result of asking a logged-in user for the password.
pub enum Confirmation {
    /// The password is right.
    Ok(Box<ReauthToken>),
    /// The password is wrong, or the account is gone.
    Wrong,
    /// Too many attempts: the password was not checked.
    Throttled {
        /// How long no password will be checked.
        retry_after: Duration,
    },
}

/// Proof that the user has just given the password of this account.
pub struct ReauthToken {
    account: Account,
    /// Held, so that a change of the password does not wait for a slot again.
    slot: QueueSlot,
}

impl LocalStrategy {
    /// Makes an account, unless the name is taken. Each attempt counts, also a failed one: it tells whether a
    /// name is taken.
    ///
    /// # Errors
    /// A store does not answer, or too many passwords are being hashed already.
    pub async fn register(
        &self,
        username: &Username,
        password: Password,
        address: IpAddr,
    ) -> Result<Registration, Unavailable> {
        // First of all: an attempt that gets no slot is not counted.
        let slot = self.queue.enter(("register", username.as_key()), address).await?;
        let buckets: Vec<_> = Network::around(address).map(Bucket::Registration).collect();
        if let Some(retry_after) = self.throttle.count(&buckets).await? {
            return Ok(Registration::Throttled { retry_after });
        }
        let Some((user, stored)) = self.insert(&slot, username, password).await? else {
            return Ok(Registration::Taken);
        };
        let device = device::issue(&self.secrets, &user.username, &stored);
        Ok(Registration::Done(user, device))
    }

    /// Makes an account without counting an attempt, for the command line and for seats. `None` when the name
    /// is taken.
    ///
    /// # Errors
    /// A store does not answer, or too many passwords are being hashed already.
    pub async fn make_account(
        &self,
        username: &Username,
        password: Password,
    ) -> Result<Option<(User, StoredPassword)>, Unavailable> {
        self.insert(&QueueSlot::unlimited(), username, password).await
    }

    async fn insert(
        &self,
        slot: &QueueSlot,
        username: &Username,
        password: Password,
    ) -> Result<Option<(User, StoredPassword)>, Unavailable> {
        // This saves the hash of a name that is taken. In a race, the unique index decides.
        if self.users.is_taken(&username.into()).await? {
            return Ok(None);
        }
        let hash = self.hasher.hash(slot, password).await?;
        let user = self.users.insert(username, &hash).await?;
        Ok(user.map(|user| (user, StoredPassword::Argon2(hash))))
    }

    /// Checks a password against the one that the account of `user` has now. Wrong ones are counted for the
    /// session with the handle `session`.
    ///
    /// # Errors
    /// A store does not answer, or too many passwords are being hashed already.
    pub async fn confirm(
        &self,
        user: &User,
        session: &str,
        typed: &str,
        address: IpAddr,
    ) -> Result<Confirmation, Unavailable> {
        let Some(password) = Password::typed(typed) else {
            return Ok(Confirmation::Wrong);
        };
        let slot = self.queue.enter(("session", session), address).await?;
        let Some(account) = self.users.find_account(user.id).await? else {
            return Ok(Confirmation::Wrong);
        };
        let permit = match self.throttle.try_acquire(&[Bucket::Confirmation(session)]).await? {
            Admission::Granted(permit) => permit,
            Admission::Throttled { retry_after } => {
                return Ok(Confirmation::Throttled { retry_after });
            }
        };
        if self.check(&slot, password, account.password.clone(), permit).await? {
            Ok(Confirmation::Ok(Box::new(ReauthToken { account, slot })))
        } else {
            Ok(Confirmation::Wrong)
        }
    }

    /// Gives the account a new password (OWASP ASVS 6.2.3). All sessions from before are anonymous from now
    /// on.
    ///
    /// Returns the user, and a device cookie for this browser. `None` when a concurrent change came first.
    ///
    /// # Errors
    /// A store does not answer, or too many passwords are being hashed already.
    pub async fn change_password(
        &self,
        token: &ReauthToken,
        new: Password,
    ) -> Result<Option<(User, Option<String>)>, Unavailable> {
        let ReauthToken { account, slot } = token;
        let new = self.hasher.hash(slot, new).await?;
        let version = account.user.password_version + 1;
        if !self.users.replace_password(account, &new, version).await? {
            return Ok(None);
        }
        let user = User { password_version: version, ..account.user.clone() };
        let device = device::issue(&self.secrets, &user.username, &StoredPassword::Argon2(new));
        Ok(Some((user, device)))
    }

    /// Deletes the account. Its sessions are anonymous from now on.
    ///
    /// # Errors
    /// The user store does not answer.
    pub async fn delete(&self, token: &ReauthToken) -> Result<(), Unavailable> {
        self.delete_account(token.account.user.id).await
    }

    /// Deletes an account that is not the caller's own. An admin has confirmed it.
    ///
    /// # Errors
    /// The user store does not answer.
    pub async fn delete_account(&self, id: UserId) -> Result<(), Unavailable> {
        self.users.delete(id).await?;
        if let Some(on_delete) = self.on_delete.get() {
            on_delete(id).await;
        }
        Ok(())
    }
}
