//! Where progress is kept: the collection `progress`, or this process's memory.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use mongodb::Collection;
use mongodb::bson::oid::ObjectId;
use mongodb::bson::{Document, deserialize_from_document, doc, serialize_to_document};
use rocket::futures::TryStreamExt as _;
use serde::{Deserialize, Serialize};

use super::Progress;
use crate::db::{Documents, READ_LIMIT, Unavailable, is_duplicate_key};
use crate::stores::Backing;

/// The name of the collection.
pub const COLLECTION: &str = "progress";

/// The clicks of one learner at most: each try loses to one that has won.
const MOST_TRIES: usize = 20;

/// The progress of all users, by the id of the user (24 hex digits).
pub enum ProgressStore {
    /// `{_id: "<user id>", version: <ObjectId>, lessons: {...}, bench: {...}}`.
    Mongodb(Documents<Document>),
    /// Gone with the process, as the accounts are.
    Memory(Mutex<HashMap<String, Kept>>),
}

/// Progress, and the version by which a later change of it is noticed.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Kept {
    /// How far the learner is.
    #[serde(flatten)]
    pub progress: Progress,
    /// Another one after each change; `None` before the first.
    version: Option<ObjectId>,
}

impl From<Progress> for Kept {
    fn from(progress: Progress) -> Self {
        Self { progress, version: None }
    }
}

/// As it is stored.
#[derive(Serialize, Deserialize)]
struct Stored {
    #[serde(rename = "_id")]
    user: String,
    #[serde(flatten)]
    kept: Kept,
}

/// Which progress is deleted.
#[derive(Clone, Copy, Debug)]
pub enum Which<'a> {
    /// All of this user.
    User(&'a str),
    /// All progress of all users but these.
    Others(&'a [String]),
    /// This lesson, of all users.
    Lesson(&'a str),
}

/// `None` for what is no progress: its user starts from the beginning, the others go on.
fn read(document: Document) -> Option<Stored> {
    let read = deserialize_from_document(document);
    read.inspect_err(|_| log::warn!("a document of the progress is unreadable")).ok()
}

fn locked(all: &Mutex<HashMap<String, Kept>>) -> MutexGuard<'_, HashMap<String, Kept>> {
    all.lock().unwrap_or_else(PoisonError::into_inner)
}

impl ProgressStore {
    /// Beside the accounts.
    pub fn beside(backing: &Backing) -> Self {
        match backing {
            Backing::Mongodb { database, .. } => Self::Mongodb(database.documents(COLLECTION)),
            Backing::Memory => Self::Memory(Mutex::default()),
        }
    }

    /// Of this user; nothing yet is a progress as well.
    ///
    /// # Errors
    /// MongoDB does not answer.
    pub async fn load(&self, user: &str) -> Result<Kept, Unavailable> {
        match self {
            Self::Mongodb(collection) => {
                let filter = doc! { "_id": user };
                let found = collection
                    .run(|all| async move { all.find_one(filter).max_time(READ_LIMIT).await });
                Ok(found.await?.and_then(read).map(|stored| stored.kept).unwrap_or_default())
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
                let found = collection.in_background().run(|all| async move {
                    let find = all.find(doc! {}).max_time(READ_LIMIT);
                    find.await?.try_collect::<Vec<Document>>().await
                });
                let found = found.await?.into_iter().filter_map(read);
                Ok(found.map(|stored| (stored.user, stored.kept.progress)).collect())
            }
            Self::Memory(all) => {
                let all = locked(all);
                Ok(all.iter().map(|(user, kept)| (user.clone(), kept.progress.clone())).collect())
            }
        }
    }

    /// Deletes the progress that `which` picks.
    ///
    /// # Errors
    /// MongoDB does not answer.
    pub async fn forget(&self, which: Which<'_>) -> Result<(), Unavailable> {
        match self {
            Self::Mongodb(collection) => {
                let (filter, unset) = match which {
                    Which::User(user) => (doc! { "_id": user }, None),
                    Which::Others(users) => (doc! { "_id": { "$nin": users } }, None),
                    Which::Lesson(slug) => (doc! {}, Some(doc! { format!("lessons.{slug}"): "" })),
                };
                let forget = |all: Collection<Document>| async move {
                    match unset {
                        None => all.delete_many(filter).await.map(drop),
                        Some(unset) => all.update_many(filter, reset_of(unset)).await.map(drop),
                    }
                };
                collection.in_background().run(forget).await
            }
            Self::Memory(all) => {
                let mut all = locked(all);
                match which {
                    Which::User(user) => drop(all.remove(user)),
                    Which::Others(users) => all.retain(|user, _| users.contains(user)),
                    Which::Lesson(slug) => all.values_mut().for_each(|kept| {
                        kept.progress.lessons.remove(slug);
                        kept.version = Some(ObjectId::new());
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
                let (filter, update) = (doc! { "_id": user }, reset_of(doc! { "help": "" }));
                let lower =
                    |all: Collection<Document>| async move { all.update_one(filter, update).await };
                collection.run(lower).await.map(drop)
            }
            Self::Memory(all) => {
                if let Some(kept) = locked(all).get_mut(user) {
                    kept.progress.help = None;
                    kept.version = Some(ObjectId::new());
                }
                Ok(())
            }
        }
    }

    /// Changes what is `known` of this user, and returns it as it is kept then. Made again on what
    /// stands there by now, when another request was faster: so a request that is under way neither
    /// undoes a reset nor raises a hand that the teacher has taken down.
    ///
    /// # Errors
    /// MongoDB does not answer, or others are faster all the time.
    pub async fn change(
        &self,
        user: &str,
        mut known: Kept,
        change: impl Fn(&mut Progress),
    ) -> Result<Kept, Unavailable> {
        for _ in 0..MOST_TRIES {
            let mut changed = Kept { version: Some(ObjectId::new()), ..known.clone() };
            change(&mut changed.progress);
            if changed.progress == known.progress {
                return Ok(known);
            }
            if self.replace(user, &known, &changed).await? {
                return Ok(changed);
            }
            known = self.load(user).await?;
        }
        Err(Unavailable::new("others change this progress all the time"))
    }

    /// False, and nothing done, when it is no longer `old`.
    async fn replace(&self, user: &str, old: &Kept, new: &Kept) -> Result<bool, Unavailable> {
        match self {
            Self::Mongodb(collection) => {
                let stored = Stored { user: user.to_owned(), kept: new.clone() };
                let stored = serialize_to_document(&stored).map_err(Unavailable::new)?;
                let as_it_was = doc! { "_id": user, "version": old.version };
                // What was there and is gone, was reset.
                let is_first = old.version.is_none();
                let replace = |all: Collection<Document>| async move {
                    match all.replace_one(as_it_was, stored).upsert(is_first).await {
                        // The document is there, in another version.
                        Err(error) if is_duplicate_key(&error) => Ok(false),
                        result => {
                            result.map(|done| done.matched_count == 1 || done.upserted_id.is_some())
                        }
                    }
                };
                collection.run(replace).await
            }
            Self::Memory(all) => {
                let mut all = locked(all);
                let is_same = all.get(user).and_then(|kept| kept.version) == old.version;
                if is_same {
                    all.insert(user.to_owned(), new.clone());
                }
                Ok(is_same)
            }
        }
    }
}

/// Takes fields away, in a new version.
fn reset_of(unset: Document) -> Document {
    doc! { "$unset": unset, "$set": { "version": ObjectId::new() } }
}
