//! The lab servers of all learners, each with sessions in its memory. They are limited in number: a new one
//! displaces the one that was unused for longest, and guests displace guests only.

use std::num::NonZeroUsize;
use std::ops::Range;
use std::sync::Arc;

use lru::LruCache;
use rocket_express_session::store::MemoryStore;

use crate::teach::progress::Learner;

/// The servers of learners with an account, enough for several classes of 40, and of those without.
const MAX_OF_ACCOUNTS: NonZeroUsize = NonZeroUsize::new(1_000).expect("not zero");
const MAX_OF_GUESTS: NonZeroUsize = NonZeroUsize::new(500).expect("not zero");

/// The run IDs that there are. They have four digits, so that a learner can compare two.
const RUN_IDS: Range<u32> = 1_000..10_000;

/// A server, as far as the lesson needs one.
#[derive(Clone)]
pub(crate) struct Server {
    /// A number that changes with each restart: so the learner, and the check, can tell that there was one.
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
    pub(super) fn of(&mut self, learner: &Learner<'_>) -> Server {
        let (servers, name) = self.named(learner);
        servers.get_or_insert(name, || Server::start(None)).clone()
    }

    /// Restarts the server of this learner, which loses its memory.
    pub(super) fn restart(&mut self, learner: &Learner<'_>) {
        let (servers, name) = self.named(learner);
        let before = servers.peek(&name).map(|server| server.run_id);
        servers.put(name, Server::start(before));
    }

    /// The servers of such learners, and the name of this learner's own.
    fn named(&mut self, learner: &Learner<'_>) -> (&mut LruCache<String, Server>, String) {
        match learner.user_id() {
            Some(id) => (&mut self.accounts, id),
            None => (&mut self.guests, learner.session.id().handle()),
        }
    }
}
