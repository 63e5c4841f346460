//! Stores the progress of all users: in the collection `progress`, or in this process's memory.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mongodb::Collection;
use mongodb::bson::oid::ObjectId;
use mongodb::bson::{Document, deserialize_from_document, doc, serialize_to_document};
use rocket::futures::TryStreamExt as _;
use serde::{Deserialize, Serialize};

use super::Progress;
use crate::auth::OnDelete;
use crate::db::{Documents, READ_LIMIT, Unavailable};
use crate::names::PROGRESS;
use crate::stores::Backend;

/// Attempts of one change. An attempt only fails because a concurrent change of the same learner succeeded.
const MAX_ATTEMPTS: usize = 20;

/// The progress of all users, by the ID of the user (24 hex digits). A clone refers to the same one.
#[derive(Clone)]
pub(crate) enum ProgressStore {
    /// `{_id: "<user id>", version: <ObjectId>, lessons: {...}, bench: {...}}`.
    Mongodb(Documents<Document>),
    /// Lost with the process, as the accounts are.
    Memory(Arc<Mutex<HashMap<String, VersionedProgress>>>),
}

/// Progress, and a version by which a concurrent change is noticed.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct VersionedProgress {
    /// The progress.
    #[serde(flatten)]
    pub progress: Progress,
    /// A new version after each change; `None` before the first.
    version: Option<ObjectId>,
}

impl From<Progress> for VersionedProgress {
    fn from(progress: Progress) -> Self {
        Self { progress, version: None }
    }
}

/// A document of the collection.
#[derive(Serialize, Deserialize)]
struct ProgressDocument {
    #[serde(rename = "_id")]
    user: String,
    #[serde(flatten)]
    progress: VersionedProgress,
}

