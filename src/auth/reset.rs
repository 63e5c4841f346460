//! Sets a new password for a user who has forgotten the old one.
//!
//! An admin does this, with `cloakroom password` or on the admin page, and tells the user the new password.
//! There is no other way, because the site has no email addresses.

use rocket_express_session::Sessions;

use super::passphrase::Passphrase;
use super::queue::QueueSlot;
use super::revoke::PASSWORD_RESET;
use super::strategy::LocalStrategy;
use super::username::key_of;
use super::users::User;
use crate::db::{Unavailable, in_time};

/// A password that was reset. The old one no longer works, and all sessions of the account are anonymous.
#[derive(Debug)]
pub struct PasswordReset {
    /// The new password.
    pub passphrase: Passphrase,
    /// The number of sessions that were deleted. After an error, some are still stored, but they are
    /// anonymous.
    pub ended: Result<u64, Unavailable>,
    /// Whether failed logins were counted, which are forgotten now. After an error, they are still counted.
    pub unlocked: Result<bool, Unavailable>,
}

impl LocalStrategy {
    /// Gives the account of `user` a new password of random words, and a seat of a class a new card. Ends all
    /// its sessions, and resets its failed-login counter, so that earlier guesses do not keep the user out.
    ///
    /// `None`, with nothing done, when a concurrent login or change came first, or the account is gone.
    ///
    /// # Errors
    /// A store does not answer, or too many passwords are being hashed already. The new password may be
    /// stored or not.
    pub async fn reset_password(
        &self,
        user: &User,
        sessions: &Sessions,
        slot: &QueueSlot,
    ) -> Result<Option<PasswordReset>, Unavailable> {
        let Some(account) = self.users.find_account(user.id).await? else { return Ok(None) };
        let version = account.user.password_version + 1;
        let card = self.card(&User { password_version: version, ..account.user.clone() });
        let (passphrase, password) = match card.and_then(Passphrase::on_card) {
            Some(on_card) => on_card,
            None => Passphrase::draw(&self.policy, &account.user.username)?,
        };
        let hash = self.hasher.hash(slot, password).await?;
        if !self.users.replace_password(&account, &hash, version).await? {
            return Ok(None);
        }
        // The new password is stored. So the caller gets it, whatever fails from here on.
        let (id, key) = (user.id.to_hex(), key_of(&account.user.username));
        let ended = in_time(sessions.admin().revoke_user(&id, PASSWORD_RESET)).await.flatten();
        let unlocked = self.throttle.unlock(&key).await;
        Ok(Some(PasswordReset { passphrase, ended, unlocked }))
    }
}
