//! Migrations: brings the database into the shape that this program expects, at each start.
//!
//! The files in `migrations/` are compiled in, so that program and migrations cannot part. Which
//! of them ran is recorded in the collection `migrations`. `history` knows what they all come to,
//! `apply` carries a command out beside what other programs have made. `stores.rs` calls this before
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
use history::History;

/// One file of `migrations/`.
pub struct Migration {
    /// The file's name without `.json`; also the `_id` of its record.
    pub name: &'static str,
    /// What is in it.
    pub text: &'static str,
}

/// All of them, in the order in which they are applied.
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

/// How long one command may take. An instance that is silent for longer must have died, and another
/// takes over.
const LEASE: Duration = Duration::from_secs(60);

/// How long an instance waits for another one's lease before it gives up.
const PATIENCE: Duration = Duration::from_secs(90);

/// Where it is recorded what was applied.
pub const COLLECTION: &str = "migrations";

const LEASE_ID: &str = "lease";

/// The collection of sessions that the migrations speak of.
const SESSIONS: &str = "sessions";

/// Why the database is not in the shape that this program expects.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "each variant's message says what it is")]
pub enum MigrateError {
    #[error("the migrations could not be applied: {0}")]
    Unavailable(#[from] Unavailable),
    #[error(transparent)]
    Index(IndexError),
    #[error("migration {0} was changed after it was applied: put the file back, add a new one")]
    Changed(String),
    #[error(
        "migration {0} was applied to this database, but this program does not have it: is it an older version?"
    )]
    Missing(String),
    #[error("migration {0} is no list of commands: {1}")]
    Malformed(&'static str, String),
    #[error("another instance has been migrating for {PATIENCE:?}")]
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

/// Applies what has not been applied yet, and makes the indexes that are gone again; returns the names
/// of what it applied.
///
/// # Errors
/// See [`MigrateError`]. What was applied before the failure stays recorded.
pub async fn run(
    mongo: &Mongo,
    migrations: &[Migration],
) -> Result<Vec<&'static str>, MigrateError> {
    run_for(mongo, migrations, SESSIONS).await
}

/// As [`run`], where sessions are in another collection. Then the collection `sessions` belongs to
/// another program, and is left alone; the session store makes the indexes of its own.
///
/// # Errors
/// As [`run`].
pub async fn run_for(
    mongo: &Mongo,
    migrations: &[Migration],
    sessions: &str,
) -> Result<Vec<&'static str>, MigrateError> {
    let records = mongo.documents::<Document>(COLLECTION);
    let left_alone = Some(SESSIONS).filter(|default| *default != sessions);
    let history = History::read(migrations, left_alone)?;
    if pending(&records, migrations).await?.is_empty() {
        for collection in history.indexed() {
            apply::make_indexes(mongo, &history, collection).await?;
        }
        return Ok(vec![]);
    }
    let owner = take_lease(&records).await?;
    let applied = apply_pending(mongo, &records, (migrations, &history), owner).await;
    let lease = doc! { "_id": LEASE_ID, "owner": owner };
    let given_back = records.run(|records| async move { records.delete_one(lease).await }).await;
    let applied = applied?;
    given_back?;
    Ok(applied)
}

async fn apply_pending(
    mongo: &Mongo,
    records: &Documents<Document>,
    (migrations, history): (&[Migration], &History),
    owner: ObjectId,
) -> Result<Vec<&'static str>, MigrateError> {
    let mut applied = vec![];
    // Looked up again under the lease: another instance may have been faster.
    let pending = pending(records, migrations).await?;
    let names: Vec<&str> = pending.iter().map(|migration| migration.name).collect();
    for migration in pending {
        for step in history.of(migration.name) {
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

/// The migrations that are not recorded. Fails when a recorded one is changed or missing here.
async fn pending<'m>(
    records: &Documents<Document>,
    migrations: &'m [Migration],
) -> Result<Vec<&'m Migration>, MigrateError> {
    // A collection of this name may hold the records of another program as well.
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

/// Waits until this instance may migrate. The lease ends by itself, in case its owner has died.
async fn take_lease(records: &Documents<Document>) -> Result<ObjectId, MigrateError> {
    let owner = ObjectId::new();
    let give_up = Instant::now() + PATIENCE;
    while Instant::now() < give_up {
        if try_lease(records, owner).await? {
            return Ok(owner);
        }
        sleep(Duration::from_millis(200)).await;
    }
    Err(MigrateError::Busy)
}

async fn try_lease(records: &Documents<Document>, owner: ObjectId) -> Result<bool, Unavailable> {
    let filter = doc! { "_id": LEASE_ID, "until": { "$lt": DateTime::now() } };
    let lease = doc! { "$set": { "owner": owner, "until": lease_end() } };
    let taken = records.run(|records| async move {
        // A lease that is held does not match; the upsert then meets its `_id`.
        match records.update_one(filter, lease).upsert(true).await {
            Err(error) if is_duplicate_key(&error) => Ok(false),
            result => result.map(|_| true),
        }
    });
    taken.await
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
    fn every_file_in_the_folder_is_listed_in_order_and_readable() {
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
            assert!(history.of(migration.name).next().is_some(), "{}", migration.name);
        }
    }
}
