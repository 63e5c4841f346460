//! What the teacher has set for everybody: closed lessons, a line, revealed guesses.
//!
//! One document in the collection `class`, so that several instances serve one class. Each of them
//! has a copy in memory and is told when it changes: no page asks MongoDB for it.

use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use mongodb::Collection;
use mongodb::bson::doc;
use mongodb::options::FullDocumentType;
use rocket::futures::StreamExt as _;
use rocket::tokio::time::sleep;
use serde::{Deserialize, Serialize};

use crate::db::{READ_LIMIT, Unavailable, bounded};
use crate::stores::Backing;

/// How often it is asked for where MongoDB cannot tell, as on a standalone server.
const POLL: Duration = Duration::from_secs(2);

/// There is one class.
const ID: &str = "class";

/// What is set.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Control {
    /// Slugs of lessons that students cannot open.
    pub closed: BTreeSet<String>,
    /// Said to everybody, on each page; empty for nothing.
    pub line: String,
    /// The lesson whose guesses are shown as bars, to everybody.
    pub revealed: Option<String>,
    /// The exchange on the board, by its id.
    pub on_board: Option<String>,
    /// What tells the cards of this class from those of another one; empty without seats.
    pub seats: String,
    /// How often the class was reset.
    pub resets: i64,
}

/// The class of this site. A clone is the same one.
#[derive(Clone)]
pub struct Class {
    now: Arc<RwLock<Control>>,
    /// `None`: in this process alone.
    kept: Option<Collection<Control>>,
}

impl Class {
    /// Beside the accounts.
    pub fn beside(backing: &Backing) -> Self {
        let kept = match backing {
            Backing::Mongodb(database) => Some(database.collection("class")),
            Backing::Memory => None,
        };
        Self { now: Arc::default(), kept }
    }

    /// What is set, as far as this instance has heard.
    pub fn now(&self) -> Control {
        self.now.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Changes it, for all instances.
    ///
    /// # Errors
    /// MongoDB does not answer.
    pub async fn change(&self, change: impl FnOnce(&mut Control)) -> Result<(), Unavailable> {
        self.read().await?;
        let mut control = self.now();
        change(&mut control);
        if let Some(collection) = &self.kept {
            let replace = collection.replace_one(doc! { "_id": ID }, &control).upsert(true);
            bounded(async { replace.await }).await?;
        }
        self.set(control);
        Ok(())
    }

    /// Keeps the copy new for as long as the process lives; `reset` is called when another instance
    /// has reset the class.
    pub async fn follow(&self, reset: impl Fn()) {
        let Some(collection) = &self.kept else { return };
        loop {
            let heard = async {
                let changes = collection.watch().full_document(FullDocumentType::UpdateLookup);
                let mut changes = changes.await?;
                self.hear(&reset).await;
                while changes.next().await.transpose()?.is_some() {
                    self.hear(&reset).await;
                }
                Ok::<(), mongodb::error::Error>(())
            };
            if let Err(error) = heard.await {
                log::debug!("the class is asked for every {POLL:?}: {error}");
            }
            self.hear(&reset).await;
            sleep(POLL).await;
        }
    }

    async fn hear(&self, reset: &impl Fn()) {
        let before = self.now().resets;
        match self.read().await {
            Ok(()) if self.now().resets != before => reset(),
            Ok(()) => {}
            Err(error) => log::warn!("the class cannot be read: {error}"),
        }
    }

    async fn read(&self) -> Result<(), Unavailable> {
        let Some(collection) = &self.kept else { return Ok(()) };
        let find = collection.find_one(doc! { "_id": ID }).max_time(READ_LIMIT);
        let found = bounded(async { find.await }).await?;
        self.set(found.unwrap_or_default());
        Ok(())
    }

    fn set(&self, control: Control) {
        *self.now.write().unwrap_or_else(PoisonError::into_inner) = control;
    }
}
