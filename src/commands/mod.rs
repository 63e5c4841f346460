//! What each command does. `main.rs` has the names and the arguments of the commands.
//!
//! `serve` starts the server, `health` asks a running one, `class` prepares and resets a class, `accounts`
//! changes one account, and `password` sets a new password.

pub(crate) mod accounts;
pub(crate) mod class;
pub(crate) mod health;
pub(crate) mod password;
pub(crate) mod serve;

use std::io;
use std::net::SocketAddr;

use cloakroom::StartError;
use cloakroom::config::{Config, ConfigError, DEVELOPMENT_SECRET};
use cloakroom::data_folder;
use cloakroom::db::{Mongo, Unavailable};
use cloakroom::network::PublicAddress;
use cloakroom::stores::{self, OpenError};
use cloakroom::teach::class::FOLDER;
use rocket::figment::Figment;

/// A reason why a command failed. Its message is one line.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CommandError {
    #[error(transparent)]
    Start(#[from] StartError),
    #[error(
        "nothing was reset: the backup could not be written to {FOLDER} ({0}). Make that folder writable, or \
         start the program in a folder that is"
    )]
    NoBackup(io::Error),
    #[error(
        "the secret of this class cannot be kept in .data/secret ({0}). Make that folder writable, delete that \
         file, or set SESSION_SECRET"
    )]
    NoSecret(io::Error),
    #[error(transparent)]
    PublicAddress(#[from] PublicAddress),
    #[error(
        "the server did not start on port {0}: {1}. If the port is in use, set ROCKET_PORT to another one"
    )]
    Launch(u16, String),
    #[error(
        "the metrics are not served at {0}: {1}. If the port is in use, set ROCKET_METRICS to another address"
    )]
    Metrics(SocketAddr, String),
    #[error("not ready: {0}")]
    NotReady(String),
    #[error("the threads cannot start: {0}")]
    Threads(io::Error),
    #[error("no account has the name or the ID {0:?}")]
    NoSuchUser(String),
    #[error(
        "the name {0:?} fits several accounts: {1}. Nothing was changed. Use the ID of the account that you mean"
    )]
    Ambiguous(String, String),
    #[error(
        "the password of {0:?} was changed a moment ago, or the account was deleted. Nothing was changed now. Run \
         the command again if a new password is still needed"
    )]
    JustChanged(String),
    #[error(
        "the new password may be set or not: {0}. Run the command again: it sets another new password"
    )]
    MaybeReset(Unavailable),
    #[error(
        "the new password is set, and no browser is logged in to the account. But some of its sessions stay \
         stored until they expire: {0}"
    )]
    NotEnded(Unavailable),
    #[error(
        "the new password is set, but the failed-login counter was not reset: {0}. Run: cloakroom unlock, with the \
         same name"
    )]
    NotUnlocked(Unavailable),
}

impl From<ConfigError> for CommandError {
    fn from(error: ConfigError) -> Self {
        Self::Start(error.into())
    }
}

impl From<OpenError> for CommandError {
    fn from(error: OpenError) -> Self {
        Self::Start(error.into())
    }
}

impl From<Unavailable> for CommandError {
    fn from(error: Unavailable) -> Self {
        OpenError::from(error).into()
    }
}

/// The settings for a command beside a class: with the secret that the class has stored, if there is one.
pub(crate) fn settings_beside_class(figment: Figment) -> Result<Figment, CommandError> {
    with_secret(figment, data_folder::secret)
}

/// Adds the secret of the data folder, unless the settings have one.
fn with_secret(
    figment: Figment,
    secret: impl FnOnce() -> io::Result<Option<String>>,
) -> Result<Figment, CommandError> {
    // A list of secrets is no text, and was set.
    let set = figment.extract_inner::<String>("session.secret");
    if set.is_ok_and(|set| set == DEVELOPMENT_SECRET)
        && let Some(own) = secret().map_err(CommandError::NoSecret)?
    {
        return Ok(figment.merge(("session.secret", own)));
    }
    Ok(figment)
}

/// Applies the migrations and stops.
pub(crate) async fn migrate(config: &Config) -> Result<(), CommandError> {
    stores::open_database(config).await?;
    println!("The database is up to date.");
    Ok(())
}

/// The database of the settings, for a command that works on the accounts of a server.
async fn database(config: &Config) -> Result<Mongo, OpenError> {
    stores::require_database(config)?;
    stores::open_database(config).await
}
