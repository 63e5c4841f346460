//! Opens what keeps sessions and users: MongoDB, or this process's memory.
//!
//! This file decides once which of the two it is. All other code sees the traits only: `Store` of
//! `rocket_express_session`, `Users` and `Counters` of `auth`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rocket::tokio::time::sleep;
use rocket_express_session::mongodb::MongoStore;
use rocket_express_session::store::{MemoryStore, Store};

use crate::auth::Users;
use crate::auth::throttle::{self, Counters, memory::MemoryCounters, mongo::MongoCounters};
use crate::auth::users::{self, memory::MemoryUsers, mongo::MongoUsers};
use crate::config::{Config, ConfigError, DEFAULT_URI, StoreKind};
use crate::db::{self, IndexError, Mongo, Unavailable, WrongKind};
use crate::migrate::{self, MigrateError};
use crate::teach;

/// The stores of a running program.
pub struct Stores {
    /// For the session engine.
    pub sessions: Arc<dyn Store>,
    /// For the guards and the strategy.
    pub users: Arc<dyn Users>,
    /// For the throttle.
    pub counters: Arc<dyn Counters>,
    /// What they stand on, for pages and probes.
    pub backing: Backing,
}

impl From<Unavailable> for StartError {
    fn from(error: Unavailable) -> Self {
        match error {
            error if error.is_denial() => Self::Denied(error),
            error if error.is_refusal() => Self::Refused(error),
            error => Self::NoDatabase(error),
        }
    }
}

impl From<MigrateError> for StartError {
    fn from(error: MigrateError) -> Self {
        match error {
            MigrateError::Unavailable(error) => error.into(),
            error => Self::Migration(error),
        }
    }
}

impl From<IndexError> for StartError {
    fn from(error: IndexError) -> Self {
        MigrateError::from(error).into()
    }
}

impl From<WrongKind> for StartError {
    fn from(error: WrongKind) -> Self {
        match error {
            WrongKind::Unavailable(error) => error.into(),
            error => Self::WrongKind(error),
        }
    }
}

/// What to do when MongoDB does not answer at the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IfAway {
    /// Serve from memory: only where no database is named.
    FallBack,
    /// Wait for it, as both may be starting after a power cut, and then stop.
    Wait,
    /// Stop at once: a person waits at the terminal.
    Stop,
}

/// How long a start waits: a replica set of which one member is missing elects a primary in 12 s.
const PATIENCE: Duration = Duration::from_secs(20);

/// What stands behind the stores.
pub enum Backing {
    /// A database, shared by all instances.
    Mongodb {
        /// The database.
        database: Mongo,
        /// The collection of the sessions.
        sessions: String,
    },
    /// Everything is gone when the process stops: each page says so.
    Memory,
}

/// Why the program does not start, each in one clear line.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "each variant's message says what it is")]
pub enum StartError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(
        "MongoDB does not answer ({0}). Start it, or set MONGODB_URI to where it is, or try this \
         program out with SESSION_STORE=memory"
    )]
    NoDatabase(Unavailable),
    #[error(
        "MongoDB answers, but refuses: {0}. The user in MONGODB_URI needs the right password, and the \
         roles readWrite and dbAdmin on its database"
    )]
    Denied(Unavailable),
    #[error("MongoDB answers, but refuses: {0}")]
    Refused(Unavailable),
    #[error(
        "MongoDB answers, but its replica set is not initiated. Type in mongosh, on that server: \
         rs.initiate()"
    )]
    NotInitiated,
    #[error(
        "MongoDB answers, but is {0}, and MONGODB_URI asks for the replica set {1:?}. Correct \
         `replicaSet` there, or leave it out and add `directConnection=true`"
    )]
    OtherSet(String, String),
    #[error("the connection string of MongoDB (MONGODB_URI, `mongodb.uri`) is wrong: {0}")]
    BadUri(Unavailable),
    #[error(transparent)]
    WrongKind(WrongKind),
    #[error(transparent)]
    Migration(MigrateError),
    #[error("no folder {0}: set static_dir in Rocket.toml")]
    NoStaticFiles(String),
    #[error("{0}")]
    Threads(Unavailable),
    #[error("cannot serve on port {0}, which ROCKET_PORT can change: {1}")]
    Launch(u16, String),
    #[error(
        "{0} is a public address, and the lessons are not for the internet. Set ROCKET_ADDRESS to \
         this machine's address in the class's network, or add --public if you mean it"
    )]
    PublicAddress(std::net::IpAddr),
    #[error("a lesson cannot be given: {0}")]
    Lesson(String),
    #[error("{0}")]
    Backup(String),
    #[error("there is no account called {0:?}")]
    NoSuchUser(String),
    #[error(
        "several accounts answer to {0:?}: {1}. Nothing was changed. Type the ID of the one you mean"
    )]
    Ambiguous(String, String),
    #[error(
        "the memory store lives in the running server alone: this command needs MongoDB (set \
         MONGODB_URI to the one that the server uses)"
    )]
    NeedsDatabase,
}

