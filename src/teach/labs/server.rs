//! The lab's engines: one on MongoDB, as the learner's switches say, and one in memory that can be
//! restarted.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::bench::{Secret, Switches};
use super::{COOKIE, MEMORY_COOKIE, PATH};
use crate::auth::LocalStrategy;
use crate::db::Unavailable;
use crate::session::signature::Secrets;
use crate::session::store::Store;
use crate::session::store::memory::MemoryStore;
use crate::session::store::mongo::MongoStore;
use crate::session::{Ending, Engine, Options};
use crate::stores::Backing;

/// The collection of the lab's sessions.
const COLLECTION: &str = "lab_sessions";

/// A class is 40. For one server more than this, one of the others ends.
const MOST_SERVERS: usize = 1_000;

const HOUR: Duration = Duration::from_secs(60 * 60);

/// The tutorial's `maxAge`.
pub const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// All labs of this process. A clone is the same ones.
#[derive(Clone)]
pub struct Labs {
    store: Arc<dyn Store>,
    secrets: Secrets,
    /// The learners' own little servers, for the lesson about their restart.
    servers: Arc<Mutex<HashMap<String, Server>>>,
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
    /// MongoDB does not answer.
    pub async fn beside(backing: &Backing, strategy: &LocalStrategy) -> Result<Self, Unavailable> {
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
        let mut options =
            Options { name: name.to_owned(), secret: self.secret(secret), ..Options::default() };
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
    pub fn server(&self, learner: &str) -> Server {
        let mut servers = self.servers.lock().unwrap_or_else(PoisonError::into_inner);
        if servers.len() >= MOST_SERVERS && !servers.contains_key(learner) {
            let any = servers.keys().next().cloned();
            any.and_then(|any| servers.remove(&any));
        }
        servers.entry(learner.to_owned()).or_insert_with(Server::start).clone()
    }

    /// Stops it and starts it anew: what was in its memory is gone.
    pub fn restart(&self, learner: &str) {
        let before = self.server(learner);
        let mut servers = self.servers.lock().unwrap_or_else(PoisonError::into_inner);
        servers.insert(learner.to_owned(), Server::start_again(Some(before.boot)));
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
        self.servers.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

impl Server {
    fn start() -> Self {
        Self::start_again(None)
    }

    /// With another number than before: by it the learner, and the check, can tell that it restarted.
    fn start_again(boot_before: Option<u32>) -> Self {
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
    fn one_learner_too_many_costs_one_server_and_not_all() {
        let secrets = Secrets::new(vec!["a secret of thirty-two characters".to_owned()]).unwrap();
        let store = Arc::new(MemoryStore::default());
        let labs = Labs { store, secrets, servers: Arc::default() };
        let name = |n: usize| format!("learner-{n}");
        let boots: Vec<u32> = (0..MOST_SERVERS).map(|n| labs.server(&name(n)).boot).collect();
        labs.restart(&name(MOST_SERVERS));
        let servers = labs.servers.lock().unwrap();
        let kept =
            |n: &usize| servers.get(&name(*n)).is_some_and(|server| server.boot == boots[*n]);
        assert_eq!(servers.len(), MOST_SERVERS);
        assert_eq!((0..MOST_SERVERS).filter(kept).count(), MOST_SERVERS - 1);
    }

    #[test]
    fn a_restart_always_shows() {
        let mut server = Server::start();
        for _ in 0..100_000 {
            let before = server.boot;
            server = Server::start_again(Some(before));
            assert_ne!(before, server.boot);
        }
    }
}
