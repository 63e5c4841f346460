//! Reads of single documents by `_id`, where concurrent requests share a `find`.
//!
//! Most of the price of such a read is the command, not the document. So the requests that wait while a
//! `find` runs go together in the next one, `find({_id: {$in: [...]}})`. Nothing is cached. A request joins
//! only a `find` that has not been sent yet, so it never gets a document from before it asked.

mod batch;
mod queue;
mod request;

use std::sync::Arc;
use std::time::Duration;

use mongodb::Collection;
use mongodb::bson::RawDocumentBuf;
use rocket::tokio;
use rocket::tokio::time::{sleep, timeout};

use super::gate::{Gate, Lane, READ_LIMIT};
use crate::error::Unavailable;
use batch::{Batch, Finder, MAX_DOCUMENTS};
use queue::{Queue, Slot, Watched};
pub use request::DocumentId;
use request::Found;

/// A `find` that takes longer, with its wait at the gate, is slow: the next one no longer waits for it. The
/// watch checks at this interval.
const SLOW: Duration = Duration::from_millis(50);

/// A `find` that takes longer, with its wait at the gate, is lost. MongoDB ends it earlier ([`READ_LIMIT`]).
const LOST: Duration = READ_LIMIT.saturating_mul(2);

/// Reads documents of one collection by their `_id`, several of them with one command.
///
/// A read that waits for no other is a plain `findOne`. A `find` that fails is an error for the requests in
/// it, and for no other. The caller bounds the time of a request, as for [`Gate::run`]: a request that is
/// dropped while it waits leaves nothing behind, and a running `find` goes on without it. A clone shares its
/// commands with the original.
///
/// It keeps a few of the driver's client sessions. So drop it before you call `Client::shutdown`, or use
/// `immediate(true)` there.
#[derive(Clone)]
pub struct SharedReads {
    finder: Arc<Finder>,
    queue: Arc<Queue>,
    gate: Gate,
}

impl SharedReads {
    /// Reads of this collection, through the gate of its client. The collection's own options apply, such as
    /// its read preference. Reads `_id` and these fields, or all fields if there are none.
    pub fn new(
        collection: Collection<RawDocumentBuf>,
        fields: &'static [&'static str],
        gate: Gate,
    ) -> Self {
        let finder = Arc::new(Finder::new(collection, fields));
        Self { finder, queue: Arc::default(), gate }
    }

    /// The document with this `_id`, not older than the call.
    ///
    /// # Errors
    /// Too many requests wait already, MongoDB does not answer, or the runtime shuts down.
    pub async fn read(&self, id: DocumentId) -> Result<Option<RawDocumentBuf>, Unavailable> {
        let (mut place, slot) = self.queue.enter(id.clone())?;
        match slot {
            // In this task, because a task of its own would cost a lone request time.
            Some(slot) => self.lead(slot).await,
            None => self.watch(),
        }
        match place.found().await? {
            Found::Nothing => Ok(None),
            Found::Document(document) => Ok(Some(document)),
            Found::TooLarge => {
                let finder = self.finder.clone();
                let find = Box::pin(async move { finder.find_one(id).await });
                self.gate.run(Lane::Page, find).await
            }
        }
    }

    /// Sends a `find`. If requests wait then, another task sends the next ones.
    async fn lead(&self, mut slot: Slot) {
        if !self.find().await {
            drop(slot);
            self.watch();
        } else if slot.go_on() {
            self.start(slot);
        }
    }

    /// In a task of its own, sends one `find` after the other until no request waits.
    fn start(&self, mut slot: Slot) {
        let reads = self.clone();
        tokio::spawn(async move {
            while reads.find().await {
                if !slot.go_on() {
                    return;
                }
            }
            drop(slot);
            reads.watch();
        });
    }

    /// Watches over the requests that wait, unless a task does so already.
    fn watch(&self) {
        if let Some(watch) = self.queue.watch() {
            let reads = self.clone();
            tokio::spawn(async move {
                let mut watch = watch;
                loop {
                    sleep(SLOW).await;
                    match watch.look(SLOW) {
                        Watched::Fine => {}
                        Watched::Stuck(slot) => reads.start(slot),
                        Watched::Over => return,
                    }
                }
            });
        }
    }

    /// Sends one `find` for the requests that wait when the gate lets it through.
    ///
    /// False when the gate is full. Then requests that no other `find` will take along get an error.
    async fn find(&self) -> bool {
        let (finder, queue) = (self.finder.clone(), self.queue.clone());
        // In a box: a request that only waits should not have room for all that the driver needs.
        let find = Box::pin(async move {
            let batch = Batch::of(queue.take(MAX_DOCUMENTS));
            finder.find(batch).await;
            Ok(())
        });
        let Ok(Err(error)) = timeout(LOST, self.gate.run(Lane::Page, find)).await else {
            return true;
        };
        if self.queue.has_one_find() {
            Batch::of(self.queue.take(MAX_DOCUMENTS)).fail(&error);
        }
        false
    }
}