impl IfAway {
    /// For a server. The debug profile serves from memory when no database is named and none
    /// answers at the default address, so that `cargo run` works on any machine.
    pub fn serving(config: &Config, is_debug: bool) -> Self {
        let is_default = config.mongodb.uri.0 == DEFAULT_URI;
        match is_debug && is_default && std::env::var_os("MONGODB_URI").is_none() {
            true => Self::FallBack,
            false => Self::Wait,
        }
    }
}

/// Opens the stores that the settings ask for.
///
/// # Errors
/// MongoDB does not answer, or does not fit the migrations.
pub async fn open(config: &Config, if_away: IfAway) -> Result<Stores, StartError> {
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
        match if_away {
            _ if !matches!(error, StartError::NoDatabase(_)) => return Err(error),
            IfAway::FallBack => return Ok(in_memory()),
            IfAway::Wait if Instant::now() < give_up => {}
            IfAway::Wait | IfAway::Stop => return Err(error),
        }
        if !is_said {
            log::warn!("{error}. Waiting for it, {PATIENCE:?} at most");
            is_said = true;
        }
        sleep(Duration::from_millis(200)).await;
    }
}

/// The database of the settings, with all migrations applied.
///
/// # Errors
/// MongoDB does not answer, or does not fit the migrations.
pub async fn open_database(config: &Config) -> Result<Mongo, StartError> {
    match open_migrated(config).await {
        // Perhaps it answers, and only the driver finds no server that it may ask.
        Err(StartError::NoDatabase(error)) => {
            let found = other_set(&config.mongodb.uri.0).await;
            Err(found.unwrap_or(StartError::NoDatabase(error)))
        }
        opened => opened,
    }
}

async fn open_migrated(config: &Config) -> Result<Mongo, StartError> {
    let uri = &config.mongodb.uri.0;
    let mongo = Mongo::open(uri, config.teaching).await.map_err(StartError::BadUri)?;
    mongo.ping().await?;
    let sessions = config.session.collection.as_str();
    let ended = format!("{sessions}{}", MongoStore::REASONS_SUFFIX);
    let ours = [sessions, &ended, users::mongo::COLLECTION, throttle::mongo::COLLECTION];
    let ours = ours.into_iter().chain([migrate::COLLECTION]);
    let of_lessons: &[&str] = if config.teaching { &teach::COLLECTIONS } else { &[] };
    let names: Vec<&str> = ours.chain(of_lessons.iter().copied()).collect();
    db::check_kinds(&mongo, &names).await?;
    for name in migrate::run_for(&mongo, migrate::ALL, sessions).await? {
        println!("applied migration {name}");
    }
    Ok(mongo)
}

/// Whether a server answers, but is in another replica set or in none yet: the driver would wait for
/// ever.
async fn other_set(uri: &str) -> Option<StartError> {
    let (asked, hello) = db::hello(uri).await?;
    if hello.get_bool("isreplicaset").unwrap_or(false) {
        return Some(StartError::NotInitiated);
    }
    let found = match (&asked, hello.get_str("setName")) {
        (None, _) => return None,
        (Some(asked), Ok(name)) if name == asked => return None,
        (_, Ok(name)) => format!("in the replica set {name:?}"),
        (_, Err(_)) => "in no replica set".to_owned(),
    };
    Some(StartError::OtherSet(found, asked?))
}

fn in_memory() -> Stores {
    Stores {
        sessions: Arc::new(MemoryStore::default()),
        users: Arc::new(MemoryUsers::default()),
        counters: Arc::new(MemoryCounters::default()),
        backing: Backing::Memory,
    }
}

async fn in_mongodb(config: &Config, mongo: Mongo) -> Result<Stores, StartError> {
    let collection = &config.session.collection;
    let store = mongo.session_store(collection).stringify(config.session.stringify);
    let sessions = store.beside_express();
    sessions.ensure_indexes().await?;
    Ok(Stores {
        sessions: Arc::new(sessions),
        users: Arc::new(MongoUsers::new(&mongo)),
        counters: Arc::new(MongoCounters::new(&mongo)),
        backing: Backing::Mongodb { database: mongo, sessions: collection.clone() },
    })
}
