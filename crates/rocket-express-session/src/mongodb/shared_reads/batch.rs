//! One `find` for the documents that several requests wait for.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use mongodb::bson::{Bson, Document, RawBsonRef, RawDocument, RawDocumentBuf, doc};
use mongodb::error::Error;
use mongodb::{ClientSession, Collection};
use rocket::futures::TryStreamExt as _;

use super::request::{DocumentId, Found, Reply, Waiting};
use crate::error::Unavailable;
use crate::meters;
use crate::mongodb::gate::READ_LIMIT;

/// The most documents in one `find`. The first reply of MongoDB has up to 101.
pub(super) const MAX_DOCUMENTS: usize = 100;

/// A larger document, in bytes, is read alone, so that its size costs no other request any time. This many
/// bytes for each of [`MAX_DOCUMENTS`] fit into the largest reply, which has 16 MiB.
const MAX_BYTES: u32 = 64 * 1024;

/// The most sessions of the driver that are kept: as many as `find`s run at once.
const MAX_IDLE: usize = 4;

/// The field of a reply that has the document. It is missing when the document is too large.
const CONTENT: &str = "content";

/// Reads documents of one collection.
pub(super) struct Finder {
    collection: Collection<RawDocumentBuf>,
    /// The fields to read beside `_id`. All of them when there is none.
    fields: &'static [&'static str],
    /// Sessions of the driver (not of a visitor) that no `find` uses at the moment. Without one, the driver
    /// makes one for each command, and a task with it, which wakes another worker thread each time.
    idle: Mutex<Vec<ClientSession>>,
}

/// The requests of one `find`, by the document that they wait for.
#[derive(Default)]
pub(super) struct Batch(HashMap<DocumentId, Vec<Reply>>);

impl Finder {
    pub(super) fn new(
        collection: Collection<RawDocumentBuf>,
        fields: &'static [&'static str],
    ) -> Self {
        Self { collection, fields, idle: Mutex::default() }
    }

    /// Replies to all requests of the batch, with one command.
    pub(super) async fn find(&self, batch: Batch) {
        let mut ids = batch.ids();
        if !ids.is_empty() {
            meters::found(ids.len());
        }
        let found = match ids.len() {
            0 => return,
            1 => self.find_lone(ids.remove(0)).await,
            _ => self.find_many(ids).await,
        };
        match found {
            Ok(found) => batch.reply(found),
            Err(error) => batch.fail(&error.into()),
        }
    }

    /// The document with this `_id`, of any size.
    pub(super) async fn find_one(&self, id: DocumentId) -> Result<Option<RawDocumentBuf>, Error> {
        let fields = self.fields.iter().map(|field| ((*field).to_owned(), Bson::Int32(1)));
        let find = self.collection.find_one(doc! { "_id": id });
        let find = find.projection(fields.collect::<Document>()).max_time(READ_LIMIT);
        let mut session = self.session().await?;
        let document = find.session(&mut session).await?;
        self.keep(session);
        Ok(document)
    }

    async fn find_lone(&self, id: DocumentId) -> Result<HashMap<DocumentId, Found>, Error> {
        let document = self.find_one(id.clone()).await?;
        Ok(document.map(|document| (id, Found::Document(document))).into_iter().collect())
    }

    async fn find_many(&self, ids: Vec<DocumentId>) -> Result<HashMap<DocumentId, Found>, Error> {
        let find = self.collection.find(doc! { "_id": { "$in": ids } });
        let find = find.projection(self.content_if_small()).max_time(READ_LIMIT);
        let mut session = self.session().await?;
        let mut found = find.session(&mut session).await?;
        let documents: Vec<RawDocumentBuf> = found.stream(&mut session).try_collect().await?;
        self.keep(session);
        Ok(documents.iter().filter_map(|document| read(document)).collect())
    }

    async fn session(&self) -> Result<ClientSession, Error> {
        let idle = self.idle().pop();
        match idle {
            Some(session) => Ok(session),
            // As for the sessions that the driver makes itself.
            None => self.collection.client().start_session().causal_consistency(false).await,
        }
    }

    /// Keeps the session for the next `find`. One whose `find` failed is not kept.
    fn keep(&self, session: ClientSession) {
        let mut idle = self.idle();
        if idle.len() < MAX_IDLE {
            idle.push(session);
        }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<ClientSession>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A projection to `_id` and [`CONTENT`].
    fn content_if_small(&self) -> Document {
        let fields = self.fields.iter().chain(&["_id"]);
        let fields: Document =
            fields.map(|field| ((*field).to_owned(), format!("${field}").into())).collect();
        let content = if self.fields.is_empty() { "$$ROOT".into() } else { Bson::Document(fields) };
        let is_small = doc! { "$lte": [{ "$bsonSize": "$$ROOT" }, i64::from(MAX_BYTES)] };
        doc! { CONTENT: { "$cond": [is_small, content, "$$REMOVE"] } }
    }
}

/// Reads a document of [`Finder::find_many`]. Nothing in its content can make this fail.
fn read(document: &RawDocument) -> Option<(DocumentId, Found)> {
    let id = match document.get("_id").ok()?? {
        RawBsonRef::String(text) => DocumentId::Text(text.to_owned()),
        RawBsonRef::ObjectId(id) => DocumentId::ObjectId(id),
        _ => return None,
    };
    let content = document.get_document(CONTENT).ok();
    Some((id, content.map_or(Found::TooLarge, |content| Found::Document(content.to_owned()))))
}

impl Batch {
    pub(super) fn of(requests: Vec<Waiting>) -> Self {
        let mut batch = Self::default();
        for Waiting { id, reply } in requests {
            batch.0.entry(id).or_default().push(reply);
        }
        batch
    }

    fn ids(&self) -> Vec<DocumentId> {
        self.0.keys().cloned().collect()
    }

    /// Gives each request its document. Of a large one, only one request gets this copy: a hundred copies of
    /// 16 MB at once would be too much.
    fn reply(self, mut found: HashMap<DocumentId, Found>) {
        for (id, mut replies) in self.0 {
            let found = found.remove(&id).unwrap_or(Found::Nothing);
            let last = replies.pop();
            for reply in replies {
                send(reply, Ok(if is_large(&found) { Found::TooLarge } else { found.clone() }));
            }
            if let Some(reply) = last {
                send(reply, Ok(found));
            }
        }
    }

    /// The `find` has failed: an error for all requests in it.
    pub(super) fn fail(self, error: &Unavailable) {
        for reply in self.0.into_values().flatten() {
            send(reply, Err(error.clone()));
        }
    }
}

fn is_large(found: &Found) -> bool {
    matches!(found, Found::Document(document) if document.as_bytes().len() > MAX_BYTES as usize)
}

fn send(reply: Reply, result: Result<Found, Unavailable>) {
    // A request that has left in the meantime needs no reply.
    drop(reply.send(result));
}
