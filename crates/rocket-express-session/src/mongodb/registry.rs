//! Lists the sessions in MongoDB, and revokes them.

use mongodb::bson::{RawDocumentBuf, doc};
use rocket::futures::TryStreamExt as _;

use super::document::read_record;
use super::gate::{Lane, READ_LIMIT};
use super::lookup::{Lookup, valid_at};
use super::store::{MongoStore, read_valid};
use crate::error::Unavailable;
use crate::javascript::Timestamp;
use crate::signature::SessionId;
use crate::store::{ListLimits, REASON_KEPT, Record, Registry, RevokeReason};

impl MongoStore {
    /// The newest of the documents that `lookup` finds.
    async fn newest_of(
        &self,
        lookup: Lookup,
        limit: u32,
    ) -> Result<Vec<RawDocumentBuf>, Unavailable> {
        if limit == 0 {
            return Ok(vec![]); // To MongoDB, a limit of 0 is none.
        }
        let sessions = self.sessions.clone();
        let find = async move {
            let find =
                sessions.find(lookup.filter).with_options(lookup.options).limit(limit.into());
            find.max_time(READ_LIMIT).await?.try_collect().await
        };
        self.gate.run(Lane::List, find).await
    }

    /// All documents in which this user may be logged in.
    async fn find_user(&self, user: &str, limit: u32) -> Result<Vec<RawDocumentBuf>, Unavailable> {
        let mut found = self.newest_of(Lookup::ours(user), limit).await?;
        if !self.has_express {
            return Ok(found);
        }
        found.extend(self.newest_of(Lookup::express_text(user), limit).await?);
        found.extend(self.newest_of(Lookup::express_object(user), limit).await?);
        Ok(found)
    }

    /// The newest of each user, by the index on both: however many there are, no more are read.
    async fn newest_of_each(
        &self,
        users: u32,
        limit: u32,
    ) -> Result<Vec<RawDocumentBuf>, Unavailable> {
        if users == 0 || limit == 0 {
            return Ok(vec![]);
        }
        let newest = vec![
            doc! { "$match": valid_at(Timestamp::now()) },
            doc! { "$sort": { "createdAt": -1 } },
            doc! { "$limit": limit },
        ];
        let pipeline = [
            doc! { "$match": { "user": { "$gt": "" } } },
            doc! { "$group": { "_id": "$user" } },
            doc! { "$limit": users },
            doc! { "$lookup": {
                "from": self.sessions.name(),
                "localField": "_id",
                "foreignField": "user",
                "pipeline": newest,
                "as": "newest",
            } },
            doc! { "$unwind": "$newest" },
            doc! { "$replaceRoot": { "newRoot": "$newest" } },
        ];
        let sessions = self.sessions.clone();
        let find = async move {
            let find = sessions.aggregate(pipeline).max_time(READ_LIMIT);
            find.with_type::<RawDocumentBuf>().await?.try_collect().await
        };
        self.gate.run(Lane::Background, find).await
    }
}

#[rocket::async_trait]
impl Registry for MongoStore {
    async fn of_user(
        &self,
        user: &str,
        limit: u32,
    ) -> Result<Vec<(SessionId, Record)>, Unavailable> {
        let found = match self.find_user(user, limit).await {
            // Another program has dropped the indexes, such as connect-mongo with `clear()`.
            Err(error) if error.is_refusal() => {
                log::warn!(
                    "the sessions of a user cannot be queried, so missing indexes are created: {error}"
                );
                self.ensure_indexes().await?;
                self.find_user(user, limit).await?
            }
            found => found?,
        };
        let is_users = |record: &Record| record.user_key().as_deref() == Some(user);
        let found = found.into_iter().filter_map(read_with_id);
        Ok(found.filter(|(_, record)| is_users(record)).take(limit as usize).collect())
    }

    async fn newest(&self, limits: ListLimits) -> Result<Vec<(SessionId, Record)>, Unavailable> {
        let mut found = self.newest_of_each(limits.users, limits.per_user).await?;
        found.extend(self.newest_of(Lookup::without_user(), limits.anonymous).await?);
        Ok(found.into_iter().filter_map(read_with_id).collect())
    }

    async fn scan(
        &self,
        after: Option<&SessionId>,
        limit: u32,
    ) -> Result<Vec<(SessionId, Option<Record>)>, Unavailable> {
        if limit == 0 {
            return Ok(vec![]); // To MongoDB, a limit of 0 is none.
        }
        let behind = doc! { "_id": { "$gt": after.map_or("", SessionId::as_str) } };
        let sessions = self.sessions.clone();
        let find = async move {
            let find = sessions.find(behind).sort(doc! { "_id": 1 }).limit(limit.into());
            find.max_time(READ_LIMIT).await?.try_collect::<Vec<_>>().await
        };
        let (found, now) = (self.gate.run(Lane::Background, find).await?, Timestamp::now());
        let read = |document: RawDocumentBuf| {
            let id = SessionId::stored(document.get_str("_id").ok()?);
            Some((id, read_record(&document).ok().filter(|record| record.times.is_valid(now))))
        };
        Ok(found.into_iter().filter_map(read).collect())
    }

    async fn revoke(&self, ids: &[SessionId], reason: &RevokeReason) -> Result<u64, Unavailable> {
        if ids.is_empty() {
            return Ok(0);
        }
        let ids: Vec<&str> = ids.iter().map(SessionId::as_str).collect();
        let kept = doc! {
            "sids": &ids,
            "why": reason.as_str(),
            "expires": Timestamp::now().plus(REASON_KEPT).to_bson(),
        };
        let filter = doc! { "_id": { "$in": ids } };
        let (reasons, sessions) = (self.reasons.clone(), self.sessions.clone());
        self.gate.run(Lane::Page, async move { reasons.insert_one(kept).await }).await?;
        let deleted = async move { sessions.delete_many(filter).await };
        Ok(self.gate.run(Lane::Page, deleted).await?.deleted_count)
    }

    async fn revoke_reason(&self, id: &SessionId) -> Result<Option<RevokeReason>, Unavailable> {
        let (reasons, filter) = (self.reasons.clone(), doc! { "sids": id.as_str() });
        let found = async move { reasons.find_one(filter).max_time(READ_LIMIT).await };
        let found = self.gate.run(Lane::Page, found).await?;
        Ok(found.and_then(|kept| Some(kept.get_str("why").ok()?.to_owned().into())))
    }
}

/// `None` for a document that has expired, or is no session that we can read.
fn read_with_id(document: RawDocumentBuf) -> Option<(SessionId, Record)> {
    let id = SessionId::stored(document.get_str("_id").ok()?);
    Some((id, read_valid(document)?))
}
