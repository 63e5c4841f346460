//! Migrations: each start brings the database into the form that this program expects.
//!
//! The files in `migrations/` are compiled in, so the program always has the right ones. The collection
//! `migrations` records which of them were applied. `history` computes what all migrations together result
//! in. `apply` runs a command, and replaces nothing that another program made. `stores.rs` calls this before
//! anything is served.

mod apply;
mod history;

use std::time::{Duration, SystemTime};

use mongodb::bson::oid::ObjectId;
use mongodb::bson::{DateTime, Document, doc};
use rocket::futures::TryStreamExt as _;
use rocket::tokio::time::{Instant, sleep};
use sha2::{Digest as _, Sha256};

use crate::db::{Documents, IndexError, Mongo, Unavailable, is_duplicate_key};
use crate::names::MIGRATIONS;
use history::History;

/// A file of `migrations/`.
pub struct Migration {
    /// The file's name without `.json`, which is also the `_id` of its record.
    pub name: &'static str,
    /// The file's content.
    pub text: &'static str,
}

/// All migrations, in the order in which they are applied.
pub const ALL: &[Migration] = &[
    Migration { name: "001_users", text: include_str!("../migrations/001_users.json") },
    Migration { name: "002_sessions", text: include_str!("../migrations/002_sessions.json") },
    Migration {
        name: "003_sessions_user",
        text: include_str!("../migrations/003_sessions_user.json"),
    },
    Migration { name: "004_throttle", text: include_str!("../migrations/004_throttle.json") },
    Migration {
        name: "005_sessions_user_newest",
        text: include_str!("../migrations/005_sessions_user_newest.json"),
    },
    Migration {
        name: "006_sessions_express_logins",
        text: include_str!("../migrations/006_sessions_express_logins.json"),
    },
    Migration {
        name: "007_users_beside_others",
        text: include_str!("../migrations/007_users_beside_others.json"),
    },
    Migration {
        name: "008_sessions_express_login_forms",
        text: include_str!("../migrations/008_sessions_express_login_forms.json"),
    },
];

/// The longest time for one command, and the length of the lease. An instance that has not renewed its lease
/// for this long has died, and another one takes over.
const LEASE: Duration = Duration::from_secs(60);

/// How long an instance waits for another one's lease before it gives up.
const LEASE_TIMEOUT: Duration = Duration::from_secs(90);

const LEASE_ID: &str = "lease";

/// The collection of sessions in the migrations.
const SESSIONS: &str = "sessions";

/// Why the migrations could not be applied.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "each variant's message says what it is")]
pub enum MigrateError {
    #[error("the migrations could not be applied: {0}")]
    Unavailable(#[from] Unavailable),
    #[error(transparent)]
    Index(IndexError),
    #[error(
        "migration {0} was changed after it was applied to this database. Restore the file, and put the change \
             into a new migration"
    )]
    Changed(String),
    #[error(
        "migration {0} was applied to this database, but this program does not have it. Use the version of the \
         program that applied it, or a newer one"
    )]
    Missing(String),
    #[error("migration {0} is not a list of commands: {1}")]
    Malformed(&'static str, String),
    #[error(
        "another instance has been applying migrations for {LEASE_TIMEOUT:?}. Start again when it is ready"
    )]
    Busy,
}

impl From<IndexError> for MigrateError {
    fn from(error: IndexError) -> Self {
        match error {
            IndexError::Unavailable(error) => Self::Unavailable(error),
            conflict => Self::Index(conflict),
        }
    }
}

/// Applies the migrations that have not been applied yet, and makes missing indexes. Returns the names of the
/// migrations that it applied.
///
/// # Errors
/// [`MigrateError`]. Migrations that were applied before the failure stay recorded.
pub async fn run(
    mongo: &Mongo,
    migrations: &[Migration],
) -> Result<Vec<&'static str>, MigrateError> {
    run_for(mongo, migrations, SESSIONS).await
}

/// Does what [`run`] does, for an app whose sessions are in the collection `sessions`.
///
/// If that is not the default collection, the default one belongs to another program: it is not changed. The
/// session store makes the indexes of its own collection.
///
/// # Errors
/// As for [`run`].
pub async fn run_for(
    mongo: &Mongo,
    migrations: &[Migration],
    sessions: &str,
) -> Result<Vec<&'static str>, MigrateError> {
    let records = mongo.documents::<Document>(MIGRATIONS);
    let excluded = Some(SESSIONS).filter(|default| *default != sessions);
    let history = History::read(migrations, excluded)?;
    if pending(&records, migrations).await?.is_empty() {
        for collection in history.indexed() {
            apply::make_indexes(mongo, &history, collection).await?;
        }
        return Ok(vec![]);
    }
    let owner = acquire_lease(&records).await?;
    let applied = apply_pending(mongo, &records, (migrations, &history), owner).await;
    let lease = doc! { "_id": LEASE_ID, "owner": owner };
    let released = records.run(|records| async move { records.delete_one(lease).await }).await;
    let applied = applied?;
    released?;
    Ok(applied)
}

