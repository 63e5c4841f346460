//! Sessions as documents in a MongoDB collection, the one that connect-mongo uses.
//!
//! Called by `commit.rs` and `engine.rs`; from here the way goes to MongoDB, and back.
//! One command for each operation, each bounded in time (`db.rs`). No operation but `insert` can
//! make a document, so that a request in flight never brings a session back after its logout.

use mongodb::Collection;
use mongodb::bson::{Bson, Document, RawDocumentBuf, doc};
use rocket::futures::TryStreamExt as _;

use super::document::{Shape, read_record};
use super::indexes;
use super::lookup::{Lookup, valid_at};
use super::{ENDING_KEPT, Ending, Record, Shown, Store, Times};
use crate::db::{Documents, IndexError, Mongo, READ_LIMIT, Unavailable};
use crate::session::content::Content;
use crate::session::sid::Sid;
use crate::session::timestamp::Timestamp;

/// The session store in MongoDB.
pub struct MongoStore {
    documents: Documents<RawDocumentBuf>,
    /// `{sids: [...], why, expires}`: why sessions were ended from elsewhere.
    endings: Documents<Document>,
    /// The form in which new documents are written.
    shape: Shape,
}

impl MongoStore {
    /// The end of the name of the collection that says why sessions were ended.
    pub const ENDED: &str = "_ended";

    /// The sessions in `collection`; new documents in the form that `stringify` says.
    pub fn new(mongo: &Mongo, collection: &str, stringify: bool) -> Self {
        let shape = if stringify { Shape::Json } else { Shape::Object };
        let endings = mongo.documents(&format!("{collection}{}", Self::ENDED));
        Self { documents: mongo.documents(collection), endings, shape }
    }

    /// Makes the indexes that it stands on; see `indexes.rs`.
    ///
    /// # Errors
    /// MongoDB does not answer, or another program's index stands in the way.
    pub async fn ensure_indexes(&self) -> Result<(), IndexError> {
        indexes::of_sessions(&self.documents).await?;
        indexes::of_endings(&self.endings).await
    }

    /// Makes the indexes that find a user's sessions among those that Express made.
    ///
    /// # Errors
    /// MongoDB does not answer, or another program's index stands in the way.
    pub async fn ensure_login_indexes(&self) -> Result<(), IndexError> {
        indexes::of_logins(&self.documents).await
    }

    /// The last made of the documents that `lookup` finds.
    async fn newest(&self, lookup: Lookup, most: u32) -> Result<Vec<RawDocumentBuf>, Unavailable> {
        if most == 0 {
            return Ok(vec![]); // To MongoDB, a limit of 0 is none.
        }
        let find = move |all: Collection<RawDocumentBuf>| async move {
            let find = all.find(lookup.filter).with_options(lookup.options).limit(most.into());
            find.max_time(READ_LIMIT).await?.try_collect().await
        };
        self.documents.list().run(find).await
    }

    /// All documents in which this login may stand.
    async fn find_logins(
        &self,
        login: &str,
        most: u32,
    ) -> Result<Vec<RawDocumentBuf>, Unavailable> {
        let mut found = self.newest(Lookup::ours(login), most).await?;
        found.extend(self.newest(Lookup::express_text(login), most).await?);
        found.extend(self.newest(Lookup::express_object(login), most).await?);
        Ok(found)
    }

    /// The last made of each login, by the index on both: however many there are, no more are read.
    async fn newest_of_each(
        &self,
        logins: u32,
        most: u32,
    ) -> Result<Vec<RawDocumentBuf>, Unavailable> {
        if logins == 0 || most == 0 {
            return Ok(vec![]);
        }
        let newest = vec![
            doc! { "$match": valid_at(Timestamp::now()) },
            doc! { "$sort": { "createdAt": -1 } },
            doc! { "$limit": most },
        ];
        let pipeline = [
            doc! { "$match": { "user": { "$gt": "" } } },
            doc! { "$group": { "_id": "$user" } },
            doc! { "$limit": logins },
            doc! { "$lookup": {
                "from": self.documents.name(),
                "localField": "_id",
                "foreignField": "user",
                "pipeline": newest,
                "as": "newest",
            } },
            doc! { "$unwind": "$newest" },
            doc! { "$replaceRoot": { "newRoot": "$newest" } },
        ];
        let find = |all: Collection<RawDocumentBuf>| async move {
            let find = all.aggregate(pipeline).max_time(READ_LIMIT);
            find.with_type::<RawDocumentBuf>().await?.try_collect().await
        };
        self.documents.in_background().run(find).await
    }

