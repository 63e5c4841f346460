//! The MongoDB client: the only place where one is built, and where our own operations get a deadline.
//!
//! The driver has no operation timeout of its own: an operation on a frozen server would wait for
//! ever. So all our calls go through [`Mongo`] and [`Documents`]. They wait for their turn at the [`Gate`],
//! which the session store shares. A call without a reply in time is [`Unavailable`], which becomes a 503
//! page in `web/error.rs`. The calls of the session store get their deadline in `rocket_express_session`.
//! `in_flight.rs` limits all waiting of a request together.

mod checks;

pub use checks::{WrongKind, check_kinds};
pub use rocket_express_session::Unavailable;
pub use rocket_express_session::mongodb::indexes::{self, IndexError};

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::in_flight::within;
use crate::trace;
use mongodb::bson::{Document, doc};
use mongodb::error::{Error, ErrorKind, WriteFailure};
use mongodb::options::{
    Acknowledgment, ClientOptions, CollectionOptions, ReadPreference, WriteConcern,
};
use mongodb::{Client, Collection, Database};
use rocket::tokio::sync::Mutex;
use rocket_express_session::mongodb::{Gate, Lane, MongoStore};

/// The tutorial's database, when the connection string names none.
pub const DEFAULT_DATABASE: &str = "tutorial_db";

/// For one operation.
const DEADLINE: Duration = Duration::from_millis(2500);

/// For connecting and for finding a primary: below [`DEADLINE`], so that the driver's own words
/// ("no server available") reach the log, rather than ours.
const SELECTION: Duration = Duration::from_secs(2);

/// How long the answer to a ping counts: any number of visitors may ask `/readyz`.
const PING_COUNTS: Duration = Duration::from_millis(200);

/// `maxTimeMS` of reads: the server stops working on what no request waits for any more.
pub const READ_LIMIT: Duration = Duration::from_secs(2);

/// Connections for pages to one server, unless the connection string says `maxPoolSize`. With more
/// of them, `mongod` has more threads than cores at work, and the slowest page in a hundred takes
/// twice as long (docs/performance.md).
const CONNECTIONS: u32 = 10;

/// Change streams at once, where the class is watched: each holds a connection of its own, so that
/// no number of teachers takes one from the pages.
pub const MAX_STREAMS: u32 = 9;

/// A database, over a client with our limits. A clone is the same one.
#[derive(Clone)]
pub struct Mongo {
    database: Database,
    gate: Gate,
    last_ping: Arc<Mutex<Option<LastPing>>>,
}

type LastPing = (Instant, Result<(), Unavailable>);

/// A collection of it, with the connections that its operations use and the time that they may take.
/// A clone is the same one.
pub struct Documents<T: Send + Sync> {
    collection: Collection<T>,
    gate: Gate,
    lane: Lane,
    limit: Duration,
}

impl<T: Send + Sync> Clone for Documents<T> {
    fn clone(&self) -> Self {
        let Self { collection, gate, lane, limit } = self;
        Self { collection: collection.clone(), gate: gate.clone(), lane: *lane, limit: *limit }
    }
}

impl<T: Send + Sync> Documents<T> {
    /// The collection's name.
    pub fn name(&self) -> &str {
        self.collection.name()
    }

    /// For an admin's page, and for what no page waits for.
    pub fn in_background(&self) -> Self {
        Self { lane: Lane::Background, ..self.clone() }
    }

    /// Runs an operation.
    ///
    /// # Errors
    /// Too many operations wait, the deadline has passed, or the driver says that it failed.
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
        async move { carry_out(&gate, lane, limit, operation).await }
    }

    /// Makes the indexes that are missing: see [`indexes::ensure`].
    ///
    /// # Errors
    /// [`IndexError`].
    pub async fn ensure_indexes(&self, wanted: Vec<Document>) -> Result<(), IndexError>
    where
        T: 'static,
    {
        indexes::ensure(&self.gate, &self.collection, wanted).await
    }

    /// All indexes of the collection; none when it does not exist.
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

/// One operation: waits for its turn, then runs, within `limit` and what the request has left.
async fn carry_out<R: Send>(
    gate: &Gate,
    lane: Lane,
    limit: Duration,
    operation: impl Future<Output = Result<R, Error>> + Send + 'static,
) -> Result<R, Unavailable> {
    within(limit, gate.run(lane, operation)).await.unwrap_or_else(|| Err(late()))
}

fn late() -> Unavailable {
    Unavailable::new("no answer in time")
}

/// True when a unique index refused a write.
pub fn is_duplicate_key(error: &Error) -> bool {
    const DUPLICATE_KEY: i32 = 11000;
    match &*error.kind {
        ErrorKind::Write(WriteFailure::WriteError(error)) => error.code == DUPLICATE_KEY,
        ErrorKind::Command(error) => error.code == DUPLICATE_KEY,
        _ => false,
    }
}

