//! `cloakroom password`: sets a new password for a user who has forgotten the old one.

use cloakroom::audit::{self, Actor, AuditEvent, Outcome};
use cloakroom::auth::queue::QueueSlot;
use cloakroom::config::Config;
use cloakroom::stores::{self, OnUnreachable};

use super::CommandError;
use super::accounts::the_account;

/// Sets a new password, and prints it once.
pub(crate) async fn reset_password(config: Config, username: &str) -> Result<(), CommandError> {
    stores::require_database(&config)?;
    let stores = stores::open(&config, OnUnreachable::Stop).await?;
    let strategy = cloakroom::strategy(&config, &stores)?;
    let sessions = cloakroom::sessions(config.session.options, &stores, false)?;
    let user = the_account(&*strategy.users, username).await?;
    let user = user.ok_or_else(|| CommandError::NoSuchUser(username.to_owned()))?;
    let reset = strategy.reset_password(&user, &sessions, &QueueSlot::unlimited()).await;
    let reset = reset.map_err(CommandError::MaybeReset)?;
    let reset = reset.ok_or_else(|| CommandError::JustChanged(user.username.clone()))?;
    audit::record(AuditEvent::ResetPassword, Outcome::Done, Actor::Name(&user.username));
    println!(
        "The new password of {}, shown only this once:\n\n    {}\n\n\
         Tell it to the owner of the account, who logs in with it and changes it on the account page (/account).",
        user.username.escape_debug(),
        reset.passphrase.as_str()
    );
    let ended = reset.ended.map_err(CommandError::NotEnded)?;
    println!("The old password no longer works. Sessions ended: {ended}.");
    reset.unlocked.map_err(CommandError::NotUnlocked)?;
    Ok(())
}
