//! A store in memory that fails, is slow or never answers when a test wants it.

use std::collections::{HashMap, VecDeque};
use std::future::pending;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rocket::tokio::time::sleep;
use rocket_express_session::store::{ListLimits, MemoryStore, Record, Registry, Store, Times};
use rocket_express_session::{RevokeReason, SessionId, Unavailable};

/// The fault of a call of the store.
#[derive(Clone, Copy)]
pub enum Fault {
    No,
    Fails,
    Late(Duration),
    NeverAnswers,
}

/// A store in memory with faults. A clone is the same store.
#[derive(Clone, Default)]
pub struct FaultyStore(Arc<Inner>);

#[derive(Default)]
struct Inner {
    store: MemoryStore,
    /// The faults of the next calls, by the method's name. A call without one has none.
    faults: Mutex<HashMap<&'static str, VecDeque<Fault>>>,
    calls: Mutex<Vec<&'static str>>,
}

impl FaultyStore {
    /// The next calls of this method meet these faults, one each.
    pub fn plan(&self, method: &'static str, faults: &[Fault]) {
        self.0.faults.lock().unwrap().insert(method, faults.iter().copied().collect());
    }

    /// The methods that were called since the last time.
    pub fn take_calls(&self) -> Vec<&'static str> {
        std::mem::take(&mut self.0.calls.lock().unwrap())
    }

    async fn meet(&self, method: &'static str) -> Result<&MemoryStore, Unavailable> {
        self.0.calls.lock().unwrap().push(method);
        let fault = self.0.faults.lock().unwrap().get_mut(method).and_then(VecDeque::pop_front);
        match fault.unwrap_or(Fault::No) {
            Fault::No => {}
            Fault::Fails => return Err(Unavailable::new("broken by the test")),
            Fault::Late(time) => sleep(time).await,
            Fault::NeverAnswers => pending().await,
        }
        Ok(&self.0.store)
    }
}

#[rocket::async_trait]
impl Store for FaultyStore {
    async fn load(&self, id: &SessionId) -> Result<Option<Record>, Unavailable> {
        self.meet("load").await?.load(id).await
    }

    async fn insert(&self, id: &SessionId, record: Record) -> Result<Record, Unavailable> {
        self.meet("insert").await?.insert(id, record).await
    }

    async fn update(
        &self,
        id: &SessionId,
        old: &Record,
        new: Record,
    ) -> Result<Option<Record>, Unavailable> {
        self.meet("update").await?.update(id, old, new).await
    }

    async fn touch(&self, id: &SessionId, old: &Record, times: Times) -> Result<bool, Unavailable> {
        self.meet("touch").await?.touch(id, old, times).await
    }

    async fn destroy(&self, id: &SessionId) -> Result<bool, Unavailable> {
        self.meet("destroy").await?.destroy(id).await
    }

    async fn take(&self, id: &SessionId) -> Result<Option<Record>, Unavailable> {
        self.meet("take").await?.take(id).await
    }

    fn registry(&self) -> Option<&dyn Registry> {
        Some(self)
    }
}

#[rocket::async_trait]
impl Registry for FaultyStore {
    async fn of_user(
        &self,
        user: &str,
        limit: u32,
    ) -> Result<Vec<(SessionId, Record)>, Unavailable> {
        self.meet("of_user").await?.of_user(user, limit).await
    }

    async fn newest(&self, limits: ListLimits) -> Result<Vec<(SessionId, Record)>, Unavailable> {
        self.meet("newest").await?.newest(limits).await
    }

    async fn scan(
        &self,
        after: Option<&SessionId>,
        limit: u32,
    ) -> Result<Vec<(SessionId, Option<Record>)>, Unavailable> {
        self.meet("scan").await?.scan(after, limit).await
    }

    async fn revoke(&self, ids: &[SessionId], reason: &RevokeReason) -> Result<u64, Unavailable> {
        self.meet("revoke").await?.revoke(ids, reason).await
    }

    async fn revoke_reason(&self, id: &SessionId) -> Result<Option<RevokeReason>, Unavailable> {
        self.meet("revoke_reason").await?.revoke_reason(id).await
    }
}

/// A store of the five methods alone: no app can list its sessions.
#[derive(Default)]
pub struct PlainStore(MemoryStore);

#[rocket::async_trait]
impl Store for PlainStore {
    async fn load(&self, id: &SessionId) -> Result<Option<Record>, Unavailable> {
        self.0.load(id).await
    }

    async fn insert(&self, id: &SessionId, record: Record) -> Result<Record, Unavailable> {
        self.0.insert(id, record).await
    }

    async fn update(
        &self,
        id: &SessionId,
        old: &Record,
        new: Record,
    ) -> Result<Option<Record>, Unavailable> {
        self.0.update(id, old, new).await
    }

    async fn touch(&self, id: &SessionId, old: &Record, times: Times) -> Result<bool, Unavailable> {
        self.0.touch(id, old, times).await
    }

    async fn destroy(&self, id: &SessionId) -> Result<bool, Unavailable> {
        self.0.destroy(id).await
    }
}
