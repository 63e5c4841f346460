//! The reset of a class: deletes the accounts, sessions, progress and recordings of all students, and the
//! counters of attempts. Their progress is saved to a file, and teachers stay logged in.
//!
//! Documents are deleted one collection after the other. No collection is dropped, so indexes stay.

use std::fs::{DirBuilder, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use rocket::Request;
use rocket::http::Status;
use rocket::outcome::IntoOutcome as _;
use rocket::request::{FromRequest, Outcome};
use rocket::tokio::task::spawn_blocking;
use rocket_express_session::{SessionInfo, Timestamp};
use serde_json::{Value, json};

use super::board::Board;
use crate::auth::revoke::CLASS_RESET;
use crate::auth::throttle::Throttle;
use crate::auth::{LocalStrategy, User};
use crate::db::Unavailable;
use crate::teach::class_data::ClassData;
use crate::teach::labs::Labs;
use crate::teach::progress::Scope;
use crate::teach::settings::{ClassSettings, Settings};
use crate::trace::Recorder;

/// The folder of the backups, below the folder that the server was started in.
pub(super) const FOLDER: &str = ".data/class";

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

/// The stores that a reset clears.
pub(super) struct Reset<'r> {
    /// The accounts, sessions and progress.
    pub class: ClassData<'r>,
    /// The counters of attempts.
    pub throttle: &'r Throttle,
    /// The labs.
    pub labs: &'r Labs,
    /// The settings of the class.
    pub settings: &'r ClassSettings,
}

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Reset<'r> {
    type Error = ();

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, ()> {
        let rocket = request.rocket();
        let reset = || {
            let throttle = &rocket.state::<LocalStrategy>()?.throttle;
            let (labs, settings) = (rocket.state()?, rocket.state()?);
            Some(Self { class: ClassData::of(rocket)?, throttle, labs, settings })
        };
        reset().or_error((Status::InternalServerError, ()))
    }
}

impl Reset<'_> {
    /// Resets the class. What a process has recorded is left: see [`forget_recordings`].
    ///
    /// # Errors
    /// The backup cannot be written, and nothing was done. Or a store does not answer, and a part was done:
    /// another reset does the rest.
    pub(super) async fn run(&self) -> Result<Report, ResetError> {
        let ClassData { sessions, users, progress } = self.class;
        let (teachers, students): (Vec<_>, Vec<_>) =
            users.all(u32::MAX).await?.into_iter().partition(|user| user.admin);
        let backup = self.back_up(students).await?;

        // Accounts first: a login in between then has a session without a user.
        let mut deleted = users.delete_students().await?;
        let teachers: Vec<String> = teachers.iter().map(|user| user.id.to_hex()).collect();
        let is_over = |session: &SessionInfo| match &session.user {
            Some(user) => !teachers.contains(user),
            None => true,
        };
        let ended = sessions.admin().revoke_where(CLASS_RESET, is_over).await?;
        // The accounts that were registered in between belong to the class that is over.
        deleted += users.delete_students().await?;
        self.throttle.forget_all().await?;
        self.labs.clear().await?;
        progress.delete(Scope::AllExcept(&teachers)).await?;
        self.settings
            .change(|settings| {
                let (resets, version) = (settings.resets + 1, settings.version);
                *settings = Settings { resets, version, ..Settings::default() };
            })
            .await?;
        Ok(Report { students: deleted, sessions: ended, backup })
    }

    /// Saves the progress of these students to a file.
    async fn back_up(&self, students: Vec<User>) -> Result<PathBuf, ResetError> {
        let progress = self.class.progress.all().await?;
        let students = students.iter().map(|user| {
            // Without the state of the labs, which has tickets in it.
            let lessons = progress.get(&user.id.to_hex()).map(|progress| &progress.lessons);
            json!({ "username": user.username, "lessons": lessons })
        });
        let backup = json!({ "students": students.collect::<Vec<_>>() });
        // Not on a worker of Rocket: writing to a disk may take long.
        let saved = spawn_blocking(move || save(Path::new(FOLDER), &backup)).await;
        Ok(saved.map_err(std::io::Error::other)??)
    }
}

/// Deletes what this process has recorded of the class.
pub(super) fn forget_recordings(recorder: &Recorder, labs: &Labs, board: &Board) {
    recorder.clear();
    labs.stop_servers();
    board.put(None);
}

/// Saves to a new file that only its owner may read, in a folder that only its owner may enter.
fn save(folder: &Path, backup: &Value) -> Result<PathBuf, std::io::Error> {
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(folder)?;
    // The folder may exist already, open to all.
    #[cfg(unix)]
    std::fs::set_permissions(folder, std::os::unix::fs::PermissionsExt::from_mode(0o700))?;
    let time = Timestamp::now().to_iso().replace(':', "-");
    let path = folder.join(format!("class-{time}.json"));
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&path)?;
    file.write_all(serde_json::to_string_pretty(backup)?.as_bytes())?;
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
        let file = save(&folder, &json!({ "students": [] })).unwrap();
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&folder), mode(&file)), (0o700, 0o600));
    }
}
