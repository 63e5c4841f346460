//! What all migrations together come to: which indexes stay, and which commands a later one undoes.
//!
//! On a new database nothing is made that a later migration drops again: another program that starts
//! at the same time could stumble over it.

use mongodb::bson::{Bson, Document};
use serde::Deserialize;

use super::{MigrateError, Migration};

/// A command, and the name of the migration that it stands in.
pub struct Step {
    /// The migration's name.
    pub migration: &'static str,
    /// As `runCommand` takes it.
    pub command: Document,
}

/// The commands of all migrations, in order.
pub struct History(Vec<Step>);

#[derive(Deserialize)]
struct Script {
    commands: Vec<Document>,
}

impl History {
    /// Reads the files, without the commands for the collection that is `left_alone`.
    ///
    /// # Errors
    /// [`MigrateError::Malformed`].
    pub fn read(migrations: &[Migration], left_alone: Option<&str>) -> Result<Self, MigrateError> {
        let mut steps = vec![];
        for Migration { name: migration, text } in migrations {
            let script: Script = serde_json::from_str(text)
                .map_err(|error| MigrateError::Malformed(migration, error.to_string()))?;
            let mut commands = script.commands;
            commands.retain(|command| {
                let collection = command.iter().next().and_then(|(_, name)| name.as_str());
                left_alone.is_none() || collection != left_alone
            });
            steps.extend(commands.into_iter().map(|command| Step { migration, command }));
        }
        Ok(Self(steps))
    }

    /// The commands of one migration, each with its place in the history.
    pub fn of<'h>(&'h self, migration: &'h str) -> impl Iterator<Item = (usize, &'h Step)> {
        self.0.iter().enumerate().filter(move |(_, step)| step.migration == migration)
    }

    /// The names of the collections that get indexes, each once.
    pub fn indexed(&self) -> Vec<&str> {
        let mut names: Vec<&str> =
            self.0.iter().filter_map(|step| target(&step.command, "createIndexes")).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// The indexes of a collection that no later migration drops.
    pub fn indexes(&self, collection: &str) -> Vec<Document> {
        let mut indexes = self.before(self.0.len(), collection);
        indexes.drain(..).map(|(_, index)| index).collect()
    }

    /// The index of this name as it was before the command at `place`, and the migration that made it.
    pub fn index_before(
        &self,
        place: usize,
        collection: &str,
        name: &str,
    ) -> Option<(&'static str, Document)> {
        let mut indexes = self.before(place, collection).into_iter();
        indexes.find(|(_, index)| is_called(index, name))
    }

    fn before(&self, place: usize, collection: &str) -> Vec<(&'static str, Document)> {
        let mut indexes: Vec<(&'static str, Document)> = vec![];
        for Step { migration, command } in &self.0[..place] {
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

    /// All validators that a migration sets for a collection; the last one stays.
    pub fn validators(&self, collection: &str) -> Vec<&Document> {
        let of = |step: &'_ Step| target(&step.command, "collMod") == Some(collection);
        let steps = self.0.iter().filter(|step| of(step));
        steps.filter_map(|step| step.command.get_document("validator").ok()).collect()
    }
}

/// Whether the index has this name.
pub fn is_called(index: &Document, name: &str) -> bool {
    index.get_str("name").is_ok_and(|own| own == name)
}

/// The collection that a command is for, if it is the command of this name.
pub fn target<'c>(command: &'c Document, name: &str) -> Option<&'c str> {
    let (first, collection) = command.iter().next()?;
    (first == name).then(|| collection.as_str()).flatten()
}
