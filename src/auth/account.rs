//! The life of an account: it is made, its password changes, it is deleted.
//!
//! The last two need the password once more ([`LocalStrategy::confirm`]): a browser that was left open is no
//! proof of who sits in front of it (OWASP ASVS 7.5.1). The proof is a value, [`Confirmed`], without which
//! neither can be called.

use std::net::IpAddr;
use std::time::Duration;

use super::device;
use super::password::Password;
use super::queue::QueueSlot;
use super::strategy::LocalStrategy;
use super::throttle::{Lane, Network};
use super::username::Username;
use super::users::{Account, StoredPassword, User};
use crate::db::Unavailable;

/// What came of a registration.
#[derive(Debug)]
pub enum Registration {
    /// The account is made. With it comes a device cookie: this browser is no stranger to the account, even if
    /// an attacker guessed at the name before it was taken.
    Done(User, Option<String>),
    /// Another account has this name.
    Taken,
    /// Too many new accounts from this address: the next may be made after so long.
    TryLater(Duration),
}

/// The result of asking a logged-in user for the password.
pub enum Confirmation {
    /// It is right.
    Right(Box<Confirmed>),
    /// It is wrong, or the account is gone.
    Wrong,
    /// Too many guesses: nothing was checked, and nothing will be for so long.
    TryLater(Duration),
}

/// The user has just given the password of this account.
pub struct Confirmed {
    account: Account,
    /// Kept, so that a change of the password does not wait twice.
    slot: QueueSlot,
}

impl LocalStrategy {
    /// Makes an account, unless the name is taken. Attempts are counted, whatever comes of them:
    /// each tells whether a name exists.
    ///
    /// # Errors
    /// A store does not answer, or too many passwords are being hashed already.
    pub async fn register(
        &self,
        username: &Username,
        password: Password,
        address: IpAddr,
    ) -> Result<Registration, Unavailable> {
        // First of all: what there is no time for is not counted.
        let slot = self.queue.enter(("register", username.as_key()), address).await?;
        let lanes: Vec<_> = Network::around(address).map(Lane::Registration).collect();
        if let Err(wait) = self.throttle.pass(&lanes).await? {
            return Ok(Registration::TryLater(wait));
        }
        let Some((user, stored)) = self.insert(&slot, username, password).await? else {
            return Ok(Registration::Taken);
        };
        let device = device::issue(&self.secrets, &user.username, &stored);
        Ok(Registration::Done(user, device))
    }

    /// Makes an account and counts no attempt: for a command on the machine itself. `None` when the name is
    /// taken.
    ///
    /// # Errors
    /// A store does not answer, or too many passwords are being hashed already.
    pub async fn make_account(
        &self,
        username: &Username,
        password: Password,
    ) -> Result<Option<(User, StoredPassword)>, Unavailable> {
        self.insert(&QueueSlot::of_a_command(), username, password).await
    }

    async fn insert(
        &self,
        slot: &QueueSlot,
        username: &Username,
        password: Password,
    ) -> Result<Option<(User, StoredPassword)>, Unavailable> {
        // Looked up first to spare the hash; the unique index decides all the same.
        if self.users.is_taken(&username.into()).await? {
            return Ok(None);
        }
        let hash = self.hasher.hash(slot, password).await?;
        let user = self.users.insert(username, &hash).await?;
        Ok(user.map(|user| (user, StoredPassword::Argon2(hash))))
    }

    /// Checks the password that the account of `user` has now. Wrong ones are counted by `session`,
    /// the handle of the one that asks.
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
        let Some(account) = self.users.find_by_id(user.id).await? else {
            return Ok(Confirmation::Wrong);
        };
        let taken = match self.throttle.take(&[Lane::Confirmation(session)]).await? {
            Ok(taken) => taken,
            Err(wait) => return Ok(Confirmation::TryLater(wait)),
        };
        if self.check(&slot, password, account.password.clone(), taken).await? {
            Ok(Confirmation::Right(Box::new(Confirmed { account, slot })))
        } else {
            Ok(Confirmation::Wrong)
        }
    }

    /// Gives the account a new password (OWASP ASVS 6.2.3). Every session made under the old one
    /// is anonymous from now on. Returns the user, and a device cookie for this browser; `None` when
    /// a concurrent change came first.
    ///
    /// # Errors
    /// A store does not answer, or too many passwords are being hashed already.
    pub async fn change_password(
        &self,
        confirmed: &Confirmed,
        new: Password,
    ) -> Result<Option<(User, Option<String>)>, Unavailable> {
        let Confirmed { account, slot } = confirmed;
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
    pub async fn delete(&self, confirmed: &Confirmed) -> Result<(), Unavailable> {
        self.users.delete(confirmed.account.user.id).await
    }
}
