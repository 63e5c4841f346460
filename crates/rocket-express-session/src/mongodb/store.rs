//! Sessions as documents in a MongoDB collection, the one that connect-mongo uses.
//!
//! One command for each method of the store. None but `insert` can make a document, so a request that is
//! still running never brings a session back after its logout.

use mongodb::bson::{Bson, Document, RawDocumentBuf, doc};
use mongodb::options::{Acknowledgment, CollectionOptions, ReadPreference, WriteConcern};
use mongodb::{Collection, Database};

use super::document::{Object, read_back, read_record, session_field, write_object};
use super::gate::{Gate, Lane, READ_LIMIT};
use super::indexes::{IndexError, ensure};
use super::lookup::valid_at;
use super::session_indexes;
use super::shared_reads::{DocumentId, SharedReads};
use crate::error::Unavailable;
use crate::javascript::Timestamp;
use crate::signature::SessionId;
use crate::store::{Record, Registry, Store, Times};

/// Connections of a client whose `max_pool_size` is not set, but for those that background work needs.
const DEFAULT_CONNECTIONS: u32 = 10 - Gate::BACKGROUND;

/// The session store in MongoDB.
///
/// Documents are those of connect-mongo, `{_id, expires, session}` and a few fields beside, so that an
/// Express app on the same collection reads them. Sessions are read from the primary and written to a
/// majority's journals, whatever the client's own settings are: a secondary may not know yet of a logout.
///
/// ```no_run
/// use mongodb::Client;
/// use rocket_express_session::{Sessions, mongodb::MongoStore};
///
/// # async fn start() -> Result<(), Box<dyn std::error::Error>> {
/// let client = Client::with_uri_str("mongodb://localhost:27017").await?;
/// let store = MongoStore::new(&client.database("app")).collection("sessions");
/// store.ensure_indexes().await?;
/// let sessions = Sessions::builder(store).secret("a long random text of your own").build()?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct MongoStore {
    database: Database,
    pub(super) sessions: Collection<RawDocumentBuf>,
    /// `{sids: [...], why, expires}`: why sessions were revoked.
    pub(super) reasons: Collection<Document>,
    /// New documents hold JSON text, or an object.
    stringify: bool,
    /// Express apps create sessions in this collection as well.
    pub(super) has_express: bool,
    pub(super) gate: Gate,
    reads: SharedReads,
    shares_reads: bool,
}

impl MongoStore {
    /// The end of the name of the collection for the reasons of revoked sessions.
    pub const REASONS_SUFFIX: &str = "_ended";

    /// The sessions in the collection `sessions` of this database. Connects when it is used.
    pub fn new(database: &Database) -> Self {
        let (sessions, reasons) = collections(database, "sessions");
        let gate = Gate::new(DEFAULT_CONNECTIONS);
        Self {
            database: database.clone(),
            sessions: sessions.clone(),
            reasons,
            stringify: true,
            has_express: false,
            reads: SharedReads::new(sessions, &[], gate.clone()),
            shares_reads: true,
            gate,
        }
    }

    /// Another collection. connect-mongo: `collectionName`.
    #[must_use]
    pub fn collection(self, name: &str) -> Self {
        let (sessions, reasons) = collections(&self.database, name);
        let reads = SharedReads::new(sessions.clone(), &[], self.gate.clone());
        Self { sessions, reasons, reads, ..self }
    }

    /// On, connect-mongo's default: new documents hold the session as JSON text. Off: as an object that can
    /// be queried. A document that is there keeps the form that it has.
    #[must_use]
    pub fn stringify(self, stringify: bool) -> Self {
        Self { stringify, ..self }
    }

    /// Lists the sessions that an Express app has created in this collection among those of a user.
    ///
    /// Such documents have no field for the user. So two more indexes find them: one of the words of the JSON
    /// text, and one of all that stands under `passport` in an object. They hold documents without a user
    /// only.
    #[must_use]
    pub fn beside_express(self) -> Self {
        Self { has_express: true, ..self }
    }