    /// Writes `set` into the document, if it is valid and is what `filter` says.
    async fn update_valid(
        &self,
        sid: &Sid,
        mut filter: Document,
        mut set: Document,
        times: Times,
    ) -> Result<bool, Unavailable> {
        filter.insert("_id", sid.as_str());
        filter.extend(valid_at(times.now));
        set.extend(dates(times));
        let update = doc! { "$set": set };
        let updated = self.documents.run(|all| async move { all.update_one(filter, update).await });
        Ok(updated.await?.matched_count == 1)
    }
}

#[rocket::async_trait]
impl Store for MongoStore {
    async fn load(&self, sid: &Sid) -> Result<Option<Record>, Unavailable> {
        let filter = doc! { "_id": sid.as_str() };
        let found = self
            .documents
            .run(|all| async move { all.find_one(filter).max_time(READ_LIMIT).await });
        let Some(document) = found.await? else {
            return Ok(None);
        };
        match read_record(&document) {
            Ok(record) => Ok(record.is_valid(Timestamp::now()).then_some(record)),
            Err(reason) => {
                // Never a 500: whoever holds this ticket has no session, the others go on.
                log::warn!("a document of the session store is unreadable: {reason}");
                Ok(None)
            }
        }
    }

    async fn insert(
        &self,
        sid: &Sid,
        content: &Content,
        times: Times,
        user_agent: Option<&str>,
    ) -> Result<Record, Unavailable> {
        let stored = self.shape.write(content, None);
        let mut document = doc! { "_id": sid.as_str() };
        document.extend(dates(times));
        document.insert("createdAt", times.now.to_bson());
        // To find somebody's sessions by an index. It never has to change: a login is a new session.
        if let Some(user) = content.login() {
            document.insert("user", user);
        }
        if let Some(user_agent) = user_agent {
            document.insert("userAgent", user_agent);
        }
        document.insert("session", stored.to_bson());
        let document = RawDocumentBuf::try_from(&document).map_err(Unavailable::new)?;
        self.documents.run(|all| async move { all.insert_one(document).await }).await?;
        Ok(Record::begun(content, stored, times, user_agent))
    }

    async fn update(
        &self,
        sid: &Sid,
        old: &Record,
        content: &Content,
        times: Times,
    ) -> Result<Option<Record>, Unavailable> {
        let stored = old.stored.shape().write(content, Some(old));
        // `$eq`, because a bare object whose first key begins with `$` would be an operator.
        let filter = doc! { "session": { "$eq": old.stored.to_bson() } };
        let set = doc! { "session": stored.to_bson() };
        let saved = self.update_valid(sid, filter, set, times).await?;
        Ok(saved.then(|| old.updated(content, stored, times)))
    }

    async fn touch(&self, sid: &Sid, old: &Record, times: Times) -> Result<bool, Unavailable> {
        if dates(times).is_empty() {
            return Ok(true); // Its end stays, and Express made it without touchAfter.
        }
        let last_modified = old.last_modified.map_or(Bson::Null, Timestamp::to_bson);
        // `null` matches a missing field as well.
        self.update_valid(sid, doc! { "lastModified": last_modified }, doc! {}, times).await
    }

    async fn destroy(&self, sid: &Sid) -> Result<bool, Unavailable> {
        let filter = doc! { "_id": sid.as_str() };
        let deleted = self.documents.run(|all| async move { all.delete_one(filter).await });
        Ok(deleted.await?.deleted_count == 1)
    }

