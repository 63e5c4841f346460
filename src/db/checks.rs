//! What is wrong with a database that answers: asked once, at the start.

use mongodb::bson::{Document, doc};
use rocket::futures::TryStreamExt as _;

use super::{Mongo, Unavailable};

/// Why a collection cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum WrongKind {
    /// MongoDB does not answer, or refuses.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
    /// Nothing can be written to it, or not deleted from it.
    #[error(
        "{name:?} in the database {database:?} is {kind}, and this program needs a collection of its \
         own of that name. Name another database in MONGODB_URI; for sessions, another collection \
         in [default.session]"
    )]
    #[expect(missing_docs, reason = "the message says what they are")]
    NoCollection { name: String, database: String, kind: &'static str },
}

/// Checks the collections of these names, as far as they exist.
///
/// # Errors
/// [`WrongKind`].
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
