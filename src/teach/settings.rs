//! The settings of the class, as the teacher's page changes them.
//!
//! They are one document in the collection `class`, so that several instances can serve one class. Each has a
//! copy in memory, which `class/watch.rs` refreshes, so no page asks MongoDB for it.

use std::collections::{BTreeMap, BTreeSet};

use mongodb::bson::oid::ObjectId;
use rocket::tokio::sync::watch;
use serde::{Deserialize, Serialize};

use crate::db::Unavailable;
use crate::db::versioned::VersionedStore;
use crate::names::CLASS;
use crate::stores::Backend;
use crate::teach::progress::Phase;

/// The ID of the only document.
const ID: &str = "class";

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Settings {
    /// The slugs of the lessons that students cannot open.
    pub closed: BTreeSet<String>,
    /// A line on each page; empty for none.
    pub line: String,
    /// The lesson whose guesses the whole class sees as bars.
    pub revealed: Option<String>,
    pub test: Option<Phase>,
    /// A random text in the passphrases of this class's seats; empty without seats.
    pub seats: String,
    /// The IDs of the accounts that were made as seats. Only these have cards.
    pub seat_accounts: Vec<ObjectId>,
    /// By name, the number of cards that a deleted seat has had.
    pub old_cards: BTreeMap<String, i64>,
    /// The address of this machine that the teacher chose for students; empty for the first.
    pub address: String,
    /// The number of resets of the class.
    pub resets: i64,
    pub board: OnBoard,
    /// The time since when students are asked to look at the board, in milliseconds since 1970.
    pub look: Option<i64>,
}

/// What the board shows: a lesson (its slug), a request (its ID), both, or the invitation.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct OnBoard {
    pub lesson: Option<String>,
    pub request: Option<String>,
    /// The step, from 1.
    pub step: usize,
}

/// The settings of this site's class. A clone shares them.
#[derive(Clone)]
pub(super) struct ClassSettings {
    current: watch::Sender<Settings>,
    store: VersionedStore<Settings>,
}

impl ClassSettings {
    /// The settings in the database of the accounts, or in memory as they are.
    pub(super) fn new(backing: &Backend) -> Self {
        let store = VersionedStore::over(backing.documents(CLASS));
        Self { current: watch::Sender::default(), store }
    }

    /// The settings as this instance knows them.
    pub(super) fn current(&self) -> Settings {
        self.current.borrow().clone()
    }

    /// Changes the settings for all instances. `change` runs again if there was a concurrent change.
    pub(super) async fn change(&self, change: impl Fn(&mut Settings)) -> Result<(), Unavailable> {
        let known = self.store.load(ID).await?;
        let changed = self.store.change(ID, known, change).await?;
        self.current.send_replace(changed.value);
        Ok(())
    }

    pub(super) async fn refresh(&self) -> Result<(), Unavailable> {
        self.current.send_replace(self.store.load(ID).await?.value);
        Ok(())
    }
}
