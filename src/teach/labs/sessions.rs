//! The sessions of the labs. One kind is stored beside the site's own, with the options that the learner has
//! set. Another kind is in the memory of a server that the learner can restart.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use mongodb::bson::{Document, doc};
use rocket_express_session::observe::Event;
use rocket_express_session::store::{MemoryStore, Store};
use rocket_express_session::{Options, Secrets, SessionId, Sessions, Timestamp};

use super::clocks::Clocks;
use super::servers::{Server, Servers};
use super::{PATH, cookies};
use crate::auth::LocalStrategy;
use crate::auth::revoke::CLASS_RESET;
use crate::db::{Documents, IndexError, READ_LIMIT, Unavailable};
use crate::in_flight;
use crate::names::{LAB_COOKIE, LAB_OTHER_SESSIONS, LAB_SESSIONS, MEMORY_COOKIE};
use crate::proxy::is_https;
use crate::stores::Backend;
use crate::teach::progress::{Secret, Switches};
use crate::trace::{self, Step};

const HOUR: Duration = Duration::from_secs(60 * 60);

/// The tutorial's `maxAge`.
pub(super) const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The labs of this process. A clone shares them.
#[derive(Clone)]
pub(crate) struct Labs {
    store: Arc<dyn Store>,
    other_store: Arc<dyn Store>,
    /// The documents in `store`; `None` in memory.
    documents: Option<Documents<Document>>,
    secrets: Secrets,
    /// The learners' own servers, for the lesson about a restart.
    servers: Arc<Mutex<Servers>>,
    /// The clocks of the sessions in `store`.
    pub clocks: Clocks,
}

impl Labs {
    /// The labs, with a store of the same kind as the site's sessions have.
    pub(crate) async fn open(
        backing: &Backend,
        strategy: &LocalStrategy,
    ) -> Result<Self, IndexError> {
        let documents = backing.documents(LAB_SESSIONS);
        let store = open(backing, LAB_SESSIONS).await?;
        let other_store = open(backing, LAB_OTHER_SESSIONS).await?;
        let (servers, clocks) = (Arc::default(), Clocks::default());
        let secrets = strategy.secrets.clone();
        Ok(Self { store, other_store, documents, secrets, servers, clocks })
    }

    pub(super) fn is_memory(&self) -> bool {
        self.documents.is_none()
    }

    pub(super) fn sessions(&self, switches: &Switches) -> Result<Sessions, Unavailable> {
        let own = switches.own.clone().and_then(|secret| Secrets::new([secret]));
        let mut options = options(LAB_COOKIE, own.unwrap_or_else(|| self.secret(switches.secret)));
        options.resave = switches.resave;
        options.save_uninitialized = switches.save_uninitialized;
        options.rolling = switches.rolling;
        options.touch_after = if switches.touch_after { HOUR / 2 } else { Duration::ZERO };
        options.idle_timeout = if switches.one_day { DAY } else { HOUR };
        let store = if switches.other_collection { &self.other_store } else { &self.store };
        let observer = if self.is_memory() { observe_in_memory } else { trace::observe_lab };
        build(store.clone(), options, observer)
    }

    pub(super) fn in_memory(&self, server: &Server) -> Result<Sessions, Unavailable> {
        let options = options(MEMORY_COOKIE, self.secret(Secret::First));
        build(server.memory.clone(), options, observe_in_memory)
    }

    /// When the stored session of this ticket expires, or has expired. Memory returns no session that has.
    pub(super) async fn expires(&self, ticket: &str) -> Result<Option<Timestamp>, Unavailable> {
        let id = &SessionId::stored(&cookies::without_signature(ticket));
        let Some(documents) = &self.documents else {
            trace::note(|| Step::Memory { method: "load", sid: trace::short_id(id.as_str()) });
            return Ok(self.store.load(id).await?.and_then(|record| record.times.expires));
        };
        let filter = doc! { "_id": id.as_str() };
        let found =
            documents.run(|all| async move { all.find_one(filter).max_time(READ_LIMIT).await });
        let expires = found.await?.and_then(|found| found.get_datetime("expires").ok().copied());
        Ok(expires.map(|date| Timestamp::from_millis(date.timestamp_millis())))
    }

    /// Derived from the site's secret, so each instance has the same. They do not give that secret away.
    fn secret(&self, which: Secret) -> Secrets {
        let secret = |name: &str| self.secrets.sign_for("cloakroom lab", name);
        let all = match which {
            Secret::First => vec![secret("first")],
            Secret::New => vec![secret("new")],
            Secret::Both => vec![secret("new"), secret("first")],
        };
        Secrets::new(all).unwrap_or_else(|| self.secrets.clone())
    }

    /// The key of a learner's tokens: `secret` is the secret of the learner's labs.
    pub(super) fn token_key(&self, secret: &str) -> String {
        self.secrets.sign_for("cloakroom lab token", secret)
    }

    pub(super) fn servers(&self) -> MutexGuard<'_, Servers> {
        self.servers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends all sessions of all labs, and stops all servers.
    pub(crate) async fn clear(&self) -> Result<(), Unavailable> {
        self.stop_servers();
        for other_collection in [false, true] {
            let sessions = self.sessions(&Switches { other_collection, ..Switches::default() })?;
            sessions.admin().revoke_where(CLASS_RESET, |_| true).await?;
        }
        Ok(())
    }

    pub(crate) fn stop_servers(&self) {
        *self.servers() = Servers::default();
    }
}

async fn open(backing: &Backend, collection: &str) -> Result<Arc<dyn Store>, IndexError> {
    let Backend::Mongodb { database, .. } = backing else {
        return Ok(Arc::new(MemoryStore::default()));
    };
    let store = database.session_store(collection);
    store.ensure_indexes().await?;
    Ok(Arc::new(store))
}

/// The options that all sessions of the labs have.
fn options(name: &str, secret: Secrets) -> Options {
    let mut options = Options::default();
    name.clone_into(&mut options.name);
    options.secret = secret;
    // The bound in `teach/limits.rs` counts on it.
    options.absolute_timeout = DAY;
    PATH.clone_into(&mut options.cookie.path);
    options
}

fn build(
    store: Arc<dyn Store>,
    options: Options,
    observer: fn(&Event<'_>),
) -> Result<Sessions, Unavailable> {
    let sessions = Sessions::builder_with(store).options(options);
    sessions
        .https(is_https)
        .deadline(in_flight::deadline)
        .observe(observer)
        .build()
        .map_err(Unavailable::new)
}

fn observe_in_memory(event: &Event<'_>) {
    trace::observe_memory(event);
    trace::observe_lab(event);
}
