//! The commands of a teacher on the machine of the server: making seats, and the reset of `/class`.

use std::io;

use super::reset::{Report, reset_class};
use super::seats::{MAX_SEATS, Seeded, make};
use crate::config::Config;
use crate::stores::{self, OnUnreachable, OpenError, Stores};
use crate::teach::class_data::ClassData;
use crate::teach::labs::Labs;
use crate::teach::progress::ProgressStore;
use crate::teach::settings::ClassSettings;
use crate::{StartError, sessions, strategy};

async fn open(config: &Config) -> Result<Stores, OpenError> {
    stores::require_database(config)?;
    stores::open(config, OnUnreachable::Stop).await
}

/// Makes the seats that do not exist yet.
///
/// # Errors
/// There is no database, or it does not answer.
pub async fn seed(config: &Config, students: u32) -> Result<Seeded, StartError> {
    let stores = open(config).await?;
    let strategy = strategy(config, &stores)?;
    let settings = ClassSettings::new(&stores.backing);
    Ok(make(&strategy, &settings, students.min(MAX_SEATS)).await.map_err(OpenError::from)?)
}

/// Resets the class, as `/class` does. Running servers notice it, and forget what they have recorded.
///
/// # Errors
/// There is no database, or it does not answer. The inner error: the backup cannot be written to
/// [`FOLDER`](super::FOLDER).
pub async fn reset(config: Config) -> Result<io::Result<Report>, StartError> {
    let stores = open(&config).await?;
    let strategy = strategy(&config, &stores)?;
    let labs = Labs::open(&stores.backing, &strategy).await.map_err(OpenError::from)?;
    let sessions = sessions(config.session.options, &stores, false)?;
    let progress = ProgressStore::new(&stores.backing);
    let settings = ClassSettings::new(&stores.backing);
    let class = ClassData { sessions: &sessions, strategy: &strategy, progress: &progress };
    Ok(reset_class(class, &labs, &settings).await.map_err(OpenError::from)?)
}
