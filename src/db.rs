//! The MongoDB client: the only place where one is built, and where an operation gets its deadline.
//!
//! The driver has no operation timeout of its own: an operation on a frozen server would wait for
//! ever. So all calls go through [`Mongo`] and [`Documents`]: they wait for their turn in
//! `db/queue.rs`, and what does not come back in time is [`Unavailable`], which becomes a 503 page in
//! `web/error.rs`. How long all calls of a request may take together is for `deadline.rs`.

mod checks;
mod error;
mod indexes;
mod queue;

pub use checks::{WrongKind, check_kinds};
pub use error::{Unavailable, is_duplicate_key};
pub use indexes::{IndexError, code, ensure as ensure_indexes, list as list_indexes, serves};

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::deadline::within;
use crate::trace;
use mongodb::bson::{Document, doc};
use mongodb::error::Error;
use mongodb::options::{
    Acknowledgment, ClientOptions, CollectionOptions, ReadPreference, WriteConcern,
};
use mongodb::{Client, Collection, Database};
use rocket::tokio::sync::Mutex;

use queue::{Admitted, BACKGROUND, Queue, Share};

/// The tutorial's database, when the connection string names none.
pub const DEFAULT_DATABASE: &str = "tutorial_db";

/// For one operation.
const DEADLINE: Duration = Duration::from_millis(2500);

/// For connecting and for finding a primary: below [`DEADLINE`], so that the driver's own words
/// ("no server available") reach the log, rather than ours.
const SELECTION: Duration = Duration::from_secs(2);

/// How long the answer to a ping counts: any number of visitors may ask `/readyz`.
const PING_COUNTS: Duration = Duration::from_millis(200);

/// `maxTimeMS` of reads: the server stops working on what nobody waits for any more.
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
    queue: Arc<Queue>,
    last_ping: Arc<Mutex<Option<LastPing>>>,
}

type LastPing = (Instant, Result<(), Unavailable>);

/// A collection of it, with the connections that its operations use and the time that they may take.
/// A clone is the same one.
pub struct Documents<T: Send + Sync> {
    collection: Collection<T>,
    queue: Arc<Queue>,
    share: Share,
    limit: Duration,
}

impl<T: Send + Sync> Clone for Documents<T> {
    fn clone(&self) -> Self {
        let Self { collection, queue, share, limit } = self;
        Self { collection: collection.clone(), queue: queue.clone(), share: *share, limit: *limit }
    }
}

impl<T: Send + Sync> Documents<T> {
    /// The collection's name.
    pub fn name(&self) -> &str {
        self.collection.name()
    }

    /// For operations on many documents, in front of a page that a visitor waits for.
    pub fn list(&self) -> Self {
        Self { share: Share::List, ..self.clone() }
    }

    /// For an admin's page, and for what no page waits for.
    pub fn in_background(&self) -> Self {
        Self { share: Share::Background, ..self.clone() }
    }

    /// For background work that may take as long as `limit`, such as the making of an index.
    pub fn within(&self, limit: Duration) -> Self {
        Self { limit, ..self.in_background() }
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
        let Self { collection, queue, share, limit } = self.clone();
        let operation = operation(collection);
        async move { carry_out(&queue, share, limit, operation).await }
    }
}

/// One operation: waits for its turn, then runs, within `limit` and what the request has left.
async fn carry_out<R: Send>(
    queue: &Queue,
    share: Share,
    limit: Duration,
    operation: impl Future<Output = Result<R, Error>> + Send + 'static,
) -> Result<R, Unavailable> {
    let begun = Instant::now();
    let permit = within(limit, queue.enter(share)).await.ok_or_else(Unavailable::late)??;
    let left = limit.saturating_sub(begun.elapsed());
    let result = within(left, Admitted::new(permit, operation)).await;
    result.ok_or_else(Unavailable::late)?.map_err(|error| Unavailable::driver(&error))
}

impl Mongo {
    /// The database that `uri` names. Does not connect yet. `watched`: each command is noted for
    /// the X-ray, and there are connections for [`MAX_STREAMS`] change streams.
    ///
    /// # Errors
    /// The connection string is wrong. The error does not repeat it: it may hold a password.
    pub async fn open(uri: &str, watched: bool) -> Result<Self, Unavailable> {
        let mut options =
            ClientOptions::parse(uri).await.map_err(|error| Unavailable::driver(&error))?;
        let connections = options.max_pool_size.filter(|size| *size > 0).unwrap_or(CONNECTIONS);
        let streams = if watched { MAX_STREAMS } else { 0 };
        options.max_pool_size = Some(connections + BACKGROUND + streams);
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
        let queue = Arc::new(Queue::new(connections));
        Self { database, queue, last_ping: Arc::default() }
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
        Documents { collection, queue: self.queue.clone(), share: Share::Page, limit: DEADLINE }
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
        carry_out(&self.queue, Share::Background, limit, operation(self.database.clone())).await
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
    within(DEADLINE, what).await.ok_or_else(Unavailable::late)
}
