//! Runs the commands of a migration. Nothing that another program made is replaced.

use mongodb::bson::{Document, doc};
use mongodb::error::{Error, ErrorKind};
use rocket::futures::TryStreamExt as _;

use super::history::{History, Step, is_called, target};
use super::{LEASE, MigrateError};
use crate::db::{Mongo, Unavailable, indexes::serves};

/// Runs the command at position `index` of the history. `pending` are the migrations of this run.
///
/// # Errors
/// MongoDB does not answer or refuses, or an index of another program is in the way.
pub(super) async fn apply(
    mongo: &Mongo,
    history: &History,
    (index, step): (usize, &Step),
    pending: &[&str],
) -> Result<(), MigrateError> {
    let command = &step.command;
    if let Some(collection) = target(command, "createIndexes") {
        return make_indexes(mongo, history, collection).await;
    }
    if let Some(collection) = target(command, "collMod")
        && !may_set_validator(mongo, history, collection, command).await?
    {
        return Ok(());
    }
    if let Some(collection) = target(command, "dropIndexes")
        && !may_drop(mongo, history, collection, (index, command), pending).await?
    {
        return Ok(());
    }
    run(mongo, command.clone()).await.map_err(Into::into)
}

/// Makes the missing indexes of a collection. Each start does this, because mongoose's `syncIndexes` drops
/// indexes that its schema does not have.
///
/// # Errors
/// As for [`apply`].
pub(super) async fn make_indexes(
    mongo: &Mongo,
    history: &History,
    collection: &str,
) -> Result<(), MigrateError> {
    let documents = mongo.documents::<Document>(collection);
    Ok(documents.ensure_indexes(history.indexes(collection)).await?)
}

/// Whether to set a validator: only the last one of the history, and only where there is none or one of ours.
async fn may_set_validator(
    mongo: &Mongo,
    history: &History,
    collection: &str,
    command: &Document,
) -> Result<bool, Unavailable> {
    let ours = history.validators(collection);
    if ours.last().copied() != command.get_document("validator").ok() {
        return Ok(false);
    }
    let present = validator(mongo, collection).await?;
    let is_ours = |present: &Document| ours.iter().any(|ours| is_same(ours, present));
    let may_set = present.as_ref().is_none_or(is_ours);
    if !may_set {
        tracing::warn!(
            "the collection {collection:?} keeps the validator of another program, which may reject \
             accounts that are created here"
        );
    }
    Ok(may_set)
}

async fn validator(mongo: &Mongo, collection: &str) -> Result<Option<Document>, Unavailable> {
    let command = doc! { "listCollections": 1, "filter": { "name": collection } };
    let listed = mongo.run(|database| async move {
        database.run_cursor_command(command).await?.try_next().await
    });
    let options = listed.await?.and_then(|listed| listed.get_document("options").ok().cloned());
    let validator = options.and_then(|options| options.get_document("validator").ok().cloned());
    Ok(validator.filter(|validator| !validator.is_empty()))
}

/// Whether two documents are equal as JSON: MongoDB may return a number in another type.
fn is_same(one: &Document, other: &Document) -> bool {
    let json = |document: &Document| serde_json::to_value(document).ok();
    json(one) == json(other)
}

/// Whether to drop an index: only if an earlier run has made it, and if it has not been changed since.
async fn may_drop(
    mongo: &Mongo,
    history: &History,
    collection: &str,
    (index, command): (usize, &Document),
    pending: &[&str],
) -> Result<bool, Unavailable> {
    let name = command.get_str("index").unwrap_or_default();
    let Some((made_by, ours)) = history.index_before(index, collection, name) else {
        return Ok(false);
    };
    if pending.contains(&made_by) {
        return Ok(false);
    }
    let existing = mongo.documents::<Document>(collection).list_indexes().await?;
    let mut existing = existing.iter().filter(|index| is_called(index, name));
    Ok(existing.any(|index| serves(index, &ours) && serves(&ours, index)))
}

/// Runs a command. `create` of an existing collection and `dropIndexes` of a missing index are no errors: an
/// Express app may have made or dropped it.
async fn run(mongo: &Mongo, command: Document) -> Result<(), Unavailable> {
    const NAMESPACE_EXISTS: i32 = 48;
    const INDEX_NOT_FOUND: i32 = 27;
    let is_done = |error: &Error| match &*error.kind {
        ErrorKind::Command(error) => [NAMESPACE_EXISTS, INDEX_NOT_FOUND].contains(&error.code),
        _ => false,
    };
    let done = mongo.run_within(LEASE, |database| async move {
        match database.run_command(command).await {
            Err(error) if is_done(&error) => Ok(()),
            done => done.map(drop),
        }
    });
    done.await
}
