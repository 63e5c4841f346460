//! The reset of a class: deletes the accounts, sessions, progress and recordings of all students, and the
//! counters of attempts. Their progress is saved to a file, and teachers stay logged in.
//!
//! Documents are deleted one collection after the other. No collection is dropped, so indexes stay.

use std::io;
use std::path::PathBuf;

use rocket::tokio::task::spawn_blocking;
use rocket_express_session::{SessionInfo, Timestamp};
use serde_json::json;

use super::board::Board;
use crate::auth::User;
use crate::auth::revoke::CLASS_RESET;
use crate::data_folder::write_new;
use crate::db::Unavailable;
use crate::teach::class_data::ClassData;
use crate::teach::labs::Labs;
use crate::teach::progress::ProgressStore;
use crate::teach::settings::{ClassSettings, Settings};
use crate::trace::Recorder;

/// The folder of the backups, below the folder that the server was started in.
pub const FOLDER: &str = ".data/class";

/// The outcome of a reset.
#[derive(Debug)]
pub struct Report {
    /// The number of accounts that were deleted.
    pub students: u64,
    /// The number of sessions that were ended.
    pub sessions: u64,
    /// The file with the progress of the students.
    pub backup: PathBuf,
}

/// Resets the class. What a process has recorded is left: see [`forget_recordings`].
///
/// # Errors
/// A store does not answer, and a part was done: another reset does the rest. The inner error: the backup
/// cannot be written, and nothing was done.
pub(super) async fn reset_class(
    class: ClassData<'_>,
    labs: &Labs,
    settings: &ClassSettings,
) -> Result<io::Result<Report>, Unavailable> {
    let ClassData { sessions, strategy, progress } = class;
    let (teachers, students): (Vec<_>, Vec<_>) =
        strategy.users.all(u32::MAX).await?.into_iter().partition(|user| user.admin);
    let backup = match back_up(students, progress).await? {
        Ok(file) => file,
        Err(error) => return Ok(Err(error)),
    };

    // Accounts first: a login in between then has a session without a user.
    let mut deleted = strategy.users.delete_students().await?;
    let teachers: Vec<String> = teachers.iter().map(|user| user.id.to_hex()).collect();
    let is_over =
        |session: &SessionInfo| session.user.as_ref().is_none_or(|user| !teachers.contains(user));
    let ended = sessions.admin().revoke_where(CLASS_RESET, is_over).await?;
    // The accounts that were registered in between belong to the class that is over.
    deleted += strategy.users.delete_students().await?;
    strategy.throttle.forget_all().await?;
    labs.clear().await?;
    progress.delete_except(&teachers).await?;
    let start_again = |settings: &mut Settings| {
        *settings = Settings { resets: settings.resets + 1, ..Settings::default() };
    };
    settings.change(start_again).await?;
    Ok(Ok(Report { students: deleted, sessions: ended, backup }))
}

async fn back_up(
    students: Vec<User>,
    progress: &ProgressStore,
) -> Result<io::Result<PathBuf>, Unavailable> {
    let progress = progress.all().await?;
    let students = students.iter().map(|user| {
        // Without the state of the labs, which has tickets in it.
        let lessons = progress.get(&user.id.to_hex()).map(|progress| &progress.lessons);
        json!({ "username": user.username, "lessons": lessons })
    });
    let backup = json!({ "students": students.collect::<Vec<_>>() });
    let name = format!("class-{}.json", Timestamp::now().to_iso().replace(':', "-"));
    // Not on a worker of Rocket: writing to a disk may take long.
    let save = move || write_new(FOLDER, &name, format!("{backup:#}").as_bytes());
    Ok(spawn_blocking(save).await.unwrap_or_else(|error| Err(io::Error::other(error))))
}

/// Deletes what this process has recorded of the class.
pub(super) fn forget_recordings(recorder: &Recorder, labs: &Labs, board: &Board) {
    recorder.clear();
    labs.stop_servers();
    board.put(None);
}
