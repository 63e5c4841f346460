//! Documents that are changed by concurrent requests: in a collection, or in this process's memory.
//!
//! Each has a version, so a change notices a concurrent one and runs again on what is stored then.

use std::collections::HashMap;

use mongodb::Collection;
use mongodb::bson::oid::ObjectId;
use mongodb::bson::{Bson, Document, deserialize_from_document, doc, serialize_to_document};
use rocket::futures::TryStreamExt as _;
use rocket::tokio::sync::watch;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Documents, READ_LIMIT, Unavailable};

/// Attempts of one change. An attempt only fails because a concurrent change of the same value succeeded.
const MAX_ATTEMPTS: usize = 50;

/// A value, and its version.
#[derive(Clone, Default)]
pub struct Versioned<T> {
    /// The value.
    pub value: T,
    /// Another one after each change; `None` before the first.
    version: Option<Bson>,
}

impl<T> From<T> for Versioned<T> {
    fn from(value: T) -> Self {
        Self { value, version: None }
    }
}

impl<T> Versioned<T> {
    /// Changes the value, and gives it a new version.
    pub fn change(&mut self, change: impl FnOnce(&mut T)) {
        change(&mut self.value);
        self.version = Some(ObjectId::new().into());
    }
}

/// Values by ID. A clone refers to the same ones.
#[derive(Clone)]
pub enum VersionedStore<T> {
    /// A document for each value: `{_id: "<ID>", version: <ObjectId>, ...}`.
    Mongodb(Documents<Document>),
    /// Lost with the process, as the accounts are.
    Memory(watch::Sender<HashMap<String, Versioned<T>>>),
}

impl<T> VersionedStore<T> {
    /// The values in this collection, or in memory if there is none.
    pub fn over(collection: Option<Documents<Document>>) -> Self {
        collection.map_or_else(|| Self::Memory(watch::Sender::default()), Self::Mongodb)
    }
}

impl<T: Clone + Default + PartialEq + Serialize + DeserializeOwned> VersionedStore<T> {
    /// The value of this ID; the default before the first change.
    ///
    /// # Errors
    /// MongoDB does not answer.
    pub async fn load(&self, id: &str) -> Result<Versioned<T>, Unavailable> {
        match self {
            Self::Mongodb(collection) => {
                let filter = doc! { "_id": id };
                let found = collection
                    .run(|all| async move { all.find_one(filter).max_time(READ_LIMIT).await });
                Ok(found.await?.map(read).unwrap_or_default())
            }
            Self::Memory(all) => Ok(all.borrow().get(id).cloned().unwrap_or_default()),
        }
    }

    /// All values by ID.
    ///
    /// # Errors
    /// MongoDB does not answer.
    pub async fn all(&self) -> Result<HashMap<String, T>, Unavailable> {
        match self {
            Self::Mongodb(collection) => {
                let found = collection.in_background().run(|all| async move {
                    all.find(doc! {}).max_time(READ_LIMIT).await?.try_collect::<Vec<_>>().await
                });
                let entry = |document: Document| {
                    Some((document.get_str("_id").ok()?.to_owned(), read(document).value))
                };
                Ok(found.await?.into_iter().filter_map(entry).collect())
            }
            Self::Memory(all) => {
                let entry =
                    |(id, stored): (&String, &Versioned<T>)| (id.clone(), stored.value.clone());
                Ok(all.borrow().iter().map(entry).collect())
            }
        }
    }

    /// Changes the `known` value of this ID, and returns it as it is stored then. If a concurrent request
    /// has changed it, `change` runs again on what is stored now.
    ///
    /// # Errors
    /// MongoDB does not answer, or each attempt meets a concurrent change.
    pub async fn change(
        &self,
        id: &str,
        mut known: Versioned<T>,
        change: impl Fn(&mut T),
    ) -> Result<Versioned<T>, Unavailable> {
        for _ in 0..MAX_ATTEMPTS {
            let mut changed = known.clone();
            changed.change(&change);
            if changed.value == known.value {
                return Ok(known);
            }
            if self.replace(id, &known, &changed).await? {
                return Ok(changed);
            }
            known = self.load(id).await?;
        }
        Err(Unavailable::new("there are too many concurrent changes"))
    }

    /// Deletes the value of this ID.
    ///
    /// # Errors
    /// MongoDB does not answer.
    pub async fn delete(&self, id: &str) -> Result<(), Unavailable> {
        self.delete_where(doc! { "_id": id }, |other| other == id).await
    }

    /// Deletes all values except those of these IDs.
    ///
    /// # Errors
    /// MongoDB does not answer.
    pub async fn delete_except(&self, ids: &[String]) -> Result<(), Unavailable> {
        let is_other = |id: &String| !ids.contains(id);
        self.delete_where(doc! { "_id": { "$nin": ids } }, is_other).await
    }

    async fn delete_where(
        &self,
        filter: Document,
        is_meant: impl Fn(&String) -> bool,
    ) -> Result<(), Unavailable> {
        match self {
            Self::Mongodb(collection) => {
                let delete =
                    |all: Collection<Document>| async move { all.delete_many(filter).await };
                collection.in_background().run(delete).await.map(drop)
            }
            Self::Memory(all) => {
                all.send_modify(|all| all.retain(|id, _| !is_meant(id)));
                Ok(())
            }
        }
    }

    /// Removes the field of this path from all values. `remove` does it in memory.
    ///
    /// # Errors
    /// MongoDB does not answer.
    pub async fn unset(&self, path: &str, remove: impl Fn(&mut T)) -> Result<(), Unavailable> {
        match self {
            Self::Mongodb(collection) => {
                let version = doc! { "version": ObjectId::new() };
                let update = doc! { "$unset": { path: "" }, "$set": version };
                let unset = |all: Collection<Document>| async move {
                    all.update_many(doc! {}, update).await
                };
                collection.in_background().run(unset).await.map(drop)
            }
            Self::Memory(all) => {
                all.send_modify(|all| all.values_mut().for_each(|stored| stored.change(&remove)));
                Ok(())
            }
        }
    }

    /// False, and nothing is done, if the stored value is no longer `old`.
    async fn replace(
        &self,
        id: &str,
        old: &Versioned<T>,
        new: &Versioned<T>,
    ) -> Result<bool, Unavailable> {
        match self {
            Self::Mongodb(collection) => {
                let mut document = doc! { "_id": id };
                document.extend(serialize_to_document(&new.value).map_err(Unavailable::new)?);
                document.insert("version", new.version.clone());
                let unchanged = doc! { "_id": id, "version": old.version.clone() };
                // A document that had a version and is gone was reset.
                collection.replace_if(unchanged, document, old.version.is_none()).await
            }
            Self::Memory(all) => Ok(all.send_if_modified(|all| {
                let stored = all.get(id).and_then(|stored| stored.version.as_ref());
                let is_same = stored == old.version.as_ref();
                if is_same {
                    all.insert(id.to_owned(), new.clone());
                }
                is_same
            })),
        }
    }
}

/// The value in a document. An unreadable one is the default, which the next change stores.
fn read<T: Default + DeserializeOwned>(document: Document) -> Versioned<T> {
    let version = document.get("version").cloned();
    let value = deserialize_from_document(document).unwrap_or_else(|_| {
        tracing::warn!("a document of the class cannot be read, and is ignored");
        T::default()
    });
    Versioned { value, version }
}
