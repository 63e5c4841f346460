//! Opens the stores of sessions and users, in MongoDB or in the memory of this process.
//!
//! This file chooses between the two, once. Other code uses the traits: `Store` of `rocket_express_session`,
//! `Users` and `Counters` of `auth`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rocket::tokio::time::sleep;
use rocket_express_session::mongodb::MongoStore;
use rocket_express_session::store::{MemoryStore, Store};

use crate::audit;
use crate::auth::Users;
use crate::auth::throttle::{Counters, memory::MemoryCounters, mongo::MongoCounters};
use crate::auth::users::{memory::MemoryUsers, mongo::MongoUsers};
use crate::config::{Config, DEFAULT_URI, MongoConfig, StoreKind};
use crate::db::{self, Documents, IndexError, Mongo, Unavailable, WrongKind};
use crate::migrate::{self, MigrateError};
use crate::names::{COLLECTIONS, TEACHING_COLLECTIONS};

/// The stores of a running program.
pub struct Stores {
    /// The store of the sessions.
    pub sessions: Arc<dyn Store>,
    /// The store of the accounts.
    pub users: Arc<dyn Users>,
    /// The counters of attempts.
    pub counters: Arc<dyn Counters>,
    /// The storage behind the stores, for pages and health checks.
    pub backing: Backend,
}

impl From<Unavailable> for OpenError {
    fn from(error: Unavailable) -> Self {
        match error {
            error if error.is_denial() => Self::Denied(error),
            error if error.is_refusal() => Self::Refused(error),
            error => Self::NoDatabase(error),
        }
    }
}

impl From<MigrateError> for OpenError {
    fn from(error: MigrateError) -> Self {
        match error {
            MigrateError::Unavailable(error) => error.into(),
            error => Self::Migration(error),
        }
    }
}

impl From<IndexError> for OpenError {
    fn from(error: IndexError) -> Self {
        MigrateError::from(error).into()
    }
}

impl From<WrongKind> for OpenError {
    fn from(error: WrongKind) -> Self {
        match error {
            WrongKind::Unavailable(error) => error.into(),
            error @ WrongKind::NoCollection { .. } => Self::WrongKind(error),
        }
    }
}

/// The reaction when MongoDB does not answer at the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnUnreachable {
    /// Serve from memory. This is for a start without a configured database.
    FallBack,
    /// Wait for MongoDB, then stop. After a power cut, both may be starting.
    Wait,
    /// Stop immediately, because a person waits at the terminal.
    Stop,
}

/// The longest wait at the start. A replica set with one member missing elects a primary in 12 s.
const PATIENCE: Duration = Duration::from_secs(20);

/// The storage behind the stores.
pub enum Backend {
    /// A database that all instances share.
    Mongodb {
        /// The database.
        database: Mongo,
        /// The collection of the sessions.
        sessions: String,
    },
    /// The memory of this process. All data is lost when the process stops, and each page says so.
    Memory,
}

impl Backend {
    /// The collection of this name; `None` in memory.
    pub fn documents<T: Clone + Send + Sync>(&self, name: &str) -> Option<Documents<T>> {
        match self {
            Self::Mongodb { database, .. } => Some(database.documents(name)),
            Self::Memory => None,
        }
    }
}

/// A reason why the stores cannot be opened. Its message is one line.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "each variant's message says what it is")]
pub enum OpenError {
    #[error(
        "MongoDB does not answer ({0}). Start MongoDB, or set MONGODB_URI to its address. To try this \
         program without a database, set SESSION_STORE=memory"
    )]
    NoDatabase(Unavailable),
    #[error(
        "MongoDB denies access: {0}. Check the user and the password in MONGODB_URI. The user needs the \
         roles readWrite and dbAdmin on the database"
    )]
    Denied(Unavailable),
    #[error("MongoDB answers, but with an error: {0}")]
    Refused(Unavailable),
    #[error(
        "MongoDB answers, but its replica set is not initiated. Run rs.initiate() in mongosh on that server"
    )]
    NotInitiated,
    #[error(
        "MongoDB answers, but the server is {0}, and MONGODB_URI asks for the replica set {1:?}. Correct \
         replicaSet in MONGODB_URI, or remove it and add directConnection=true"
    )]
    OtherSet(String, String),
    #[error("the connection string in MONGODB_URI (or mongodb.uri in Rocket.toml) is wrong: {0}")]
    BadUri(Unavailable),
    #[error(transparent)]
    WrongKind(WrongKind),
    #[error(transparent)]
    Migration(MigrateError),
    #[error(
        "this command needs MongoDB: the memory store exists only inside a running server. Set \
         SESSION_STORE=mongodb, and MONGODB_URI to the database of the server"
    )]
    NeedsDatabase,
}

