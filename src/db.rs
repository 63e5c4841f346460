//! The MongoDB client, and a time limit for each of our operations.
//!
//! The driver has no operation timeout: an operation on a frozen server would wait for ever. So all our
//! operations go through [`Mongo`] and [`Documents`]. They queue at the [`Gate`], which the session store
//! shares. An operation that gets no reply in time fails with [`Unavailable`], which `web/error.rs` turns
//! into a 503 page. The session store has time limits of its own, in `rocket_express_session`. `in_flight.rs`
//! limits all waiting of a request together.

mod checks;
mod replace;
pub mod versioned;

pub use checks::{WrongKind, check_kinds};
pub use replace::{is_duplicate_key, unless_duplicate};
pub use rocket_express_session::Unavailable;
pub use rocket_express_session::mongodb::indexes::{self, IndexError};

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::in_flight::within;
use crate::trace;
use mongodb::bson::{Document, doc};
use mongodb::error::Error;
use mongodb::options::{
    Acknowledgment, ClientOptions, CollectionOptions, ReadPreference, WriteConcern,
};
use mongodb::{Client, Collection, Database};
use rocket::tokio::sync::Mutex;
use rocket_express_session::mongodb::{Gate, Lane, MongoStore, SharedReads};

/// The database when the connection string names none: that of the tutorial.
pub const DEFAULT_DATABASE: &str = "tutorial_db";

/// The time limit of one operation.
const OPERATION_TIMEOUT: Duration = Duration::from_millis(2500);

/// The time limit for connecting and for finding a primary. It is below [`OPERATION_TIMEOUT`], so that the
/// log has the driver's message ("no server available") rather than ours.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// How long the result of a ping is reused, because any number of visitors may request `/readyz`.
const PING_REUSED: Duration = Duration::from_millis(200);

/// `maxTimeMS` of reads, after which the server stops: no request waits for the result any more.
pub const READ_LIMIT: Duration = Duration::from_secs(2);

/// Connections for pages to one server, unless the connection string sets `maxPoolSize`. With more of them,
/// `mongod` runs more threads than it has cores, and the slowest page in a hundred takes twice as long
/// (docs/performance.md).
const CONNECTIONS: u32 = 10;

/// Connections for change streams, with `teaching`: the one stream of the process holds it all the time.
const CHANGE_STREAMS: u32 = 1;

/// A database, through a client with our limits. A clone refers to the same one.
#[derive(Clone)]
pub struct Mongo {
    database: Database,
    gate: Gate,
    shares_reads: bool,
    last_ping: Arc<Mutex<Option<LastPing>>>,
}

type LastPing = (Instant, Result<(), Unavailable>);

/// A collection of a [`Mongo`], with the connections and the time limit of its operations. A clone refers to
/// the same one.
#[derive(Clone)]
pub struct Documents<T: Send + Sync> {
    collection: Collection<T>,
    gate: Gate,
    lane: Lane,
    limit: Duration,
}

impl<T: Clone + Send + Sync> Documents<T> {
    /// The collection's name.
    pub fn name(&self) -> &str {
        self.collection.name()
    }

    /// The collection with background connections: for an admin's page, and for what no page waits for.
    pub fn in_background(&self) -> Self {
        Self { lane: Lane::Background, ..self.clone() }
    }

    /// Runs an operation on the collection.
    ///
    /// # Errors
    /// Too many operations are waiting, the time limit is over, or the operation failed.
    pub fn run<R, F, O>(
        &self,
        operation: O,
    ) -> impl Future<Output = Result<R, Unavailable>> + Send + use<T, R, F, O>
    where
        R: Send,
        F: Future<Output = Result<R, Error>> + Send + 'static,
        O: FnOnce(Collection<T>) -> F,
    {
        let Self { collection, gate, lane, limit } = self.clone();
        let operation = operation(collection);
        async move { run_operation(&gate, lane, limit, operation).await }
    }

    /// Makes the indexes that are missing: see [`indexes::ensure`].
    ///
    /// # Errors
    /// MongoDB does not answer or refuses, or another index is in the way.
    pub async fn ensure_indexes(&self, wanted: Vec<Document>) -> Result<(), IndexError>
    where
        T: 'static,
    {
        indexes::ensure(&self.gate, &self.collection, wanted).await
    }

    /// Lists all indexes of the collection. None when it does not exist.
    ///
    /// # Errors
    /// MongoDB does not answer, or refuses.
    pub async fn list_indexes(&self) -> Result<Vec<Document>, Unavailable>
    where
        T: 'static,
    {
        indexes::list(&self.gate, &self.collection).await
    }
}

/// Waits at the gate and runs the operation, within `limit` and the time that the request has left.
async fn run_operation<R: Send>(
    gate: &Gate,
    lane: Lane,
    limit: Duration,
    operation: impl Future<Output = Result<R, Error>> + Send + 'static,
) -> Result<R, Unavailable> {
    within(limit, gate.run(lane, operation)).await.unwrap_or_else(|| Err(timed_out()))
}

fn timed_out() -> Unavailable {
    Unavailable::new("no answer in time")
}

