//! The lab servers of all learners, each with sessions in its memory.
//!
//! They are limited in number, separately for guests and accounts: so guests displace guests only. A new
//! server displaces the one that was unused for longest.

use std::num::NonZeroUsize;
use std::ops::Range;
use std::sync::Arc;

use lru::LruCache;
use rocket_express_session::store::MemoryStore;

/// The servers of learners with an account: enough for several classes of 40.
const MAX_OF_ACCOUNTS: NonZeroUsize = NonZeroUsize::new(1_000).expect("not zero");

/// The servers of learners without an account.
const MAX_OF_GUESTS: NonZeroUsize = NonZeroUsize::new(500).expect("not zero");

/// The run IDs that there are. They have four digits, so that a learner can compare two.
const RUN_IDS: Range<u32> = 1_000..10_000;

/// A server, as far as the lesson needs one.
#[derive(Clone)]
pub(crate) struct Server {
    /// A number that changes with each restart. The learner, and the check of the lesson, can tell by it that
    /// the server restarted.
    pub run_id: u32,
    /// The sessions that a restart loses.
    pub memory: Arc<MemoryStore>,
}

impl Server {
    /// A server with another number than the one before it.
    fn start(before: Option<u32>) -> Self {
        let run_id = rand::random_range(RUN_IDS);
        if before == Some(run_id) {
            Self::start(before)
        } else {
            Self { run_id, memory: Arc::default() }
        }
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

/// All servers of this process by their learners.
pub(super) struct Servers {
    accounts: LruCache<String, Server>,
    guests: LruCache<String, Server>,
}

impl Default for Servers {
    fn default() -> Self {
        Self { accounts: LruCache::new(MAX_OF_ACCOUNTS), guests: LruCache::new(MAX_OF_GUESTS) }
    }
}

impl Servers {
    /// The server of this learner. Starts one if there is none.
    pub(super) fn of(&mut self, tenant: &Tenant) -> Server {
        self.of_kind(tenant).get_or_insert(tenant.name.clone(), || Server::start(None)).clone()
    }

    /// Restarts the server of this learner, which loses its memory.
    pub(super) fn restart(&mut self, tenant: &Tenant) {
        let servers = self.of_kind(tenant);
        let before = servers.peek(&tenant.name).map(|server| server.run_id);
        servers.put(tenant.name.clone(), Server::start(before));
    }

    fn of_kind(&mut self, tenant: &Tenant) -> &mut LruCache<String, Server> {
        if tenant.is_guest { &mut self.guests } else { &mut self.accounts }
    }
}
