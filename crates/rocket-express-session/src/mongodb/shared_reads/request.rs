//! The request and the result of a shared read.

use mongodb::bson::oid::ObjectId;
use mongodb::bson::{Bson, RawDocumentBuf};
use rocket::tokio::sync::oneshot;

use crate::error::Unavailable;

/// The `_id` of a document.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DocumentId {
    /// A text, such as the ID of a session.
    Text(String),
    /// An `ObjectId`, which the driver makes for a document without an `_id`.
    ObjectId(ObjectId),
}

impl From<DocumentId> for Bson {
    fn from(id: DocumentId) -> Self {
        match id {
            DocumentId::Text(text) => text.into(),
            DocumentId::ObjectId(id) => id.into(),
        }
    }
}

/// A request that waits for a document.
pub(super) struct Waiting {
    pub id: DocumentId,
    pub reply: Reply,
}

/// Sends the result to a request that waits.
pub(super) type Reply = oneshot::Sender<Result<Found, Unavailable>>;

/// The result of a `find` for one request.
#[derive(Clone)]
pub(super) enum Found {
    Nothing,
    Document(RawDocumentBuf),
    /// A `find` of its own has to read it.
    TooLarge,
}
