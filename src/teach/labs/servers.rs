//! The lab servers of all learners, each with sessions in its memory.
//!
//! They are limited in number, separately for guests and accounts: so guests displace guests only. A new
//! server displaces the one that was unused for longest.

use std::ops::Range;
use std::sync::Arc;

use indexmap::IndexMap;
use rocket_express_session::store::MemoryStore;

/// The servers of learners with an account: enough for several classes of 40.
const MAX_OF_ACCOUNTS: usize = 1_000;

/// The servers of learners without an account.
const MAX_OF_GUESTS: usize = 500;

/// The run IDs that there are. They have four digits, so that a learner can compare two.
const RUN_IDS: Range<u32> = 1_000..10_000;

/// A server, as far as the lesson needs one.
#[derive(Clone)]
pub(crate) struct Server {
    /// A number that changes with each restart.
    pub run_id: u32,
    /// The sessions that a restart loses.
    pub memory: Arc<MemoryStore>,
}

impl Server {
    fn start() -> Self {
        Self { run_id: rand::random_range(RUN_IDS), memory: Arc::new(MemoryStore::default()) }
    }

    /// Starts a server in place of this one. The learner, and the check of the lesson, can tell by the run ID
    /// that it restarted.
    fn restarted(&self) -> Self {
        let server = Self::start();
        if server.run_id == self.run_id { self.restarted() } else { server }
    }
}

/// The learner that a server belongs to.
#[derive(Clone, Debug)]
pub(crate) struct Tenant {
    /// The account's ID, or the handle of an anonymous session.
    pub name: String,
    /// The learner is not logged in.
    pub is_guest: bool,
}

/// All servers of this process by their learners. The one that was used last is at the end.
#[derive(Default)]
pub(super) struct Servers {
    accounts: IndexMap<String, Server>,
    guests: IndexMap<String, Server>,
}

impl Servers {
    /// The server of this learner. Starts one if there is none.
    pub(super) fn of(&mut self, tenant: &Tenant) -> Server {
        self.put(tenant, |before| before.unwrap_or_else(Server::start))
    }

    /// Restarts the server of this learner, which loses its memory.
    pub(super) fn restart(&mut self, tenant: &Tenant) {
        self.put(tenant, |before| before.map_or_else(Server::start, |before| before.restarted()));
    }

    fn put(&mut self, tenant: &Tenant, make: impl FnOnce(Option<Server>) -> Server) -> Server {
        let (servers, limit) = match tenant.is_guest {
            true => (&mut self.guests, MAX_OF_GUESTS),
            false => (&mut self.accounts, MAX_OF_ACCOUNTS),
        };
        let server = make(servers.shift_remove(&tenant.name));
        if servers.len() >= limit {
            servers.shift_remove_index(0);
        }
        servers.insert(tenant.name.clone(), server.clone());
        server
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tenant(name: impl ToString, is_guest: bool) -> Tenant {
        Tenant { name: name.to_string(), is_guest }
    }

    #[test]
    fn a_restart_always_shows() {
        let (mut servers, rosa) = (Servers::default(), tenant("rosa", false));
        let mut before = servers.of(&rosa);
        for _ in 0..100_000 {
            servers.restart(&rosa);
            let server = servers.of(&rosa);
            assert_ne!(before.run_id, server.run_id, "a new number");
            assert!(RUN_IDS.contains(&server.run_id), "of four digits: {}", server.run_id);
            assert!(!Arc::ptr_eq(&before.memory, &server.memory), "an empty memory");
            before = server;
        }
    }

    #[test]
    fn one_learner_too_many_ends_the_server_of_that_kind_that_was_unused_for_longest() {
        for (is_guest, limit) in [(false, MAX_OF_ACCOUNTS), (true, MAX_OF_GUESTS)] {
            let mut servers = Servers::default();
            servers.of(&tenant("of the other kind", !is_guest));
            for number in 0..limit {
                servers.of(&tenant(number, is_guest));
            }
            servers.of(&tenant(0, is_guest));
            servers.restart(&tenant("one more", is_guest));
            let (mut own, mut others) = (servers.accounts, servers.guests);
            if is_guest {
                std::mem::swap(&mut own, &mut others);
            }
            assert_eq!((own.len(), others.len()), (limit, 1));
            assert!(own.contains_key("0") && !own.contains_key("1"));
        }
    }
}
