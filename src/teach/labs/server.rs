//! The lab's engines: one on MongoDB, as the learner's switches say, and one in memory that can be
//! restarted.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::bench::{Secret, Switches};
use super::servers::{Servers, Tenant};
use super::{COOKIE, MEMORY_COOKIE, PATH};
use crate::auth::LocalStrategy;
use crate::db::{IndexError, Unavailable};
use crate::session::signature::Secrets;
use crate::session::store::Store;
use crate::session::store::memory::MemoryStore;
use crate::session::store::mongo::MongoStore;
use crate::session::{Ending, Engine, Options};
use crate::stores::Backing;

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
            Backing::Mongodb(database) => {
                let store = MongoStore::new(database, COLLECTION, true);
                store.ensure_indexes().await?;
                Arc::new(store)
            }
            Backing::Memory => Arc::new(MemoryStore::default()),
        };
        let secrets = strategy.secrets.clone();
        Ok(Self { store, secrets, servers: Arc::default() })
    }

    /// The engine with these switches.
    pub fn engine(&self, switches: &Switches) -> Arc<Engine> {
        let options = Options {
            resave: switches.resave,
            save_uninitialized: switches.save_uninitialized,
            touch_after: if switches.resave { DAY } else { Duration::ZERO },
            idle_timeout: if switches.one_day { DAY } else { HOUR },
            ..self.options(COOKIE, switches.secret)
        };
        Engine::new(options, self.store.clone())
    }

    /// The engine in the memory of this server.
    pub fn memory_engine(&self, server: &Server) -> Arc<Engine> {
        Engine::new(self.options(MEMORY_COOKIE, Secret::First), server.memory.clone())
    }

    fn options(&self, name: &str, secret: Secret) -> Options {
        let mut options = Options {
            name: name.to_owned(),
            secret: self.secret(secret),
            // The bound in `teach/limits.rs` counts on it.
            absolute_timeout: DAY,
            ..Options::default()
        };
        options.cookie.path = PATH.to_owned();
        options
    }

    /// Made of the site's secret, which one cannot get back from them, and the same on each
    /// instance.
    fn secret(&self, which: Secret) -> Secrets {
        let secret = |name: &str| self.secrets.seal("lab", name);
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
        let engine = self.engine(&Switches::default());
        engine.end_where(Ending::ClassReset, |_| true).await.map(drop)
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