impl OnUnreachable {
    /// The reaction of a server. With `may_lose_data`, it serves from memory if no database is configured and
    /// the default address does not answer. So `cargo run` and a class work on any machine.
    pub fn serving(config: &Config, may_lose_data: bool) -> Self {
        let is_default = config.mongodb.uri.0 == DEFAULT_URI;
        match may_lose_data && is_default && std::env::var_os("MONGODB_URI").is_none() {
            true => Self::FallBack,
            false => Self::Wait,
        }
    }
}

/// Checks that the settings use MongoDB, for a command that works on the database of a server.
///
/// # Errors
/// [`OpenError::NeedsDatabase`] with the memory store.
pub fn require_database(config: &Config) -> Result<(), OpenError> {
    match config.session.store {
        StoreKind::Mongodb => Ok(()),
        StoreKind::Memory => Err(OpenError::NeedsDatabase),
    }
}

/// Opens the stores that the settings ask for.
///
/// # Errors
/// MongoDB cannot be used: [`OpenError`] has the reasons.
pub async fn open(config: &Config, on_unreachable: OnUnreachable) -> Result<Stores, OpenError> {
    if config.session.store == StoreKind::Memory {
        return Ok(in_memory());
    }
    let give_up = Instant::now() + PATIENCE;
    let mut is_said = false;
    loop {
        let opened = match open_database(config).await {
            Ok(mongo) => in_mongodb(config, mongo).await,
            Err(error) => Err(error),
        };
        let Err(error) = opened else { return opened };
        match on_unreachable {
            _ if !matches!(error, OpenError::NoDatabase(_)) => return Err(error),
            OnUnreachable::FallBack => return Ok(in_memory()),
            OnUnreachable::Wait if Instant::now() < give_up => {}
            OnUnreachable::Wait | OnUnreachable::Stop => return Err(error),
        }
        if !is_said {
            tracing::warn!("{error}. Waiting for MongoDB, {PATIENCE:?} at most");
            is_said = true;
        }
        sleep(Duration::from_millis(200)).await;
    }
}

/// Opens the database of the settings, and applies all migrations.
///
/// # Errors
/// MongoDB cannot be used: [`OpenError`] has the reasons.
pub async fn open_database(config: &Config) -> Result<Mongo, OpenError> {
    match open_migrated(config).await {
        // MongoDB may answer and still be unusable: its replica set may differ from that of MONGODB_URI.
        Err(OpenError::NoDatabase(error)) => {
            let found = other_set(&config.mongodb.uri.0).await;
            Err(found.unwrap_or(OpenError::NoDatabase(error)))
        }
        opened => opened,
    }
}

async fn open_migrated(config: &Config) -> Result<Mongo, OpenError> {
    let MongoConfig { uri, share_reads } = &config.mongodb;
    let mongo = Mongo::open(&uri.0, config.teaching, *share_reads).await;
    let mongo = mongo.map_err(OpenError::BadUri)?;
    mongo.ping().await?;
    let sessions = config.session.collection.as_str();
    let ended = format!("{sessions}{}", MongoStore::REASONS_SUFFIX);
    let mut ours = vec![sessions, &ended];
    ours.extend(COLLECTIONS);
    if config.teaching {
        ours.extend(TEACHING_COLLECTIONS);
    }
    db::check_kinds(&mongo, &ours).await?;
    for name in migrate::run_for(&mongo, migrate::ALL, sessions).await? {
        audit::record_migration(name);
    }
    Ok(mongo)
}

/// The error for a server that answers, but is in another replica set, or in none yet. The driver only
/// reports that no server was found.
async fn other_set(uri: &str) -> Option<OpenError> {
    let (asked, hello) = db::hello(uri).await?;
    if hello.get_bool("isreplicaset").unwrap_or(false) {
        return Some(OpenError::NotInitiated);
    }
    let found = match (&asked, hello.get_str("setName")) {
        (None, _) => return None,
        (Some(asked), Ok(name)) if name == asked => return None,
        (_, Ok(name)) => format!("in the replica set {name:?}"),
        (_, Err(_)) => "in no replica set".to_owned(),
    };
    Some(OpenError::OtherSet(found, asked?))
}

fn in_memory() -> Stores {
    Stores {
        sessions: Arc::new(MemoryStore::default()),
        users: Arc::new(MemoryUsers::default()),
        counters: Arc::new(MemoryCounters::default()),
        backing: Backend::Memory,
    }
}

async fn in_mongodb(config: &Config, mongo: Mongo) -> Result<Stores, OpenError> {
    let collection = &config.session.collection;
    let store = mongo.session_store(collection).stringify(config.session.stringify);
    let sessions = store.beside_express();
    sessions.ensure_indexes().await?;
    Ok(Stores {
        sessions: Arc::new(sessions),
        users: Arc::new(MongoUsers::new(&mongo)),
        counters: Arc::new(MongoCounters::new(&mongo)),
        backing: Backend::Mongodb { database: mongo, sessions: collection.clone() },
    })
}
