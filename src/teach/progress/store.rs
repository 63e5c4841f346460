//! Where progress is kept: the collection `progress`, or this process's memory.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use mongodb::bson::doc;
use mongodb::{Collection, Database};
use serde::{Deserialize, Serialize};

use super::Progress;
use crate::db::{READ_LIMIT, Unavailable, bounded};
use crate::stores::Backing;

/// The progress of all users, by the id of the user (24 hex digits).
pub enum ProgressStore {
    /// `{_id: "<user id>", lessons: {...}, bench: {...}}`.
    Mongodb(Collection<Stored>),
    /// Gone with the process, as the accounts are.
    Memory(Mutex<HashMap<String, Progress>>),
}

/// As it is stored.
#[derive(Serialize, Deserialize)]
pub struct Stored {
    #[serde(rename = "_id")]
    user: String,
    #[serde(flatten)]
    progress: Progress,
}

impl ProgressStore {
    /// Beside the accounts.
    pub fn beside(backing: &Backing) -> Self {
        match backing {
            Backing::Mongodb(database) => Self::in_database(database),
            Backing::Memory => Self::Memory(Mutex::default()),
        }
    }

    fn in_database(database: &Database) -> Self {
        Self::Mongodb(database.collection("progress"))
    }

    /// Of this user; nothing yet is a progress as well.
    ///
    /// # Errors
    /// MongoDB does not answer, or holds what is no progress.
    pub async fn load(&self, user: &str) -> Result<Progress, Unavailable> {
        match self {
            Self::Mongodb(collection) => {
                let find = collection.find_one(doc! { "_id": user }).max_time(READ_LIMIT);
                let found = bounded(async { find.await }).await?;
                Ok(found.map(|stored| stored.progress).unwrap_or_default())
            }
            Self::Memory(all) => {
                let all = all.lock().unwrap_or_else(PoisonError::into_inner);
                Ok(all.get(user).cloned().unwrap_or_default())
            }
        }
    }

    /// # Errors
    /// MongoDB does not answer.
    pub async fn save(&self, user: &str, progress: &Progress) -> Result<(), Unavailable> {
        match self {
            Self::Mongodb(collection) => {
                let stored = Stored { user: user.to_owned(), progress: progress.clone() };
                let replace = collection.replace_one(doc! { "_id": user }, stored).upsert(true);
                bounded(async { replace.await }).await.map(drop)
            }
            Self::Memory(all) => {
                let mut all = all.lock().unwrap_or_else(PoisonError::into_inner);
                all.insert(user.to_owned(), progress.clone());
                Ok(())
            }
        }
    }
}
