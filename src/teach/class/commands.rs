//! The commands of a teacher on the machine of the server: making seats, and the reset of `/class`.

use super::reset::{FOLDER, Report, reset_class};
use super::seats::{MAX_SEATS, Seeded, make};
use crate::config::Config;
use crate::stores::{self, OnUnreachable, OpenError, Stores};
use crate::teach::class_data::ClassData;
use crate::teach::labs::Labs;
use crate::teach::progress::ProgressStore;
use crate::teach::settings::ClassSettings;
use crate::{StartError, sessions, strategy};

/// Why a command for the class failed.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// The stores cannot be opened, or do not answer.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The backup of a reset cannot be written.
    #[error(
        "nothing was reset: the backup could not be written to {FOLDER} ({0}). Make that folder \
         writable, or start the program in a folder that is"
    )]
    Backup(std::io::Error),
}

impl<E: Into<OpenError>> From<E> for CommandError {
    fn from(error: E) -> Self {
        Self::Start(error.into().into())
    }
}

async fn open(config: &Config) -> Result<Stores, OpenError> {
    stores::require_database(config)?;
    stores::open(config, OnUnreachable::Stop).await
}

/// Makes the seats that do not exist yet.
///
/// # Errors
/// There is no database, or it does not answer.
pub async fn seed(config: &Config, students: u32) -> Result<Seeded, CommandError> {
    let stores = open(config).await?;
    let strategy = strategy(config, &stores)?;
    let settings = ClassSettings::new(&stores.backing);
    Ok(make(&strategy, &settings, students.min(MAX_SEATS)).await?)
}

/// Resets the class, as `/class` does. Running servers notice it, and forget what they have recorded.
///
/// # Errors
/// There is no database, it does not answer, or the backup cannot be written.
pub async fn reset(config: Config) -> Result<Report, CommandError> {
    let stores = open(&config).await?;
    let strategy = strategy(&config, &stores)?;
    let labs = Labs::open(&stores.backing, &strategy).await?;
    let sessions = sessions(config.session.options, &stores, false)?;
    let progress = ProgressStore::new(&stores.backing);
    let settings = ClassSettings::new(&stores.backing);
    let class = ClassData { sessions: &sessions, strategy: &strategy, progress: &progress };
    reset_class(class, &labs, &settings).await?.map_err(CommandError::Backup)
}
