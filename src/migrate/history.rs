//! The commands of all migrations, and their overall result: which indexes and validators stay.
//!
//! So a new database never gets an index that a later migration drops. Such an index could be in the way of
//! another program that starts at the same time.

use mongodb::bson::{Bson, Document};
use serde::Deserialize;

use super::{MigrateError, Migration};

/// A command of a migration.
pub(super) struct Step {
    /// The migration's name.
    pub(super) migration: &'static str,
    /// The command, as for `runCommand`.
    pub(super) command: Document,
}

/// The commands of all migrations, in order.
pub(super) struct History(Vec<Step>);

#[derive(Deserialize)]
struct Script {
    commands: Vec<Document>,
}

impl History {
    /// Reads the files, without the commands for the collection `excluded`.
    ///
    /// # Errors
    /// [`MigrateError::Malformed`].
    pub(super) fn read(
        migrations: &[Migration],
        excluded: Option<&str>,
    ) -> Result<Self, MigrateError> {
        let mut steps = vec![];
        for Migration { name: migration, text } in migrations {
            let script: Script = serde_json::from_str(text)
                .map_err(|error| MigrateError::Malformed(migration, error.to_string()))?;
            let mut commands = script.commands;
            commands.retain(|command| {
                let collection = command.iter().next().and_then(|(_, name)| name.as_str());
                excluded.is_none() || collection != excluded
            });
            steps.extend(commands.into_iter().map(|command| Step { migration, command }));
        }
        Ok(Self(steps))
    }

    /// The commands of one migration, each with its index in the history.
    pub(super) fn steps_of<'h>(
        &'h self,
        migration: &'h str,
    ) -> impl Iterator<Item = (usize, &'h Step)> {
        self.0.iter().enumerate().filter(move |(_, step)| step.migration == migration)
    }

    /// The names of the collections that have indexes, each once.
    pub(super) fn indexed(&self) -> Vec<&str> {
        let mut names: Vec<&str> =
            self.0.iter().filter_map(|step| target(&step.command, "createIndexes")).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// The indexes of a collection that no later migration drops.
    pub(super) fn indexes(&self, collection: &str) -> Vec<Document> {
        let indexes = self.indexes_before(self.0.len(), collection);
        indexes.into_iter().map(|(_, index)| index).collect()
    }

    /// The index of this name as it was before the command at position `end`, and the migration that made it.
    pub(super) fn index_before(
        &self,
        end: usize,
        collection: &str,
        name: &str,
    ) -> Option<(&'static str, Document)> {
        let mut indexes = self.indexes_before(end, collection).into_iter();
        indexes.find(|(_, index)| is_called(index, name))
    }

    fn indexes_before(&self, end: usize, collection: &str) -> Vec<(&'static str, Document)> {
        let mut indexes: Vec<(&'static str, Document)> = vec![];
        for Step { migration, command } in &self.0[..end] {
            if target(command, "createIndexes") == Some(collection) {
                let made = command.get_array("indexes").into_iter().flatten();
                let made = made.filter_map(Bson::as_document).cloned();
                indexes.extend(made.map(|index| (*migration, index)));
            } else if target(command, "dropIndexes") == Some(collection) {
                indexes.retain(|(_, index)| index.get("name") != command.get("index"));
            }
        }
        indexes
    }

    /// All validators that migrations set for a collection. The last one stays.
    pub(super) fn validators(&self, collection: &str) -> Vec<&Document> {
        let commands = self.0.iter().map(|step| &step.command);
        let own = commands.filter(|command| target(command, "collMod") == Some(collection));
        own.filter_map(|command| command.get_document("validator").ok()).collect()
    }
}

/// Whether the index has this name.
pub(super) fn is_called(index: &Document, name: &str) -> bool {
    index.get_str("name").is_ok_and(|own| own == name)
}

/// The collection that a command is for, if the command has this name.
pub(super) fn target<'c>(command: &'c Document, name: &str) -> Option<&'c str> {
    let (first, collection) = command.iter().next()?;
    (first == name).then(|| collection.as_str()).flatten()
}