    /// The gate of the client, when your own code uses the client as well or has set its `max_pool_size`.
    /// Without it, the store uses at most the 10 connections that a client has by default.
    #[must_use]
    pub fn gate(self, gate: Gate) -> Self {
        let reads = SharedReads::new(self.sessions.clone(), &[], gate.clone());
        Self { gate, reads, ..self }
    }

    /// On, the default: requests that load sessions at the same time share a `find` ([`SharedReads`]). Off:
    /// each sends its own, for an app that observes the commands of each request, and for servers without
    /// `$bsonSize` in projections.
    #[must_use]
    pub fn share_reads(self, shares_reads: bool) -> Self {
        Self { shares_reads, ..self }
    }

    /// Makes the indexes that are missing: for the deletion of expired documents, for the sessions of a user,
    /// and for the reasons of revoked sessions; [`beside_express`](Self::beside_express), two more. Call it
    /// at each start: an index that serves is left as it is, whichever program made it.
    ///
    /// # Errors
    /// MongoDB does not answer, or another program's index stands in the way: the message says what to type.
    pub async fn ensure_indexes(&self) -> Result<(), IndexError> {
        ensure(&self.gate, &self.sessions, session_indexes::of_sessions()).await?;
        ensure(&self.gate, &self.reasons, session_indexes::of_reasons()).await?;
        if self.has_express {
            ensure(&self.gate, &self.sessions, session_indexes::of_express()).await?;
        }
        Ok(())
    }

    async fn find(&self, id: &SessionId) -> Result<Option<RawDocumentBuf>, Unavailable> {
        if self.shares_reads {
            return self.reads.read(DocumentId::Text(id.as_str().to_owned())).await;
        }
        let (sessions, filter) = (self.sessions.clone(), doc! { "_id": id.as_str() });
        let found = async move { sessions.find_one(filter).max_time(READ_LIMIT).await };
        self.gate.run(Lane::Page, found).await
    }

    /// Writes `set` into the document, if it is valid and is what `filter` says.
    async fn update_valid(
        &self,
        id: &SessionId,
        mut filter: Document,
        set: Document,
    ) -> Result<bool, Unavailable> {
        filter.insert("_id", id.as_str());
        filter.extend(valid_at(Timestamp::now()));
        let (sessions, update) = (self.sessions.clone(), doc! { "$set": set });
        let updated = async move { sessions.update_one(filter, update).await };
        Ok(self.gate.run(Lane::Page, updated).await?.matched_count == 1)
    }
}

#[rocket::async_trait]
impl Store for MongoStore {
    async fn load(&self, id: &SessionId) -> Result<Option<Record>, Unavailable> {
        let Some(document) = self.find(id).await? else {
            return Ok(None);
        };
        match read_record(&document) {
            Ok(record) => Ok(Some(record).filter(|record| record.times.is_valid(Timestamp::now()))),
            Err(reason) => {
                // Never a 500: this browser has no session, and the others go on.
                log::warn!("a document in the session store is unreadable: {reason}");
                Ok(None)
            }
        }
    }

    async fn insert(&self, id: &SessionId, record: Record) -> Result<Record, Unavailable> {
        let record = match self.stringify {
            true => record,
            false => read_back(write_object(record.data(), None), record),
        };
        let mut document = doc! { "_id": id.as_str() };
        document.extend(dates(record.times));
        if let Some(created) = record.times.created {
            document.insert("createdAt", created.to_bson());
        }
        // To find a user's sessions by an index.
        if let Some(user) = record.user_key() {
            document.insert("user", user);
        }
        if let Some(user_agent) = &record.user_agent {
            document.insert("userAgent", user_agent);
        }
        if let Some(address) = &record.address {
            document.insert("address", address);
        }
        document.insert("session", session_field(&record));
        let document = RawDocumentBuf::try_from(&document).map_err(Unavailable::new)?;
        let sessions = self.sessions.clone();
        self.gate.run(Lane::Page, async move { sessions.insert_one(document).await }).await?;
        Ok(record)
    }

