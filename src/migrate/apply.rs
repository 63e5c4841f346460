//! Carries a migration's command out beside what other programs have made, and replaces none of that.

use mongodb::bson::{Document, doc};
use mongodb::error::{Error, ErrorKind};
use rocket::futures::TryStreamExt as _;

use super::history::{History, Step, is_called, target};
use super::{LEASE, MigrateError};
use crate::db::{Mongo, Unavailable, indexes::serves};

/// Carries out the command at `place`. `pending`: the migrations that this run applies.
///
/// # Errors
/// MongoDB does not answer, or refuses; an index of another program stands in the way.
pub async fn apply(
    mongo: &Mongo,
    history: &History,
    (place, step): (usize, &Step),
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
        && !may_drop(mongo, history, collection, (place, command), pending).await?
    {
        return Ok(());
    }
    run(mongo, command.clone()).await.map_err(Into::into)
}

/// Makes those indexes of a collection that are missing. At each start: mongoose's `syncIndexes` drops
/// what its schema does not have.
///
/// # Errors
/// As [`apply`].
pub async fn make_indexes(
    mongo: &Mongo,
    history: &History,
    collection: &str,
) -> Result<(), MigrateError> {
    let documents = mongo.documents::<Document>(collection);
    Ok(documents.ensure_indexes(history.indexes(collection)).await?)
}

/// Only where there is no validator or one of ours; and only the last of ours.
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
    let may = present.as_ref().is_none_or(is_ours);
    if !may {
        log::warn!(
            "the collection {collection:?} has a validator of another program, which stays: it may \
             refuse accounts that are made here"
        );
    }
    Ok(may)
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

/// A number may have come back in another type.
fn is_same(one: &Document, other: &Document) -> bool {
    let json = |document: &Document| serde_json::to_value(document).ok();
    json(one) == json(other)
}

/// Only an index that an earlier run has made, and that is still as it was made.
async fn may_drop(
    mongo: &Mongo,
    history: &History,
    collection: &str,
    (place, command): (usize, &Document),
    pending: &[&str],
) -> Result<bool, Unavailable> {
    let name = command.get_str("index").unwrap_or_default();
    let Some((made_by, ours)) = history.index_before(place, collection, name) else {
        return Ok(false);
    };
    if pending.contains(&made_by) {
        return Ok(false);
    }
    let existing = mongo.documents::<Document>(collection).list_indexes().await?;
    let mut existing = existing.iter().filter(|index| is_called(index, name));
    Ok(existing.any(|index| serves(index, &ours) && serves(&ours, index)))
}

/// `create` of a collection that is there is done already: an Express app may have made it. So is
/// `dropIndexes` of an index that is gone.
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
