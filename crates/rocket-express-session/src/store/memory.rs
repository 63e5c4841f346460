//! Sessions in this process's memory, express-session's `MemoryStore`.
//!
//! It keeps the promises of every store and passes the same contract. It is for development, tests and
//! lessons: a restart loses all sessions, and another instance of the app does not see them.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{ListLimits, REASON_KEPT, Record, Registry, RevokeReason, Store, Times};
use crate::error::Unavailable;
use crate::javascript::Timestamp;
use crate::signature::SessionId;

/// From this size on, an insert first removes expired sessions. No other program removes them.
const SWEEP_FROM: usize = 1024;

/// Sessions in this process's memory, express-session's default.
///
/// For development and tests. A restart loses all sessions, and a second instance of the app does not see
/// them. Expired sessions are removed when many new ones come; the number of valid ones has no limit.
#[derive(Default)]
pub struct MemoryStore {
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    sessions: HashMap<SessionId, Record>,
    /// Why sessions were revoked, and until when that is kept.
    revoked: HashMap<SessionId, (RevokeReason, Timestamp)>,
    /// The size at which the next sweep is due.
    sweep_at: usize,
}

impl Inner {
    fn sweep(&mut self, now: Timestamp) {
        if self.sessions.len() >= self.sweep_at.max(SWEEP_FROM) {
            self.sessions.retain(|_, record| record.times.is_valid(now));
            self.sweep_at = self.sessions.len() * 2;
        }
    }

    /// The valid session of this ID.
    fn valid(&mut self, id: &SessionId) -> Option<&mut Record> {
        self.sessions.get_mut(id).filter(|record| record.times.is_valid(Timestamp::now()))
    }
}

impl MemoryStore {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn newest_where(
        &self,
        limit: u32,
        which: impl Fn(&Record) -> bool,
    ) -> Vec<(SessionId, Record)> {
        let (inner, now) = (self.inner(), Timestamp::now());
        let found = inner.sessions.iter().filter(|(_, r)| r.times.is_valid(now) && which(r));
        let mut found: Vec<_> = found.collect();
        found.sort_by_key(|(_, record)| Reverse(record.times.created));
        let newest = found.into_iter().take(limit as usize);
        newest.map(|(id, record)| (id.clone(), record.clone())).collect()
    }
}

#[rocket::async_trait]
impl Store for MemoryStore {
    async fn load(&self, id: &SessionId) -> Result<Option<Record>, Unavailable> {
        Ok(self.inner().valid(id).cloned())
    }

    async fn insert(&self, id: &SessionId, record: Record) -> Result<Record, Unavailable> {
        let mut inner = self.inner();
        inner.sweep(Timestamp::now());
        match inner.sessions.entry(id.clone()) {
            Entry::Occupied(_) => Err(Unavailable::refusal("this session ID is taken")),
            Entry::Vacant(place) => Ok(place.insert(record).clone()),
        }
    }

    async fn update(
        &self,
        id: &SessionId,
        old: &Record,
        new: Record,
    ) -> Result<Option<Record>, Unavailable> {
        let mut inner = self.inner();
        let unchanged = inner.valid(id).filter(|present| present.json() == old.json());
        Ok(unchanged.map(|present| {
            *present = new;
            present.clone()
        }))
    }

    async fn touch(&self, id: &SessionId, old: &Record, times: Times) -> Result<bool, Unavailable> {
        let mut inner = self.inner();
        let is_unchanged =
            |present: &&mut Record| present.times.last_modified == old.times.last_modified;
        let unchanged = inner.valid(id).filter(is_unchanged);
        let touch = |present: &mut Record| {
            present.times = Times { created: present.times.created, ..times };
        };
        Ok(unchanged.map(touch).is_some())
    }

    async fn destroy(&self, id: &SessionId) -> Result<bool, Unavailable> {
        Ok(self.inner().sessions.remove(id).is_some())
    }

    async fn take(&self, id: &SessionId) -> Result<Option<Record>, Unavailable> {
        let taken = self.inner().sessions.remove(id);
        Ok(taken.filter(|record| record.times.is_valid(Timestamp::now())))
    }

    fn registry(&self) -> Option<&dyn Registry> {
        Some(self)
    }
}

#[rocket::async_trait]
impl Registry for MemoryStore {
    async fn of_user(
        &self,
        user: &str,
        limit: u32,
    ) -> Result<Vec<(SessionId, Record)>, Unavailable> {
        Ok(self.newest_where(limit, |record| record.user_key().as_deref() == Some(user)))
    }

    async fn newest(&self, limits: ListLimits) -> Result<Vec<(SessionId, Record)>, Unavailable> {
        let mut found = self.newest_where(u32::MAX, |record| record.user_key().is_some());
        let mut counts: HashMap<String, u32> = HashMap::new();
        found.retain(|(_, record)| {
            let Some(user) = record.user_key() else { return false };
            if counts.len() >= limits.users as usize && !counts.contains_key(&user) {
                return false;
            }
            let count = counts.entry(user).or_default();
            *count += 1;
            *count <= limits.per_user
        });
        found.extend(self.newest_where(limits.anonymous, |record| record.user_key().is_none()));
        Ok(found)
    }

    async fn scan(
        &self,
        after: Option<&SessionId>,
        limit: u32,
    ) -> Result<Vec<(SessionId, Option<Record>)>, Unavailable> {
        let (inner, now) = (self.inner(), Timestamp::now());
        let is_behind = |id: &&SessionId| after.is_none_or(|after| id.as_str() > after.as_str());
        let mut ids: Vec<&SessionId> = inner.sessions.keys().filter(is_behind).collect();
        ids.sort_by(|a, b| a.as_str().cmp(b.as_str()));
        let valid = |id: &SessionId| {
            inner.sessions.get(id).filter(|record| record.times.is_valid(now)).cloned()
        };
        Ok(ids.into_iter().take(limit as usize).map(|id| (id.clone(), valid(id))).collect())
    }

    async fn revoke(&self, ids: &[SessionId], reason: &RevokeReason) -> Result<u64, Unavailable> {
        let (mut inner, now) = (self.inner(), Timestamp::now());
        inner.revoked.retain(|_, (_, until)| *until > now);
        let mut revoked = 0;
        for id in ids {
            revoked += u64::from(inner.sessions.remove(id).is_some());
            inner.revoked.insert(id.clone(), (reason.clone(), now.plus(REASON_KEPT)));
        }
        Ok(revoked)
    }

    async fn revoke_reason(&self, id: &SessionId) -> Result<Option<RevokeReason>, Unavailable> {
        let (inner, now) = (self.inner(), Timestamp::now());
        let revoked = inner.revoked.get(id).filter(|(_, until)| *until > now);
        Ok(revoked.map(|(reason, _)| reason.clone()))
    }
}
