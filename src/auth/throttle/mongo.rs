//! Counters in the collection `throttle`, shared by all instances, on the database's clock.
//!
//! `{_id: <sealed lane>, until: Date, every: <ms>, wait: <ms>}`: the lane is paid for until then.
//! Once that has passed the document says nothing any more, and the TTL index of migration 004
//! removes it.

use std::time::Duration;

use mongodb::Collection;
use mongodb::bson::{Document, doc};
use mongodb::error::Error;
use mongodb::options::{Acknowledgment, CollectionOptions, ReturnDocument, WriteConcern};

use super::{Counters, Rate};
use crate::db::{Documents, Mongo, Unavailable, is_duplicate_key};

/// The name of the collection.
pub const COLLECTION: &str = "throttle";

/// The counters of a database.
pub struct MongoCounters {
    documents: Documents<Document>,
}

impl MongoCounters {
    /// The counters of this database.
    pub fn new(mongo: &Mongo) -> Self {
        // Not journaled: what a crash loses is a few counted guesses, and each login would wait.
        let quick = WriteConcern::builder().w(Acknowledgment::Nodes(1)).journal(false).build();
        let options = CollectionOptions::builder().write_concern(quick).build();
        Self { documents: mongo.documents_with(COLLECTION, options) }
    }
}

async fn count(
    counters: &Collection<Document>,
    key: &str,
    rate: Rate,
) -> Result<Option<Document>, Error> {
    counters
        .find_one_and_update(doc! { "_id": key }, attempt(rate))
        .upsert(true)
        .return_document(ReturnDocument::After)
        .projection(doc! { "wait": 1 })
        .await
}

/// One update that looks at the clock, decides and counts. `wait` is how long this attempt is too
/// early, in milliseconds; not above 0, it is counted.
fn attempt(rate: Rate) -> Vec<Document> {
    let every = millis(rate.every);
    // A lane that is paid for until some time in the past is empty.
    let until = doc! { "$add": [{ "$max": ["$until", "$$NOW"] }, every] };
    let latest = doc! { "$add": ["$$NOW", millis(rate.span())] };
    let is_early = doc! { "$gt": ["$wait", 0] };
    vec![
        doc! { "$set": { "every": every, "wait": { "$subtract": [until.clone(), latest] } } },
        doc! { "$set": { "until": { "$cond": [is_early, "$until", until] } } },
    ]
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

#[rocket::async_trait]
impl Counters for MongoCounters {
    async fn take(&self, key: &str, rate: Rate) -> Result<Result<(), Duration>, Unavailable> {
        let key = key.to_owned();
        let counted = self.documents.run(move |counters| async move {
            match count(&counters, &key, rate).await {
                // Two first attempts at once: the second finds the document of the first.
                Err(error) if is_duplicate_key(&error) => count(&counters, &key, rate).await,
                result => result,
            }
        });
        let counter = counted.await?.unwrap_or_default();
        let wait = counter.get_i64("wait").map_err(Unavailable::new)?;
        Ok(match u64::try_from(wait) {
            Ok(wait) if wait > 0 => Err(Duration::from_millis(wait)),
            _ => Ok(()),
        })
    }

    async fn give_back(&self, keys: &[String]) -> Result<(), Unavailable> {
        let earlier = doc! { "$set": { "until": { "$subtract": ["$until", "$every"] } } };
        let filter = doc! { "_id": { "$in": keys } };
        let given = self
            .documents
            .run(|counters| async move { counters.update_many(filter, vec![earlier]).await });
        given.await.map(drop)
    }

    async fn clear(&self, key: &str) -> Result<bool, Unavailable> {
        let filter = doc! { "_id": key };
        let deleted =
            self.documents.run(|counters| async move { counters.delete_one(filter).await });
        Ok(deleted.await?.deleted_count == 1)
    }

    async fn clear_all(&self) -> Result<(), Unavailable> {
        let deleted = self
            .documents
            .in_background()
            .run(|counters| async move { counters.delete_many(doc! {}).await });
        deleted.await.map(drop)
    }
}
