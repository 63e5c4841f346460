//! The settings of the class: closed lessons, the teacher's line, revealed guesses, seats.
//!
//! They are one document in the collection `class`, so that several instances can serve one class. Each
//! instance has a copy in memory, so no page asks MongoDB for it. `class/watch.rs` refreshes the copy when
//! the document changes.

use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError, RwLock};

use mongodb::bson::doc;
use mongodb::bson::oid::ObjectId;
use serde::{Deserialize, Serialize};

use crate::db::{Documents, READ_LIMIT, Unavailable};
use crate::names::CLASS;
use crate::stores::Backend;

/// Attempts of one change. An attempt only fails because a concurrent change succeeded.
const MAX_ATTEMPTS: usize = 50;

/// The ID of the only document.
const ID: &str = "class";

/// The settings, as they are stored.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// The slugs of the lessons that students cannot open.
    pub closed: BTreeSet<String>,
    /// A line on each page; empty for none.
    pub line: String,
    /// The lesson whose guesses the whole class sees as bars.
    pub revealed: Option<String>,
    /// A random text in the passphrases of this class's seats; empty without seats.
    pub seats: String,
    /// The IDs of the accounts that were made as seats. Only these have cards.
    pub seat_accounts: Vec<ObjectId>,
    /// The number of resets of the class.
    pub resets: i64,
    /// The number of changes.
    pub version: i64,
}

/// The settings of this site's class. A clone shares them.
#[derive(Clone)]
pub struct ClassSettings {
    current: Arc<RwLock<Settings>>,
    /// `None` if the settings are in this process's memory alone.
    collection: Option<Documents<Settings>>,
}

impl ClassSettings {
    /// The settings in the database of the accounts, or in memory as they are.
    pub fn new(backing: &Backend) -> Self {
        let collection = match backing {
            Backend::Mongodb { database, .. } => Some(database.documents(CLASS)),
            Backend::Memory => None,
        };
        Self { current: Arc::default(), collection }
    }

    /// The settings as this instance knows them.
    pub fn current(&self) -> Settings {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Changes the settings for all instances. `change` runs again if there was a concurrent change.
    ///
    /// # Errors
    /// MongoDB does not answer, or each attempt meets a concurrent change.
    pub async fn change(&self, change: impl Fn(&mut Settings)) -> Result<(), Unavailable> {
        let Some(collection) = &self.collection else {
            change(&mut self.current.write().unwrap_or_else(PoisonError::into_inner));
            return Ok(());
        };
        for _ in 0..MAX_ATTEMPTS {
            self.refresh().await?;
            let before = self.current();
            let mut changed = Settings { version: before.version + 1, ..before.clone() };
            change(&mut changed);
            let unchanged = doc! { "_id": ID, "version": before.version };
            if collection.replace_if(unchanged, changed.clone(), true).await? {
                self.set(changed);
                return Ok(());
            }
        }
        Err(Unavailable::new("the class changes too often"))
    }

    /// Reads the settings from MongoDB.
    ///
    /// # Errors
    /// MongoDB does not answer.
    pub async fn refresh(&self) -> Result<(), Unavailable> {
        let Some(collection) = &self.collection else { return Ok(()) };
        let found = collection.run(|class| async move {
            class.find_one(doc! { "_id": ID }).max_time(READ_LIMIT).await
        });
        self.set(found.await?.unwrap_or_default());
        Ok(())
    }

    fn set(&self, settings: Settings) {
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = settings;
    }
}
