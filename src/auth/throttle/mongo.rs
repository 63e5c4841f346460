//! Counters in the collection `throttle`, shared by all instances, on the database's clock.
//!
//! `{_id: <signed name of a bucket>, until: Date, every: <ms>, wait: <ms>}`: at `until` the bucket will be
//! empty. After that time the document is of no use, and the TTL index of migration 004 removes it.

use std::time::Duration;

use mongodb::Collection;
use mongodb::bson::{Document, doc};
use mongodb::error::Error;
use mongodb::options::{Acknowledgment, CollectionOptions, ReturnDocument, WriteConcern};

use super::{Counters, Rate};
use crate::db::{Documents, Mongo, Unavailable, is_duplicate_key};
use crate::names::THROTTLE;

/// Counters in MongoDB.
pub struct MongoCounters {
    documents: Documents<Document>,
}

impl MongoCounters {
    /// The counters of this database.
    pub fn new(mongo: &Mongo) -> Self {
        // Without the journal, a crash loses a few counted attempts. With it, each login would wait.
        let quick = WriteConcern::builder().w(Acknowledgment::Nodes(1)).journal(false).build();
        let options = CollectionOptions::builder().write_concern(quick).build();
        Self { documents: mongo.documents_with(THROTTLE, options) }
    }
}

async fn find_and_count(
    counters: &Collection<Document>,
    key: &str,
    rate: Rate,
) -> Result<Option<Document>, Error> {
    counters
        .find_one_and_update(doc! { "_id": key }, one_more(rate))
        .upsert(true)
        .return_document(ReturnDocument::After)
        .projection(doc! { "wait": 1 })
        .await
}

/// The update that counts one attempt, unless the bucket is full. It reads the database's clock and decides
/// in one step. It sets `wait` to the milliseconds by which the attempt is too early; at 0 or less it counts.
fn one_more(rate: Rate) -> Vec<Document> {
    let every = millis(rate.every);
    // A bucket that would be empty at some time in the past is empty now.
    let until = doc! { "$add": [{ "$max": ["$until", "$$NOW"] }, every] };
    let latest = doc! { "$add": ["$$NOW", millis(rate.window())] };
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
    async fn count(&self, key: &str, rate: Rate) -> Result<Option<Duration>, Unavailable> {
        let key = key.to_owned();
        let counted = self.documents.run(move |counters| async move {
            match find_and_count(&counters, &key, rate).await {
                // Two concurrent first attempts: the second now finds the document of the first.
                Err(error) if is_duplicate_key(&error) => {
                    find_and_count(&counters, &key, rate).await
                }
                result => result,
            }
        });
        let document = counted.await?.unwrap_or_default();
        let wait = document.get_i64("wait").map_err(Unavailable::new)?;
        Ok(u64::try_from(wait).ok().filter(|wait| *wait > 0).map(Duration::from_millis))
    }

    async fn refund(&self, keys: &[String]) -> Result<(), Unavailable> {
        let earlier = doc! { "$set": { "until": { "$subtract": ["$until", "$every"] } } };
        let filter = doc! { "_id": { "$in": keys } };
        let refunded = self
            .documents
            .run(|counters| async move { counters.update_many(filter, vec![earlier]).await });
        refunded.await.map(drop)
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
