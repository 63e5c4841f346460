//! Shared finds: the requests that wait at the same time get their documents from one `find`.
//!
//! Cloakroom's own shared reads are compared with it, so it uses no code of theirs. It has no deadline,
//! and if a find fails, all of its requests fail. Nothing is cached: a request only joins a find that has not
//! been sent yet.

use mongodb::Collection;
use mongodb::bson::{Bson, Document, doc};
use rocket::futures::TryStreamExt;
use rocket::tokio;
use rocket::tokio::sync::{mpsc, oneshot};

/// The most documents of one find, and the most requests that wait for the next one.
const MAX_DOCUMENTS: usize = 256;

/// A request that waits for a document.
struct Waiting {
    id: Bson,
    answer: oneshot::Sender<Option<Document>>,
}

/// The documents of one collection, with at most one find at a time.
pub(crate) struct SharedFinds(mpsc::Sender<Waiting>);

impl SharedFinds {
    pub(crate) fn new(documents: Collection<Document>) -> Self {
        let (sender, waiting) = mpsc::channel(MAX_DOCUMENTS);
        tokio::spawn(serve(documents, waiting));
        Self(sender)
    }

    pub(crate) async fn find(&self, id: Bson) -> Option<Document> {
        let (answer, answered) = oneshot::channel();
        self.0.send(Waiting { id, answer }).await.ok()?;
        answered.await.ok()?
    }
}

/// While a find is in flight, the next requests wait in the channel. Then all of them go together.
async fn serve(documents: Collection<Document>, mut waiting: mpsc::Receiver<Waiting>) {
    let mut together = vec![];
    while waiting.recv_many(&mut together, MAX_DOCUMENTS).await > 0 {
        let found = find_all(&documents, &together).await.unwrap_or_default();
        for Waiting { id, answer } in together.drain(..) {
            let own = found.iter().find(|document| document.get("_id") == Some(&id));
            // A request that was dropped does not listen any more.
            let _ = answer.send(own.cloned());
        }
    }
}

async fn find_all(
    documents: &Collection<Document>,
    waiting: &[Waiting],
) -> mongodb::error::Result<Vec<Document>> {
    let ids: Vec<&Bson> = waiting.iter().map(|waiting| &waiting.id).collect();
    let filter = doc! { "_id": { "$in": ids } };
    // With the default of 101 documents, a larger find would cost a second command.
    let batch = u32::try_from(MAX_DOCUMENTS).unwrap_or(u32::MAX);
    documents.find(filter).batch_size(batch).await?.try_collect().await
}