impl Mongo {
    /// Opens the database that `uri` names, without connecting yet.
    ///
    /// If it is `watched`, each command is noted for the X-ray, and there is one more connection, for a
    /// change stream. Then no request shares its reads, so that each shows its own.
    ///
    /// # Errors
    /// The connection string is wrong. The error does not repeat it, because it may contain a password.
    pub async fn open(uri: &str, watched: bool, share_reads: bool) -> Result<Self, Unavailable> {
        let mut options = ClientOptions::parse(uri).await?;
        let connections = options.max_pool_size.filter(|size| *size > 0).unwrap_or(CONNECTIONS);
        let streams = if watched { CHANGE_STREAMS } else { 0 };
        options.max_pool_size = Some(connections + Gate::BACKGROUND + streams);
        options.app_name.get_or_insert_with(|| "cloakroom".to_owned());
        options.connect_timeout.get_or_insert(CONNECT_TIMEOUT);
        options.server_selection_timeout.get_or_insert(CONNECT_TIMEOUT);
        // This overrides the connection string: a secondary may not have a recent login, logout or counted
        // attempt yet.
        options.selection_criteria = Some(ReadPreference::Primary.into());
        // A login that was acknowledged must survive the loss of a server, so it is written to the journals
        // of a majority. With MongoDB's default, a lone server that is killed loses acknowledged writes.
        options.write_concern =
            Some(WriteConcern::builder().w(Acknowledgment::Majority).journal(true).build());
        if watched {
            options.command_event_handler = Some(trace::listener());
        }
        let client = Client::with_options(options).map_err(Unavailable::new)?;
        let database = client.default_database();
        let database = database.unwrap_or_else(|| client.database(DEFAULT_DATABASE));
        Ok(Self { shares_reads: share_reads && !watched, ..Self::over(database, connections) })
    }

    /// Uses a database of an existing client, whose pool has `connections` for pages and two more.
    pub fn over(database: Database, connections: u32) -> Self {
        let gate = Gate::new(connections);
        Self { database, gate, shares_reads: true, last_ping: Arc::default() }
    }

    /// The session store in the collection of this name, with the same gate.
    pub fn session_store(&self, collection: &str) -> MongoStore {
        let store = MongoStore::new(&self.database).collection(collection);
        store.gate(self.gate.clone()).share_reads(self.shares_reads)
    }

    /// Reads of `_id` and these fields that share their commands. `None`: each request sends its own.
    pub fn shared_reads(&self, name: &str, fields: &'static [&'static str]) -> Option<SharedReads> {
        let collection = self.database.collection(name);
        self.shares_reads.then(|| SharedReads::new(collection, fields, self.gate.clone()))
    }

    /// The name of the database.
    pub fn name(&self) -> &str {
        self.database.name()
    }

    /// The collection of this name.
    pub fn documents<T: Clone + Send + Sync>(&self, name: &str) -> Documents<T> {
        self.documents_with(name, CollectionOptions::default())
    }

    /// The collection of this name, with these options.
    pub fn documents_with<T: Clone + Send + Sync>(
        &self,
        name: &str,
        options: CollectionOptions,
    ) -> Documents<T> {
        let collection = self.database.collection_with_options(name, options);
        Documents {
            collection,
            gate: self.gate.clone(),
            lane: Lane::Page,
            limit: OPERATION_TIMEOUT,
        }
    }

    /// Runs an operation on the database itself, within `limit`.
    ///
    /// # Errors
    /// As [`Documents::run`].
    pub async fn run_within<R, F>(
        &self,
        limit: Duration,
        operation: impl FnOnce(Database) -> F,
    ) -> Result<R, Unavailable>
    where
        R: Send,
        F: Future<Output = Result<R, Error>> + Send + 'static,
    {
        run_operation(&self.gate, Lane::Background, limit, operation(self.database.clone())).await
    }

    /// Runs an operation on the database itself.
    ///
    /// A change stream holds its connection for as long as it is open, so a process opens only one.
    ///
    /// # Errors
    /// As [`Documents::run`].
    pub async fn run<R, F>(&self, operation: impl FnOnce(Database) -> F) -> Result<R, Unavailable>
    where
        R: Send,
        F: Future<Output = Result<R, Error>> + Send + 'static,
    {
        self.run_within(OPERATION_TIMEOUT, operation).await
    }

    /// Checks that the database answers. Concurrent callers share one ping. It does not queue with the pages,
    /// because a full queue is no outage.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn ping(&self) -> Result<(), Unavailable> {
        let mut last = self.last_ping.lock().await;
        if let Some((time, result)) = &*last
            && time.elapsed() < PING_REUSED
        {
            return result.clone();
        }
        let ping =
            |database: Database| async move { database.run_command(doc! { "ping": 1 }).await };
        let result = self.run(ping).await.map(drop);
        *last = Some((Instant::now(), result.clone()));
        result
    }
}

/// The response to `hello` of the first server that answers, and the replica set in the connection string.
///
/// Each server is asked alone and without a user, so that a wrong setting in the string does not matter.
pub async fn hello(uri: &str) -> Option<(Option<String>, Document)> {
    let mut options = ClientOptions::parse(uri).await.ok()?;
    let replica_set = options.repl_set_name.take();
    options.credential = None;
    options.load_balanced = None;
    options.direct_connection = Some(true);
    options.server_selection_timeout = Some(CONNECT_TIMEOUT);
    for host in std::mem::take(&mut options.hosts) {
        let mut alone = options.clone();
        alone.hosts = vec![host];
        let admin = Client::with_options(alone).ok()?.database("admin");
        let hello = in_time(async { admin.run_command(doc! { "hello": 1 }).await }).await;
        if let Ok(Ok(hello)) = hello {
            return Some((replica_set, hello));
        }
    }
    None
}

/// Waits for work that depends on the database, for as long as for one operation.
///
/// # Errors
/// The work takes longer.
pub async fn in_time<T>(work: impl Future<Output = T>) -> Result<T, Unavailable> {
    within(OPERATION_TIMEOUT, work).await.ok_or_else(timed_out)
}
