//! Where progress is kept: the collection `progress`, or this process's memory.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use mongodb::bson::{Document, deserialize_from_document, doc, serialize_to_document};
use mongodb::{Collection, Database};
use rocket::futures::TryStreamExt as _;
use serde::{Deserialize, Serialize};

use super::Progress;
use crate::db::{READ_LIMIT, Unavailable, bounded};
use crate::stores::Backing;

/// The progress of all users, by the id of the user (24 hex digits).
pub enum ProgressStore {
    /// `{_id: "<user id>", lessons: {...}, bench: {...}}`.
    Mongodb(Collection<Document>),
    /// Gone with the process, as the accounts are.
    Memory(Mutex<HashMap<String, Progress>>),
}

/// As it is stored.
#[derive(Serialize, Deserialize)]
struct Stored {
    #[serde(rename = "_id")]
    user: String,
    #[serde(flatten)]
    progress: Progress,
}

/// Which progress begins anew.
#[derive(Clone, Copy, Debug)]
pub enum Which<'a> {
    /// All of this user.
    User(&'a str),
    /// All of everybody but these.
    Others(&'a [String]),
    /// This lesson, of everybody.
    Lesson(&'a str),
}

/// `None` for what is no progress: its user begins anew, the others go on.
fn read(document: Document) -> Option<Stored> {
    let read = deserialize_from_document(document);
    read.inspect_err(|_| log::warn!("a document of the progress is unreadable")).ok()
}

fn locked(all: &Mutex<HashMap<String, Progress>>) -> MutexGuard<'_, HashMap<String, Progress>> {
    all.lock().unwrap_or_else(PoisonError::into_inner)
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
    /// MongoDB does not answer.
    pub async fn load(&self, user: &str) -> Result<Progress, Unavailable> {
        match self {
            Self::Mongodb(collection) => {
                let find = collection.find_one(doc! { "_id": user }).max_time(READ_LIMIT);
                let found = bounded(async { find.await }).await?;
                Ok(found.and_then(read).map(|stored| stored.progress).unwrap_or_default())
            }
            Self::Memory(all) => Ok(locked(all).get(user).cloned().unwrap_or_default()),
        }
    }

    /// Of all users who have begun, by id.
    ///
    /// # Errors
    /// MongoDB does not answer.
    pub async fn all(&self) -> Result<HashMap<String, Progress>, Unavailable> {
        match self {
            Self::Mongodb(collection) => {
                let find = collection.find(doc! {}).max_time(READ_LIMIT);
                let found: Vec<Document> =
                    bounded(async { find.await?.try_collect().await }).await?;
                let found = found.into_iter().filter_map(read);
                Ok(found.map(|stored| (stored.user, stored.progress)).collect())
            }
            Self::Memory(all) => Ok(locked(all).clone()),
        }
    }

    /// Takes the progress away of all users that `which` picks, whose lessons begin anew.
    ///
    /// # Errors
    /// MongoDB does not answer.
    pub async fn forget(&self, which: Which<'_>) -> Result<(), Unavailable> {
        match self {
            Self::Mongodb(collection) => {
                bounded(async {
                    match which {
                        Which::User(user) => {
                            collection.delete_one(doc! { "_id": user }).await.map(drop)
                        }
                        Which::Others(users) => {
                            let filter = doc! { "_id": { "$nin": users } };
                            collection.delete_many(filter).await.map(drop)
                        }
                        Which::Lesson(slug) => {
                            let update = doc! { "$unset": { format!("lessons.{slug}"): "" } };
                            collection.update_many(doc! {}, update).await.map(drop)
                        }
                    }
                })
                .await
            }
            Self::Memory(all) => {
                let mut all = locked(all);
                match which {
                    Which::User(user) => drop(all.remove(user)),
                    Which::Others(users) => all.retain(|user, _| users.contains(user)),
                    Which::Lesson(slug) => all.values_mut().for_each(|progress| {
                        progress.lessons.remove(slug);
                    }),
                }
                Ok(())
            }
        }
    }

    /// This user no longer wants help. Touches nothing else: the student may be at work.
    ///
    /// # Errors
    /// MongoDB does not answer.
    pub async fn take_hand_down(&self, user: &str) -> Result<(), Unavailable> {
        match self {
            Self::Mongodb(collection) => {
                let update = doc! { "$unset": { "help": "" } };
                bounded(async { collection.update_one(doc! { "_id": user }, update).await })
                    .await
                    .map(drop)
            }
            Self::Memory(all) => {
                if let Some(progress) = locked(all).get_mut(user) {
                    progress.help = None;
                }
                Ok(())
            }
        }
    }

    /// # Errors
    /// MongoDB does not answer.
    pub async fn save(&self, user: &str, progress: &Progress) -> Result<(), Unavailable> {
        match self {
            Self::Mongodb(collection) => {
                let stored = Stored { user: user.to_owned(), progress: progress.clone() };
                let stored = serialize_to_document(&stored).map_err(Unavailable::new)?;
                let replace = collection.replace_one(doc! { "_id": user }, stored).upsert(true);
                bounded(async { replace.await }).await.map(drop)
            }
            Self::Memory(all) => {
                locked(all).insert(user.to_owned(), progress.clone());
                Ok(())
            }
        }
    }
}
