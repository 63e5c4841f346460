//! The MongoDB client: the only place where one is built, and where an operation gets its deadline.
//!
//! The driver has no operation timeout of its own: an operation on a frozen server would wait for
//! ever. So every call goes through [`bounded`], and what does not come back in time is
//! [`Unavailable`], which becomes a 503 page in `web/error.rs`. How long all calls of a request may take
//! together is for `deadline.rs`.

use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;

use crate::deadline::within;
use crate::trace;
use mongodb::bson::doc;
use mongodb::error::{Error, ErrorKind, WriteFailure};
use mongodb::options::{Acknowledgment, ClientOptions, WriteConcern};
use mongodb::{Client, Database};

/// The tutorial's database, when the connection string names none.
pub const DEFAULT_DATABASE: &str = "tutorial_db";

/// For one operation.
const DEADLINE: Duration = Duration::from_millis(2500);

/// For connecting and for finding a primary: below [`DEADLINE`], so that the driver's own words
/// ("no server available") reach the log, rather than ours.
const SELECTION: Duration = Duration::from_secs(2);

/// `maxTimeMS` of reads: the server stops working on what nobody waits for any more.
pub const READ_LIMIT: Duration = Duration::from_secs(2);

/// Connections to one server. With more of them, `mongod` has more threads than cores at work, and the
/// slowest page in a hundred takes twice as long (docs/performance.md).
const POOL: u32 = 10;

/// The same in class, where each change stream that is listened to holds one.
const POOL_IN_CLASS: u32 = 32;

/// The store does not answer, or cannot do what was asked. Not "no": nobody knows.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{0}")]
pub struct Unavailable(Arc<str>);

impl Unavailable {
    /// What the driver says, without the state of the whole cluster that it likes to add.
    fn driver(error: &Error) -> Self {
        let text = error.kind.to_string();
        Self::new(text.split(" Topology:").next().unwrap_or_default())
    }

    /// What did not come in time.
    fn late() -> Self {
        Self::new("no answer in time")
    }

    /// The cause, for the log; it is never shown on a page.
    pub fn new(cause: impl Display) -> Self {
        Self(cause.to_string().into())
    }
}

/// Runs one database operation, and gives up on it in time.
///
/// # Errors
/// The deadline has passed, or the driver says that it failed.
pub async fn bounded<T>(
    operation: impl Future<Output = Result<T, Error>>,
) -> Result<T, Unavailable> {
    bounded_by(DEADLINE, operation).await
}

/// The same for an operation that nobody waits for in front of a page.
///
/// # Errors
/// The deadline has passed, or the driver says that it failed.
pub async fn bounded_by<T>(
    deadline: Duration,
    operation: impl Future<Output = Result<T, Error>>,
) -> Result<T, Unavailable> {
    let result = within(deadline, operation).await.ok_or_else(Unavailable::late)?;
    result.map_err(|error| Unavailable::driver(&error))
}

/// Waits for something that hangs on the database, for as long as for one operation.
///
/// # Errors
/// The deadline has passed.
pub async fn in_time<T>(what: impl Future<Output = T>) -> Result<T, Unavailable> {
    within(DEADLINE, what).await.ok_or_else(Unavailable::late)
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

/// The database that `uri` names, over a client with our limits. Does not connect yet. `watched`:
/// each command is noted for the X-ray.
///
/// # Errors
/// The connection string is wrong. The error does not repeat it: it may hold a password.
pub async fn open(uri: &str, watched: bool) -> Result<Database, Unavailable> {
    let mut options = ClientOptions::parse(uri).await.map_err(Unavailable::new)?;
    options.app_name.get_or_insert_with(|| "cloakroom".to_owned());
    options.connect_timeout.get_or_insert(SELECTION);
    options.server_selection_timeout.get_or_insert(SELECTION);
    options.max_pool_size.get_or_insert(if watched { POOL_IN_CLASS } else { POOL });
    // A login that was acknowledged must outlive the loss of a server: written to the journals of
    // a majority. MongoDB's default loses acknowledged writes of a lone server that is killed.
    options.write_concern =
        Some(WriteConcern::builder().w(Acknowledgment::Majority).journal(true).build());
    if watched {
        options.command_event_handler = Some(trace::listener());
    }
    let client = Client::with_options(options).map_err(Unavailable::new)?;
    let database = client.default_database();
    Ok(database.unwrap_or_else(|| client.database(DEFAULT_DATABASE)))
}

/// Asks the database whether it is there.
///
/// # Errors
/// It does not answer.
pub async fn ping(database: &Database) -> Result<(), Unavailable> {
    bounded(async { database.run_command(doc! { "ping": 1 }).await }).await.map(drop)
}