/// The progress that is deleted.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Scope<'a> {
    /// All progress of this user.
    User(&'a str),
    /// All progress of all users except these.
    AllExcept(&'a [String]),
    /// The progress of all users in this lesson.
    Lesson(&'a str),
}

/// `None` for a document that is no progress. Its user starts from the beginning.
fn read(document: Document) -> Option<ProgressDocument> {
    let read = deserialize_from_document(document);
    read.inspect_err(|_| log::warn!("an unreadable document in the progress store was skipped"))
        .ok()
}

fn locked(
    all: &Mutex<HashMap<String, VersionedProgress>>,
) -> MutexGuard<'_, HashMap<String, VersionedProgress>> {
    all.lock().unwrap_or_else(PoisonError::into_inner)
}

impl ProgressStore {
    /// The store in the database of the accounts, or in memory as they are.
    pub(crate) fn new(backing: &Backend) -> Self {
        match backing {
            Backend::Mongodb { database, .. } => Self::Mongodb(database.documents(PROGRESS)),
            Backend::Memory => Self::Memory(Arc::default()),
        }
    }

    /// The progress of this user; an empty one before the first change.
    ///
    /// # Errors
    /// MongoDB does not answer.
    pub(crate) async fn load(&self, user: &str) -> Result<VersionedProgress, Unavailable> {
        match self {
            Self::Mongodb(collection) => {
                let filter = doc! { "_id": user };
                let found = collection
                    .run(|all| async move { all.find_one(filter).max_time(READ_LIMIT).await });
                Ok(found.await?.and_then(read).map(|stored| stored.progress).unwrap_or_default())
            }
            Self::Memory(all) => Ok(locked(all).get(user).cloned().unwrap_or_default()),
        }
    }

    /// The progress of all users who have begun a lesson, by user ID.
    ///
    /// # Errors
    /// MongoDB does not answer.
    pub(crate) async fn all(&self) -> Result<HashMap<String, Progress>, Unavailable> {
        match self {
            Self::Mongodb(collection) => {
                let found = collection.in_background().run(|all| async move {
                    let find = all.find(doc! {}).max_time(READ_LIMIT);
                    find.await?.try_collect::<Vec<Document>>().await
                });
                let found = found.await?.into_iter().filter_map(read);
                Ok(found.map(|stored| (stored.user, stored.progress.progress)).collect())
            }
            Self::Memory(all) => {
                let all = locked(all);
                Ok(all
                    .iter()
                    .map(|(user, stored)| (user.clone(), stored.progress.clone()))
                    .collect())
            }
        }
    }

    /// Deletes progress.
    ///
    /// # Errors
    /// MongoDB does not answer.
    pub(crate) async fn delete(&self, scope: Scope<'_>) -> Result<(), Unavailable> {
        match self {
            Self::Mongodb(collection) => {
                let (filter, unset) = match scope {
                    Scope::User(user) => (doc! { "_id": user }, None),
                    Scope::AllExcept(users) => (doc! { "_id": { "$nin": users } }, None),
                    Scope::Lesson(slug) => (doc! {}, Some(doc! { format!("lessons.{slug}"): "" })),
                };
                let delete = |all: Collection<Document>| async move {
                    match unset {
                        None => all.delete_many(filter).await.map(drop),
                        Some(unset) => all.update_many(filter, removal_of(unset)).await.map(drop),
                    }
                };
                collection.in_background().run(delete).await
            }
            Self::Memory(all) => {
                let mut all = locked(all);
                match scope {
                    Scope::User(user) => drop(all.remove(user)),
                    Scope::AllExcept(users) => all.retain(|user, _| users.contains(user)),
                    Scope::Lesson(slug) => all.values_mut().for_each(|stored| {
                        stored.progress.lessons.remove(slug);
                        stored.version = Some(ObjectId::new());
                    }),
                }
                Ok(())
            }
        }
    }

    /// Deletes the progress of users whose accounts are deleted.
    pub(crate) fn follow_deletions(&self) -> OnDelete {
        let store = self.clone();
        Box::new(move |id| {
            let store = store.clone();
            Box::pin(async move {
                if let Err(error) = store.delete(Scope::User(&id.to_hex())).await {
                    log::error!("the progress of a deleted account was not deleted: {error}");
                }
            })
        })
    }

    /// Withdraws this user's request for help. Changes nothing else: the student may be at work.
    ///
    /// # Errors
    /// MongoDB does not answer.
    pub(crate) async fn withdraw_help(&self, user: &str) -> Result<(), Unavailable> {
        match self {
            Self::Mongodb(collection) => {
                let (filter, update) = (doc! { "_id": user }, removal_of(doc! { "help": "" }));
                let withdraw =
                    |all: Collection<Document>| async move { all.update_one(filter, update).await };
                collection.run(withdraw).await.map(drop)
            }
            Self::Memory(all) => {
                if let Some(stored) = locked(all).get_mut(user) {
                    stored.progress.help = None;
                    stored.version = Some(ObjectId::new());
                }
                Ok(())
            }
        }
    }

    /// Changes the `known` progress of this user, and returns it as it is stored then. If a concurrent
    /// request has changed it, `change` runs again on what is stored now. So no request undoes a reset, or
    /// asks again for help that the teacher has given.
    ///
    /// # Errors
    /// MongoDB does not answer, or each attempt meets a concurrent change.
    pub(crate) async fn change(
        &self,
        user: &str,
        mut known: VersionedProgress,
        change: impl Fn(&mut Progress),
    ) -> Result<VersionedProgress, Unavailable> {
        for _ in 0..MAX_ATTEMPTS {
            let mut changed = VersionedProgress { version: Some(ObjectId::new()), ..known.clone() };
            change(&mut changed.progress);
            if changed.progress == known.progress {
                return Ok(known);
            }
            if self.replace(user, &known, &changed).await? {
                return Ok(changed);
            }
            known = self.load(user).await?;
        }
        Err(Unavailable::new("the progress changes too often"))
    }

    /// False, and nothing is done, if the progress is no longer `old`.
    async fn replace(
        &self,
        user: &str,
        old: &VersionedProgress,
        new: &VersionedProgress,
    ) -> Result<bool, Unavailable> {
        match self {
            Self::Mongodb(collection) => {
                let stored = ProgressDocument { user: user.to_owned(), progress: new.clone() };
                let stored = serialize_to_document(&stored).map_err(Unavailable::new)?;
                let unchanged = doc! { "_id": user, "version": old.version };
                // A document that had a version and is gone was reset.
                collection.replace_if(unchanged, stored, old.version.is_none()).await
            }
            Self::Memory(all) => {
                let mut all = locked(all);
                let is_same = all.get(user).and_then(|stored| stored.version) == old.version;
                if is_same {
                    all.insert(user.to_owned(), new.clone());
                }
                Ok(is_same)
            }
        }
    }
}

/// The update that removes these fields, and sets a new version.
fn removal_of(unset: Document) -> Document {
    doc! { "$unset": unset, "$set": { "version": ObjectId::new() } }
}
