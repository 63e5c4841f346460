//! The lab's sessions: one kind on MongoDB, as the learner's switches say, and one in memory that can be
//! restarted.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rocket_express_session::observe::Event;
use rocket_express_session::store::{MemoryStore, Store};
use rocket_express_session::{Options, OptionsError, Secrets, Session, Sessions};

use super::bench::{Secret, Switches};
use super::servers::{Servers, Tenant};
use super::{COOKIE, MEMORY_COOKIE, PATH};
use crate::auth::LocalStrategy;
use crate::auth::revoke::CLASS_RESET;
use crate::db::{IndexError, Unavailable};
use crate::in_flight;
use crate::proxy::is_https;
use crate::stores::Backing;
use crate::trace;

/// The collection of the lab's sessions.
pub const COLLECTION: &str = "lab_sessions";

/// Where their store keeps why a session has ended.
pub const ENDED: &str = "lab_sessions_ended";

const HOUR: Duration = Duration::from_secs(60 * 60);

/// The tutorial's `maxAge`.
pub const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// All labs of this process. A clone is the same ones.
#[derive(Clone)]
pub struct Labs {
    store: Arc<dyn Store>,
    is_memory: bool,
    secrets: Secrets,
    /// The learners' own little servers, for the lesson about their restart.
    servers: Arc<Mutex<Servers>>,
}

/// A server as far as the lesson goes: a number that it gets when it starts, and its memory.
#[derive(Clone)]
pub struct Server {
    /// Another one after each start.
    pub boot: u32,
    memory: Arc<MemoryStore>,
}

impl Labs {
    /// Beside the site's own sessions.
    ///
    /// # Errors
    /// MongoDB does not answer, or another program's index stands in the way.
    pub async fn beside(backing: &Backing, strategy: &LocalStrategy) -> Result<Self, IndexError> {
        let store: Arc<dyn Store> = match backing {
            Backing::Mongodb { database, .. } => {
                let store = database.session_store(COLLECTION);
                store.ensure_indexes().await?;
                Arc::new(store)
            }
            Backing::Memory => Arc::new(MemoryStore::default()),
        };
        let is_memory = matches!(backing, Backing::Memory);
        let secrets = strategy.secrets.clone();
        Ok(Self { store, is_memory, secrets, servers: Arc::default() })
    }

    /// The sessions with these switches.
    ///
    /// # Errors
    /// None that happens: the options are ours.
    pub fn sessions(&self, switches: &Switches) -> Result<Sessions, Unavailable> {
        let observer = if self.is_memory { observe_in_memory } else { trace::observe_lab };
        build(self.store.clone(), self.options_of(switches), observer).map_err(Unavailable::new)
    }

    /// As [`sessions`](Self::sessions), for a look at them that the notebook does not show.
    ///
    /// # Errors
    /// None that happens.
    pub fn unobserved(&self, switches: &Switches) -> Result<Sessions, Unavailable> {
        let observer = if self.is_memory { trace::observe_memory } else { ignore };
        build(self.store.clone(), self.options_of(switches), observer).map_err(Unavailable::new)
    }

    /// The sessions in the memory of this server.
    ///
    /// # Errors
    /// None that happens.
    pub fn in_memory(&self, server: &Server) -> Result<Sessions, Unavailable> {
        let options = self.options(MEMORY_COOKIE, Secret::First);
        build(server.memory.clone(), options, observe_in_memory).map_err(Unavailable::new)
    }

    fn options_of(&self, switches: &Switches) -> Options {
        let mut options = self.options(COOKIE, switches.secret);
        options.resave = switches.resave;
        options.save_uninitialized = switches.save_uninitialized;
        options.touch_after = if switches.resave { DAY } else { Duration::ZERO };
        options.idle_timeout = if switches.one_day { DAY } else { HOUR };
        options
    }

    fn options(&self, name: &str, secret: Secret) -> Options {
        let mut options = Options::default();
        name.clone_into(&mut options.name);
        options.secret = self.secret(secret);
        // The bound in `teach/limits.rs` counts on it.
        options.absolute_timeout = DAY;
        PATH.clone_into(&mut options.cookie.path);
        options
    }

    /// Made of the site's secret, which one cannot get back from them, and the same on each
    /// instance.
    fn secret(&self, which: Secret) -> Secrets {
        let secret = |name: &str| self.secrets.sign_for("cloakroom lab", name);
        let all = match which {
            Secret::First => vec![secret("first")],
            Secret::New => vec![secret("new")],
            Secret::Both => vec![secret("new"), secret("first")],
        };
        Secrets::new(all).unwrap_or_else(|| self.secrets.clone())
    }

    /// The little server of this learner.
    pub fn server(&self, tenant: &Tenant) -> Server {
        self.servers().of(tenant)
    }

    /// Stops it and starts another one: what was in its memory is gone.
    pub fn restart(&self, tenant: &Tenant) {
        self.servers().restart(tenant);
    }

    fn servers(&self) -> MutexGuard<'_, Servers> {
        self.servers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Labs {
    /// Ends all sessions of all labs, and all little servers.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn clear(&self) -> Result<(), Unavailable> {
        self.stop_servers();
        let sessions = self.sessions(&Switches::default())?;
        sessions.admin().revoke_where(CLASS_RESET, |_| true).await.map(drop)
    }

    /// All little servers of this process.
    pub fn stop_servers(&self) {
        *self.servers() = Servers::default();
    }
}

impl Server {
    /// Its number is another one than `boot_before`, the number of the server in whose place it starts:
    /// by it the learner, and the check, can tell that it restarted.
    pub fn start(boot_before: Option<u32>) -> Self {
        let boot = loop {
            let boot = rand::random_range(1_000..10_000);
            if Some(boot) != boot_before {
                break boot;
            }
        };
        Self { boot, memory: Arc::new(MemoryStore::default()) }
    }
}

/// Commits a session of a lab; returns the `Set-Cookie` line.
///
/// # Errors
/// The store does not answer.
pub async fn commit(session: &Session) -> Result<Option<String>, Unavailable> {
    session.sessions().commit(session).await
}

fn build(
    store: Arc<dyn Store>,
    options: Options,
    observer: fn(&Event<'_>),
) -> Result<Sessions, OptionsError> {
    let sessions = Sessions::builder_with(store).options(options);
    sessions.https(is_https).deadline(in_flight::deadline).observe(observer).build()
}

fn observe_in_memory(event: &Event<'_>) {
    trace::observe_memory(event);
    trace::observe_lab(event);
}

fn ignore(_: &Event<'_>) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_restart_always_shows() {
        let mut server = Server::start(None);
        for _ in 0..100_000 {
            let before = server.boot;
            server = Server::start(Some(before));
            assert_ne!(before, server.boot);
        }
    }
}