impl Mongo {
    /// The database that `uri` names. Does not connect yet. `watched`: each command is noted for
    /// the X-ray, and there are connections for [`MAX_STREAMS`] change streams.
    ///
    /// # Errors
    /// The connection string is wrong. The error does not repeat it: it may hold a password.
    pub async fn open(uri: &str, watched: bool) -> Result<Self, Unavailable> {
        let mut options = ClientOptions::parse(uri).await?;
        let connections = options.max_pool_size.filter(|size| *size > 0).unwrap_or(CONNECTIONS);
        let streams = if watched { MAX_STREAMS } else { 0 };
        options.max_pool_size = Some(connections + Gate::BACKGROUND + streams);
        options.app_name.get_or_insert_with(|| "cloakroom".to_owned());
        options.connect_timeout.get_or_insert(SELECTION);
        options.server_selection_timeout.get_or_insert(SELECTION);
        // Whatever the connection string says: a secondary may not know yet of a login, a logout or an
        // attempt that was counted.
        options.selection_criteria = Some(ReadPreference::Primary.into());
        // A login that was acknowledged must outlive the loss of a server: written to the journals
        // of a majority. MongoDB's default loses acknowledged writes of a lone server that is killed.
        options.write_concern =
            Some(WriteConcern::builder().w(Acknowledgment::Majority).journal(true).build());
        if watched {
            options.command_event_handler = Some(trace::listener());
        }
        let client = Client::with_options(options).map_err(Unavailable::new)?;
        let database = client.default_database();
        let database = database.unwrap_or_else(|| client.database(DEFAULT_DATABASE));
        Ok(Self::over(database, connections))
    }

    /// Over a client that exists, whose pool has this many connections for pages, and two more.
    pub fn over(database: Database, connections: u32) -> Self {
        Self { database, gate: Gate::new(connections), last_ping: Arc::default() }
    }

    /// The session store in the collection of this name, through the same gate.
    pub fn session_store(&self, collection: &str) -> MongoStore {
        MongoStore::new(&self.database).collection(collection).gate(self.gate.clone())
    }

    /// The name of the database.
    pub fn name(&self) -> &str {
        self.database.name()
    }

    /// The collection of this name.
    pub fn documents<T: Send + Sync>(&self, name: &str) -> Documents<T> {
        self.documents_with(name, CollectionOptions::default())
    }

    /// The collection of this name, with options of its own.
    pub fn documents_with<T: Send + Sync>(
        &self,
        name: &str,
        options: CollectionOptions,
    ) -> Documents<T> {
        let collection = self.database.collection_with_options(name, options);
        Documents { collection, gate: self.gate.clone(), lane: Lane::Page, limit: DEADLINE }
    }

    /// Runs an operation on the database itself that may take as long as `limit`.
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
        carry_out(&self.gate, Lane::Background, limit, operation(self.database.clone())).await
    }

    /// Runs an operation on the database itself. A change stream holds its connection for as long
    /// as it lives: the caller sees to it that there are at most [`MAX_STREAMS`].
    ///
    /// # Errors
    /// As [`Documents::run`].
    pub async fn run<R, F>(&self, operation: impl FnOnce(Database) -> F) -> Result<R, Unavailable>
    where
        R: Send,
        F: Future<Output = Result<R, Error>> + Send + 'static,
    {
        self.run_within(DEADLINE, operation).await
    }

    /// Asks the database whether it is there, once for all who ask at the same time. Not in the queue
    /// of pages: a full one is no outage.
    ///
    /// # Errors
    /// It does not answer.
    pub async fn ping(&self) -> Result<(), Unavailable> {
        let mut last = self.last_ping.lock().await;
        match &*last {
            Some((at, answer)) if at.elapsed() < PING_COUNTS => answer.clone(),
            _ => {
                let answer = self.ping_now().await;
                *last = Some((Instant::now(), answer.clone()));
                answer
            }
        }
    }

    async fn ping_now(&self) -> Result<(), Unavailable> {
        let ping =
            |database: Database| async move { database.run_command(doc! { "ping": 1 }).await };
        self.run(ping).await.map(drop)
    }
}

/// What the first server that answers says of itself, and the replica set that the connection string
/// asks for. The server is asked alone and without a user, so nothing in the string keeps it silent.
pub async fn hello(uri: &str) -> Option<(Option<String>, Document)> {
    let mut options = ClientOptions::parse(uri).await.ok()?;
    let asked = options.repl_set_name.take();
    options.credential = None;
    options.load_balanced = None;
    options.direct_connection = Some(true);
    options.server_selection_timeout = Some(SELECTION);
    for host in std::mem::take(&mut options.hosts) {
        let mut alone = options.clone();
        alone.hosts = vec![host];
        let admin = Client::with_options(alone).ok()?.database("admin");
        let hello = in_time(async { admin.run_command(doc! { "hello": 1 }).await }).await;
        if let Ok(Ok(hello)) = hello {
            return Some((asked, hello));
        }
    }
    None
}

/// Waits for something that hangs on the database, for as long as for one operation.
///
/// # Errors
/// The deadline has passed.
pub async fn in_time<T>(what: impl Future<Output = T>) -> Result<T, Unavailable> {
    within(DEADLINE, what).await.ok_or_else(late)
}