async fn apply_pending(
    mongo: &Mongo,
    records: &Documents<Document>,
    (migrations, history): (&[Migration], &History),
    owner: ObjectId,
) -> Result<Vec<&'static str>, MigrateError> {
    let mut applied = vec![];
    // Read again under the lease: another instance may have applied some.
    let pending = pending(records, migrations).await?;
    let names: Vec<&str> = pending.iter().map(|migration| migration.name).collect();
    for migration in pending {
        for step in history.steps_of(migration.name) {
            renew_lease(records, owner).await?;
            apply::apply(mongo, history, step, &names).await?;
        }
        let record = doc! {
            "_id": migration.name,
            "checksum": checksum(migration.text),
            "applied_at": DateTime::now(),
        };
        records.run(|records| async move { records.insert_one(record).await }).await?;
        applied.push(migration.name);
    }
    Ok(applied)
}

/// The migrations that are not recorded. An error when a recorded one has changed or is missing here.
async fn pending<'m>(
    records: &Documents<Document>,
    migrations: &'m [Migration],
) -> Result<Vec<&'m Migration>, MigrateError> {
    // The collection may have records of another program as well.
    let filter = doc! { "_id": { "$type": "string" }, "checksum": { "$type": "string" } };
    let recorded = records.run(|records| async move {
        records.find(filter).await?.try_collect::<Vec<Document>>().await
    });
    let mut pending: Vec<&Migration> = migrations.iter().collect();
    for record in recorded.await? {
        let name = record.get_str("_id").unwrap_or_default();
        let Some(migration) = migrations.iter().find(|migration| migration.name == name) else {
            return Err(MigrateError::Missing(name.to_owned()));
        };
        if record.get_str("checksum").ok() != Some(&checksum(migration.text)) {
            return Err(MigrateError::Changed(name.to_owned()));
        }
        pending.retain(|migration| migration.name != name);
    }
    Ok(pending)
}

/// Waits until this instance may migrate. The lease expires by itself, in case its owner dies.
async fn acquire_lease(records: &Documents<Document>) -> Result<ObjectId, MigrateError> {
    let owner = ObjectId::new();
    let deadline = Instant::now() + LEASE_TIMEOUT;
    while Instant::now() < deadline {
        if try_acquire_lease(records, owner).await? {
            return Ok(owner);
        }
        sleep(Duration::from_millis(200)).await;
    }
    Err(MigrateError::Busy)
}

async fn try_acquire_lease(
    records: &Documents<Document>,
    owner: ObjectId,
) -> Result<bool, Unavailable> {
    let filter = doc! { "_id": LEASE_ID, "until": { "$lt": DateTime::now() } };
    let lease = doc! { "$set": { "owner": owner, "until": lease_end() } };
    let acquired = records.run(|records| async move {
        // A valid lease does not match the filter, so the upsert fails on its `_id`.
        match records.update_one(filter, lease).upsert(true).await {
            Err(error) if is_duplicate_key(&error) => Ok(false),
            result => result.map(|_| true),
        }
    });
    acquired.await
}

async fn renew_lease(records: &Documents<Document>, owner: ObjectId) -> Result<(), Unavailable> {
    let lease = doc! { "$set": { "until": lease_end() } };
    let filter = doc! { "_id": LEASE_ID, "owner": owner };
    let renewed = records.run(|records| async move { records.update_one(filter, lease).await });
    renewed.await.map(drop)
}

fn lease_end() -> DateTime {
    DateTime::from_system_time(SystemTime::now() + LEASE)
}

fn checksum(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_in_the_folder_is_listed_in_order_and_can_be_read() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/migrations");
        let mut files: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .filter_map(|entry| entry.unwrap().file_name().into_string().ok())
            .filter_map(|name| name.strip_suffix(".json").map(str::to_owned))
            .collect();
        files.sort();
        let listed: Vec<&str> = ALL.iter().map(|migration| migration.name).collect();
        assert_eq!(files, listed);
        let history = History::read(ALL, None).unwrap();
        for migration in ALL {
            assert!(history.steps_of(migration.name).next().is_some(), "{}", migration.name);
        }
    }
}