    async fn update(
        &self,
        id: &SessionId,
        old: &Record,
        new: Record,
    ) -> Result<Option<Record>, Unavailable> {
        let new = if old.source::<Object>().is_none() {
            new
        } else {
            let object = write_object(new.data(), Some(old));
            new.with_source(object)
        };
        // `$eq`, because a bare object whose first key begins with `$` would be an operator.
        let filter = doc! { "session": { "$eq": session_field(old) } };
        let mut set = doc! { "session": session_field(&new) };
        set.extend(changed_dates(old.times, new.times));
        // A login is a new session, unless the handler saved it between the new ID and the login.
        if let Some(user) = new.user_key().filter(|user| old.user_key().as_ref() != Some(user)) {
            set.insert("user", user);
        }
        Ok(self.update_valid(id, filter, set).await?.then_some(new))
    }

    async fn touch(&self, id: &SessionId, old: &Record, times: Times) -> Result<bool, Unavailable> {
        let set = changed_dates(old.times, times);
        if set.is_empty() {
            return Ok(true); // Its end stays, and Express created it without touchAfter.
        }
        let last_modified = old.times.last_modified.map_or(Bson::Null, Timestamp::to_bson);
        // `null` matches a missing field as well.
        self.update_valid(id, doc! { "lastModified": last_modified }, set).await
    }

    async fn destroy(&self, id: &SessionId) -> Result<bool, Unavailable> {
        let (sessions, filter) = (self.sessions.clone(), doc! { "_id": id.as_str() });
        let deleted = async move { sessions.delete_one(filter).await };
        Ok(self.gate.run(Lane::Page, deleted).await?.deleted_count == 1)
    }

    async fn take(&self, id: &SessionId) -> Result<Option<Record>, Unavailable> {
        let (sessions, filter) = (self.sessions.clone(), doc! { "_id": id.as_str() });
        let taken = async move { sessions.find_one_and_delete(filter).await };
        Ok(self.gate.run(Lane::Page, taken).await?.and_then(read_valid))
    }

    fn registry(&self) -> Option<&dyn Registry> {
        Some(self)
    }
}

/// The sessions and the reasons. Whatever the client's settings are: a secondary may not know yet of a login
/// or a logout, and a login that was acknowledged must outlive the loss of a server.
fn collections(
    database: &Database,
    name: &str,
) -> (Collection<RawDocumentBuf>, Collection<Document>) {
    let journaled = WriteConcern::builder().w(Acknowledgment::Majority).journal(true).build();
    let options = CollectionOptions::builder()
        .selection_criteria(Some(ReadPreference::Primary.into()))
        .write_concern(journaled)
        .build();
    let reasons = format!("{name}{}", MongoStore::REASONS_SUFFIX);
    (
        database.collection_with_options(name, options.clone()),
        database.collection_with_options(&reasons, options),
    )
}

/// The dates of a document that change, beside the session. An expiry after the year 9999 is read as the end
/// of that year, and stays what it is in the document as long as no request changes it.
fn changed_dates(old: Times, new: Times) -> Document {
    let expires = new.expires.filter(|_| new.expires != old.expires);
    dates(Times { expires, ..new })
}

fn dates(times: Times) -> Document {
    let dates = [("expires", times.expires), ("lastModified", times.last_modified)];
    dates.into_iter().filter_map(|(name, date)| Some((name.to_owned(), date?.to_bson()))).collect()
}

/// `None` for a document that has expired, or is no session that we can read.
pub(super) fn read_valid(document: RawDocumentBuf) -> Option<Record> {
    let record = read_record(&document).ok()?;
    record.times.is_valid(Timestamp::now()).then_some(record)
}
