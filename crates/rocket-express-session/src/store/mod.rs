//! Where sessions are kept: the contract of a store.
//!
//! Two stores are here: [`MemoryStore`] (feature `memory`) and `MongoStore` (feature `mongodb`, in
//! `crate::mongodb`). A store of your own implements [`Store`] with `#[rocket::async_trait]`, and proves
//! itself with `crate::contract` (feature `contract`).

#[cfg(feature = "memory")]
mod memory;
mod record;
mod registry;

#[cfg(feature = "memory")]
pub use memory::MemoryStore;
pub use record::{Record, Times};
pub use registry::{ListLimits, Registry, RevokeReason};

use std::time::Duration;

use crate::error::Unavailable;
use crate::javascript::Timestamp;
use crate::signature::SessionId;

/// How long a store keeps the reason why a session was revoked.
pub const REASON_KEPT: Duration = Duration::from_secs(24 * 60 * 60);

/// Attempts of [`Store::take`] against concurrent writers.
const TAKE_ATTEMPTS: u32 = 5;

/// A session store.
///
/// Five methods, and one rule: only [`insert`](Self::insert) makes a session, and it is called with a new
/// ID. So a request that is still running cannot bring a session back that another request has ended, and
/// [`update`](Self::update) as compare-and-swap lets no request overwrite the changes of another one.
///
/// The engine bounds the time of each call. A call may be dropped at any point: whether it has an effect is
/// then unknown. A store may delete a session as soon as it has expired.
///
/// # A store of your own
/// The example `own_store` in the repository is a store in SQLite. `crate::contract` (feature `contract`)
/// checks all that is said here. What a database does differently, unless it is told:
///
/// - It compares texts without regard to case. IDs and JSON need a collation that compares each byte.
/// - A comparison with NULL is not true. `expires` and `last_modified` may be `None`.
/// - It may count only rows whose values changed. An update to the same values must count as well.
/// - It cuts texts off, or dates to seconds. A session may have 100 KB, and a [`Timestamp`] has milliseconds.
#[rocket::async_trait]
pub trait Store: Send + Sync + 'static {
    /// The session of this ID. `None` when there is none, it has expired, or cannot be read.
    ///
    /// # Errors
    /// The store does not answer. `None` in that case would log users out.
    async fn load(&self, id: &SessionId) -> Result<Option<Record>, Unavailable>;

    /// Stores a new session; returns it as [`load`](Self::load) would.
    ///
    /// # Errors
    /// The store does not answer, or has a session of this ID. Then nothing changes.
    async fn insert(&self, id: &SessionId, record: Record) -> Result<Record, Unavailable>;

    /// Replaces the session by `new`, if it has not expired and still holds what `old` does; returns it as
    /// [`load`](Self::load) would. `None` and no change otherwise. In one step: between comparing and
    /// writing no other write may come.
    ///
    /// To compare [`Record::json`] is enough. The times are not compared: a touch is no change. `old` is what
    /// this store has returned for the ID, and `new` has its `created` and its user agent. `new` may have
    /// expired already: it is stored and returned all the same, and the session has ended with it.
    ///
    /// # Errors
    /// The store does not answer.
    async fn update(
        &self,
        id: &SessionId,
        old: &Record,
        new: Record,
    ) -> Result<Option<Record>, Unavailable>;

    /// Writes `times.expires` and `times.last_modified`, and leaves the rest alone. False and no change when
    /// the session is gone, has expired, or its `last_modified` is another one than `old.times` has: of many
    /// concurrent requests one extends the session.
    ///
    /// # Errors
    /// The store does not answer.
    async fn touch(&self, id: &SessionId, old: &Record, times: Times) -> Result<bool, Unavailable>;

    /// Deletes the session. False when there was none.
    ///
    /// # Errors
    /// The store does not answer.
    async fn destroy(&self, id: &SessionId) -> Result<bool, Unavailable>;

    /// Deletes the session, and returns what it held at that point; `None` when there was no valid one.
    ///
    /// Called when a session gets a new ID and keeps its values. This default first lets the session expire,
    /// by [`update`](Self::update), so that it knows the last state, and of many calls one gets it. A store
    /// that can delete and return in one command does it with that.
    ///
    /// # Errors
    /// The store does not answer, or other requests changed the session during each of five attempts.
    async fn take(&self, id: &SessionId) -> Result<Option<Record>, Unavailable> {
        for _ in 0..TAKE_ATTEMPTS {
            let Some(last) = self.load(id).await? else { return Ok(None) };
            let times = Times { expires: Some(Timestamp::from_millis(0)), ..last.times };
            let expired = last.updated(last.data().clone(), times);
            if self.update(id, &last, expired).await?.is_some() {
                // It has ended, also when this fails: then it is deleted with those that have expired.
                if let Err(error) = self.destroy(id).await {
                    log::warn!("a session that has expired was not deleted: {error}");
                }
                return Ok(Some(last));
            }
        }
        Err(Unavailable::new("a session changed during five attempts to move it"))
    }

    /// This store as a [`Registry`]: `Some(self)`, if it is one.
    fn registry(&self) -> Option<&dyn Registry> {
        None
    }
}
