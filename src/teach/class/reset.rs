//! The reset of a class: accounts, sessions, progress and recordings of all students are deleted, and so are
//! the counts of their guesses. What they did is kept in a file, and teachers stay logged in.
//!
//! Documents are deleted one collection after the other and none is dropped, so that indexes stay.

use std::fs::{DirBuilder, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use rocket::tokio::task::spawn_blocking;
use rocket_express_session::{SessionInfo, Timestamp};
use serde_json::json;

use super::control::Control;
use super::room::Room;
use crate::auth::revoke::CLASS_RESET;
use crate::db::Unavailable;
use crate::teach::progress::Which;

/// Where the files are, below the folder that the server was started in.
const FOLDER: &str = ".data/class";

/// What came of it.
#[derive(Debug)]
pub struct Report {
    /// Accounts that are gone.
    pub students: u64,
    /// Sessions that have ended.
    pub sessions: u64,
    /// The file in which it is kept what the students did.
    pub backup: PathBuf,
}

/// Why the class was not reset.
#[derive(Debug, thiserror::Error)]
pub enum ResetError {
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
    #[error(
        "nothing was reset: the backup could not be written to {FOLDER} ({0}). Make that folder \
         writable, or start the program in a folder that is"
    )]
    Backup(#[from] std::io::Error),
}

/// Resets the class.
///
/// # Errors
/// The backup cannot be written, and nothing was done; or MongoDB does not answer: then some of it
/// was done, and doing it again does the rest.
pub async fn reset(room: &Room<'_>) -> Result<Report, ResetError> {
    let users = room.all_users().await?;
    let (teachers, students): (Vec<_>, Vec<_>) = users.into_iter().partition(|user| user.admin);
    let all = room.progress.all().await?;
    let kept = students.iter().map(|user| {
        // Not the lab bench: there are tickets on it.
        let lessons = all.get(&user.id.to_hex()).map(|progress| &progress.lessons);
        json!({ "username": user.username, "lessons": lessons })
    });
    let kept = json!({ "students": kept.collect::<Vec<_>>() });
    // Off the workers, of which a release has one: the disk may take its time.
    let written = spawn_blocking(move || keep(Path::new(FOLDER), &kept)).await;
    let backup = written.map_err(std::io::Error::other)??;

    // Accounts first: a login in between then has a session without a user.
    let mut gone = room.strategy.users.delete_students().await?;
    let teachers: Vec<String> = teachers.iter().map(|user| user.id.to_hex()).collect();
    let is_over = |session: &SessionInfo| match &session.user {
        Some(user) => !teachers.contains(user),
        None => true,
    };
    let sessions = room.sessions.admin().revoke_where(CLASS_RESET, is_over).await?;
    // A student who registered in between did so in a class that is over.
    gone += room.strategy.users.delete_students().await?;
    room.strategy.throttle.forget_all().await?;
    room.labs.clear().await?;
    room.progress.forget(Which::Others(&teachers)).await?;
    room.recorder.clear();
    room.class.put_on_board(None);
    room.class
        .change(|control| {
            let (resets, version) = (control.resets + 1, control.version);
            *control = Control { resets, version, ..Control::default() };
        })
        .await?;
    Ok(Report { students: gone, sessions, backup })
}

/// A new file that only its owner may read, in a folder that only its owner may enter.
fn keep(folder: &Path, what: &serde_json::Value) -> Result<PathBuf, std::io::Error> {
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(folder)?;
    // It may be there already, open to all.
    #[cfg(unix)]
    std::fs::set_permissions(folder, std::os::unix::fs::PermissionsExt::from_mode(0o700))?;
    let moment = Timestamp::now().to_iso().replace(':', "-");
    let path = folder.join(format!("class-{moment}.json"));
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&path)?;
    file.write_all(serde_json::to_string_pretty(what)?.as_bytes())?;
    file.sync_all()?;
    Ok(path)
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_backup_is_for_its_owner_also_in_a_folder_that_was_open() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("class");
        std::fs::create_dir(&folder).unwrap();
        std::fs::set_permissions(&folder, PermissionsExt::from_mode(0o777)).unwrap();
        let file = keep(&folder, &json!({ "students": [] })).unwrap();
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&folder), mode(&file)), (0o700, 0o600));
    }
}