    async fn take(&self, sid: &Sid) -> Result<Option<Record>, Unavailable> {
        let filter = doc! { "_id": sid.as_str() };
        let taken = self.documents.run(|all| async move { all.find_one_and_delete(filter).await });
        Ok(taken.await?.and_then(read_valid).map(|(_, record)| record))
    }

    async fn logins(&self, login: &str, most: u32) -> Result<Vec<(Sid, Record)>, Unavailable> {
        let found = match self.find_logins(login, most).await {
            // Another program has dropped the indexes, such as connect-mongo with `clear()`.
            Err(error) if error.is_refusal() => {
                log::warn!("the sessions of a user were not found, so indexes are made: {error}");
                self.ensure_indexes().await?;
                self.ensure_login_indexes().await?;
                self.find_logins(login, most).await?
            }
            found => found?,
        };
        let is_login = |record: &Record| record.content.login().as_deref() == Some(login);
        let found = found.into_iter().filter_map(read_valid);
        Ok(found.filter(|(_, record)| is_login(record)).take(most as usize).collect())
    }

    async fn all(&self, shown: Shown) -> Result<Vec<(Sid, Record)>, Unavailable> {
        let mut found = self.newest_of_each(shown.logins, shown.of_each).await?;
        found.extend(self.newest(Lookup::without_user(), shown.others).await?);
        Ok(found.into_iter().filter_map(read_valid).collect())
    }

    async fn page(
        &self,
        after: Option<&Sid>,
        most: u32,
    ) -> Result<Vec<(Sid, Option<Record>)>, Unavailable> {
        let behind = doc! { "_id": { "$gt": after.map_or("", Sid::as_str) } };
        let find = move |all: Collection<RawDocumentBuf>| async move {
            let find = all.find(behind).sort(doc! { "_id": 1 }).limit(most.into());
            find.max_time(READ_LIMIT).await?.try_collect::<Vec<_>>().await
        };
        let found = self.documents.in_background().run(find).await?;
        let now = Timestamp::now();
        let read = |document: RawDocumentBuf| {
            let sid = Sid::stored(document.get_str("_id").ok()?);
            Some((sid, read_record(&document).ok().filter(|record| record.is_valid(now))))
        };
        Ok(found.into_iter().filter_map(read).collect())
    }

    async fn end(&self, sids: &[Sid], why: Ending) -> Result<u64, Unavailable> {
        if sids.is_empty() {
            return Ok(0);
        }
        let sids: Vec<&str> = sids.iter().map(Sid::as_str).collect();
        let ending = doc! {
            "sids": &sids,
            "why": why.as_str(),
            "expires": Timestamp::now().plus(ENDING_KEPT).to_bson(),
        };
        let filter = doc! { "_id": { "$in": sids } };
        self.endings.run(|all| async move { all.insert_one(ending).await }).await?;
        let deleted = self.documents.run(|all| async move { all.delete_many(filter).await });
        Ok(deleted.await?.deleted_count)
    }

    async fn ending(&self, sid: &Sid) -> Result<Option<Ending>, Unavailable> {
        let filter = doc! { "sids": sid.as_str() };
        let found =
            self.endings.run(|all| async move { all.find_one(filter).max_time(READ_LIMIT).await });
        Ok(found.await?.and_then(|ending| Ending::parse(ending.get_str("why").ok()?)))
    }

    fn place(&self) -> String {
        format!("MongoDB, collection {}", self.documents.name())
    }
}

/// The dates that a write puts into the document, beside the session.
fn dates(times: Times) -> Document {
    let dates = [("expires", times.expires), ("lastModified", times.last_modified)];
    dates.into_iter().filter_map(|(name, date)| Some((name.to_owned(), date?.to_bson()))).collect()
}

/// `None` for what is over, or no session that we can read.
fn read_valid(document: RawDocumentBuf) -> Option<(Sid, Record)> {
    let sid = Sid::stored(document.get_str("_id").ok()?);
    let record = read_record(&document).ok()?;
    record.is_valid(Timestamp::now()).then_some((sid, record))
}
