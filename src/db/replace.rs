//! A replacement that does not undo a concurrent change ("optimistic locking").
//!
//! The caller reads a document, changes a copy, and replaces the document as long as it has the version that
//! was read. If not, another request has changed it: the caller reads it again.

use mongodb::bson::Document;
use mongodb::error::{Error, ErrorKind, WriteFailure};
use mongodb::results::UpdateResult;
use serde::Serialize;

use super::{Documents, Unavailable};

impl<T: Clone + Serialize + Send + Sync + 'static> Documents<T> {
    /// Replaces the document that has the ID and the version of `unchanged`. `insert` puts in a document if
    /// there is none with this ID. False if the document has another version; then nothing is done.
    ///
    /// # Errors
    /// As [`Documents::run`].
    pub async fn replace_if(
        &self,
        unchanged: Document,
        new: T,
        insert: bool,
    ) -> Result<bool, Unavailable> {
        let replace = |documents: mongodb::Collection<T>| async move {
            let replaced = documents.replace_one(unchanged, new).upsert(insert).await;
            unless_duplicate(replaced.map(|result| is_done(&result)))
        };
        self.run(replace).await
    }
}

fn is_done(result: &UpdateResult) -> bool {
    result.matched_count == 1 || result.upserted_id.is_some()
}

/// The outcome of a write, or false if it would have made a duplicate in a unique index.
///
/// # Errors
/// The write failed for another reason.
pub fn unless_duplicate(written: Result<bool, Error>) -> Result<bool, Error> {
    match written {
        Err(error) if is_duplicate_key(&error) => Ok(false),
        written => written,
    }
}

/// Whether a unique index has rejected a write.
pub fn is_duplicate_key(error: &Error) -> bool {
    const DUPLICATE_KEY: i32 = 11000;
    match &*error.kind {
        ErrorKind::Write(WriteFailure::WriteError(error)) => error.code == DUPLICATE_KEY,
        ErrorKind::Command(error) => error.code == DUPLICATE_KEY,
        _ => false,
    }
}
