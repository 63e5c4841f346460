//! The progress of all users: in the collection `progress`, or in this process's memory.

use mongodb::Collection;
use mongodb::bson::oid::ObjectId;
use mongodb::bson::{Document, doc};

use super::Progress;
use crate::auth::OnDelete;
use crate::db::Unavailable;
use crate::db::versioned::VersionedStore;
use crate::names::PROGRESS;
use crate::stores::Backend;

/// The progress of all users, by the ID of the user (24 hex digits). No change undoes a concurrent reset.
pub(crate) type ProgressStore = VersionedStore<Progress>;

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

impl ProgressStore {
    /// The store in the database of the accounts, or in memory as they are.
    pub(crate) fn new(backing: &Backend) -> Self {
        Self::over(backing.documents(PROGRESS))
    }

    /// Deletes progress.
    pub(crate) async fn delete(&self, scope: Scope<'_>) -> Result<(), Unavailable> {
        match self {
            Self::Mongodb(collection) => {
                let (filter, lesson) = match scope {
                    Scope::User(user) => (doc! { "_id": user }, None),
                    Scope::AllExcept(users) => (doc! { "_id": { "$nin": users } }, None),
                    Scope::Lesson(slug) => (doc! {}, Some(format!("lessons.{slug}"))),
                };
                let delete = |all: Collection<Document>| async move {
                    let Some(lesson) = lesson else {
                        return all.delete_many(filter).await.map(drop);
                    };
                    let version = doc! { "version": ObjectId::new() };
                    let update = doc! { "$unset": { lesson: "" }, "$set": version };
                    all.update_many(filter, update).await.map(drop)
                };
                collection.in_background().run(delete).await
            }
            Self::Memory(all) => {
                all.send_modify(|all| match scope {
                    Scope::User(user) => drop(all.remove(user)),
                    Scope::AllExcept(users) => all.retain(|user, _| users.contains(user)),
                    Scope::Lesson(slug) => all.values_mut().for_each(|stored| {
                        stored.change(|progress| drop(progress.lessons.remove(slug)));
                    }),
                });
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
}
