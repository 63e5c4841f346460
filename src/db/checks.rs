//! Checks at the start that the database has no view or capped collection where we need a collection.

use mongodb::bson::{Document, doc};
use rocket::futures::TryStreamExt as _;

use super::{Mongo, Unavailable};

/// Why the collections cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum WrongKind {
    /// MongoDB does not answer or refuses.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
    /// Documents cannot be written there, or not deleted.
    #[error(
        "{name:?} in the database {database:?} is {kind}, but this program needs an ordinary collection \
         with that name. Set another database in MONGODB_URI; for sessions, you can also set another \
         `collection` in [default.session] of Rocket.toml"
    )]
    #[expect(missing_docs, reason = "the message says what they are")]
    NoCollection { name: String, database: String, kind: &'static str },
}

/// Checks the collections of these names. Missing ones are fine.
///
/// # Errors
/// One of them is of the wrong kind, or MongoDB does not answer.
pub async fn check_kinds(mongo: &Mongo, names: &[&str]) -> Result<(), WrongKind> {
    let command = doc! { "listCollections": 1, "filter": { "name": { "$in": names } } };
    let listed = mongo.run(|database| async move {
        let cursor = database.run_cursor_command(command).await?;
        cursor.try_collect::<Vec<Document>>().await
    });
    for listed in listed.await? {
        if let Some(kind) = wrong_kind(&listed) {
            let name = listed.get_str("name").unwrap_or_default().to_owned();
            let database = mongo.name().to_owned();
            return Err(WrongKind::NoCollection { name, database, kind });
        }
    }
    Ok(())
}

fn wrong_kind(listed: &Document) -> Option<&'static str> {
    let is_capped = || listed.get_document("options").ok()?.get_bool("capped").ok();
    match listed.get_str("type") {
        Ok("view") => Some("a view"),
        Ok("timeseries") => Some("a time series"),
        _ if is_capped() == Some(true) => Some("a capped collection"),
        _ => None,
    }
}
