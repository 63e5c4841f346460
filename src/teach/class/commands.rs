//! What a teacher does on the machine itself: making seats, and the reset that `/class` has as well.

use super::control::Class;
use super::guesses::Counted;
use super::reset::{Report, ResetError, reset};
use super::room::Room;
use super::seats::{MOST_SEATS, Seeded, make};
use crate::config::{self, Config, StoreKind};
use crate::stores::{self, Backing, IfAway, StartError, Stores};
use crate::teach::labs::Labs;
use crate::teach::lessons::Contents;
use crate::teach::progress::ProgressStore;
use crate::trace::Recorder;
use crate::{sessions, strategy};

async fn open(config: &Config) -> Result<Stores, StartError> {
    if config.session.store == StoreKind::Memory {
        return Err(StartError::NeedsDatabase);
    }
    stores::open(config, IfAway::Stop).await
}

/// Makes the seats that are not there yet.
///
/// # Errors
/// There is no database, or it does not answer.
pub async fn seed(config: &Config, students: u32) -> Result<Seeded, StartError> {
    let stores = open(config).await?;
    let (strategy, class) = (strategy(config, &stores)?, Class::beside(&stores.backing));
    Ok(make(&strategy, &class, students.min(MOST_SEATS)).await?)
}

/// Resets the class, as `/class` does. Running servers hear of it.
///
/// # Errors
/// There is no database, it does not answer, or the backup cannot be written.
pub async fn begin_anew(config: Config) -> Result<Report, StartError> {
    let stores = open(&config).await?;
    let strategy = strategy(&config, &stores)?;
    let backing: &Backing = &stores.backing;
    let contents = Contents::read(&config::figment()).map_err(StartError::Lesson)?;
    let labs = Labs::beside(backing, &strategy).await?;
    let sessions = sessions(config.session.options, &stores, false)?;
    let room = Room {
        sessions: &sessions,
        strategy: &strategy,
        progress: &ProgressStore::beside(backing),
        contents: &contents,
        class: &Class::beside(backing),
        labs: &labs,
        recorder: &Recorder::default(),
        counted: &Counted::default(),
        address: None,
    };
    reset(&room).await.map_err(|error| match error {
        ResetError::Unavailable(error) => error.into(),
        error @ ResetError::Backup(_) => StartError::Backup(error.to_string()),
    })
}
