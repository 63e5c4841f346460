//! What the teacher has set for the whole class: closed lessons, a line, revealed guesses.
//!
//! One document in the collection `class`, so that several instances serve one class. Each of them
//! has a copy in memory and is told when it changes: no page asks MongoDB for it.

use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use mongodb::Collection;
use mongodb::bson::doc;
use mongodb::bson::oid::ObjectId;
use rocket::futures::StreamExt as _;
use rocket::tokio::time::sleep;
use serde::{Deserialize, Serialize};

use crate::db::{Documents, READ_LIMIT, Unavailable, is_duplicate_key};
use crate::stores::Backing;
use crate::trace::Exchange;

/// How often it is asked for where MongoDB cannot tell, as on a standalone server.
const POLL: Duration = Duration::from_secs(2);

/// A teacher's clicks at most: each try loses to one that has won.
const MOST_TRIES: usize = 50;

/// The name of the collection.
pub const COLLECTION: &str = "class";

/// There is one class.
const ID: &str = "class";

/// What is set.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Control {
    /// Slugs of lessons that students cannot open.
    pub closed: BTreeSet<String>,
    /// A line on each page; empty for none.
    pub line: String,
    /// The lesson whose guesses are shown as bars, to the whole class.
    pub revealed: Option<String>,
    /// What tells the cards of this class from those of another one; empty without seats.
    pub seats: String,
    /// The accounts that were made as seats, by id: only their cards fit.
    pub seat_accounts: Vec<ObjectId>,
    /// How often the class was reset.
    pub resets: i64,
    /// How often anything was changed.
    pub version: i64,
}

/// The class of this site. A clone is the same one.
#[derive(Clone)]
pub struct Class {
    now: Arc<RwLock<Control>>,
    /// What this instance shows on the board: it knows the exchanges that it has seen itself.
    on_board: Arc<RwLock<Option<Arc<Exchange>>>>,
    /// `None`: in this process alone.
    kept: Option<Documents<Control>>,
}

impl Class {
    /// Beside the accounts.
    pub fn beside(backing: &Backing) -> Self {
        let kept = match backing {
            Backing::Mongodb { database, .. } => Some(database.documents(COLLECTION)),
            Backing::Memory => None,
        };
        Self { now: Arc::default(), on_board: Arc::default(), kept }
    }

    /// What is set, as far as this instance has heard.
    pub fn now(&self) -> Control {
        self.now.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Changes it, for all instances. Made again when another change was faster.
    ///
    /// # Errors
    /// MongoDB does not answer, or others are faster all the time.
    pub async fn change(&self, change: impl Fn(&mut Control)) -> Result<(), Unavailable> {
        let Some(collection) = &self.kept else {
            change(&mut self.now.write().unwrap_or_else(PoisonError::into_inner));
            return Ok(());
        };
        for _ in 0..MOST_TRIES {
            self.read().await?;
            let before = self.now();
            let mut control = Control { version: before.version + 1, ..before.clone() };
            change(&mut control);
            let as_it_was = doc! { "_id": ID, "version": before.version };
            let new = control.clone();
            let replaced = collection.run(|class| async move {
                match class.replace_one(as_it_was, new).upsert(true).await {
                    // The document is there, in another version.
                    Err(error) if is_duplicate_key(&error) => Ok(false),
                    result => result.map(|_| true),
                }
            });
            if replaced.await? {
                self.set(control);
                return Ok(());
            }
        }
        Err(Unavailable::new("others change the class all the time"))
    }

    /// Keeps the copy new for as long as the process lives; `reset` is called when another instance
    /// has reset the class.
    pub async fn follow(&self, reset: impl Fn()) {
        let Some(collection) = &self.kept else { return };
        let mut resets = None;
        loop {
            let heard = async {
                let watch = |class: Collection<Control>| async move { class.watch().await };
                let mut changes = collection.run(watch).await?;
                self.hear(&mut resets, &reset).await;
                while changes.next().await.transpose().map_err(Unavailable::new)?.is_some() {
                    self.hear(&mut resets, &reset).await;
                }
                Ok::<(), Unavailable>(())
            };
            if let Err(error) = heard.await {
                log::debug!("the class is asked for every {POLL:?}: {error}");
            }
            self.hear(&mut resets, &reset).await;
            sleep(POLL).await;
        }
    }

    /// `resets`: as many as were heard of.
    async fn hear(&self, resets: &mut Option<i64>, reset: &impl Fn()) {
        if let Err(error) = self.read().await {
            log::warn!("the class cannot be read: {error}");
            return;
        }
        let now = self.now().resets;
        if resets.replace(now).is_some_and(|before| before != now) {
            reset();
        }
    }

    async fn read(&self) -> Result<(), Unavailable> {
        let Some(collection) = &self.kept else { return Ok(()) };
        let found = collection.run(|class| async move {
            class.find_one(doc! { "_id": ID }).max_time(READ_LIMIT).await
        });
        self.set(found.await?.unwrap_or_default());
        Ok(())
    }

    /// The exchange on the board, kept even when the recorder throws it out.
    pub fn on_board(&self) -> Option<Arc<Exchange>> {
        self.on_board.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Puts another one there, or none.
    pub fn put_on_board(&self, exchange: Option<Arc<Exchange>>) {
        *self.on_board.write().unwrap_or_else(PoisonError::into_inner) = exchange;
    }

    fn set(&self, control: Control) {
        *self.now.write().unwrap_or_else(PoisonError::into_inner) = control;
    }
}
