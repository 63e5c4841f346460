//! Sessions in this process's memory, what Express calls `MemoryStore`.
//!
//! Kept because a lesson needs it and because `cargo run` must work without a database. Not for
//! production: a restart loses everything, and a second instance knows nothing of it. It keeps
//! the same promises as `mongo` otherwise, and the same tests run against both.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::document::Stored;
use super::{ENDING_KEPT, Ending, Record, Shown, Store, Times};
use crate::db::Unavailable;
use crate::session::content::Content;
use crate::session::sid::Sid;
use crate::session::timestamp::Timestamp;
use crate::trace::{self, Step};

/// From this size on, an insert first throws out what has expired: MongoDB has its TTL monitor,
/// and a map of dead sessions would grow for ever.
const SWEEP_FROM: usize = 1024;

/// The session store in memory.
#[derive(Default)]
pub struct MemoryStore {
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    sessions: HashMap<Sid, Record>,
    /// Why sessions were ended, and until when that is kept.
    endings: HashMap<Sid, (Ending, Timestamp)>,
    /// The size at which the next sweep is due.
    sweep_at: usize,
}

impl Inner {
    fn sweep(&mut self, now: Timestamp) {
        if self.sessions.len() >= self.sweep_at.max(SWEEP_FROM) {
            self.sessions.retain(|_, record| record.is_valid(now));
            self.sweep_at = self.sessions.len() * 2;
        }
    }
}

impl MemoryStore {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn newest(&self, most: u32, which: impl Fn(&Record) -> bool) -> Vec<(Sid, Record)> {
        let (inner, now) = (self.inner(), Timestamp::now());
        let found = inner.sessions.iter().filter(|(_, r)| r.is_valid(now) && which(r));
        let mut found: Vec<_> = found.collect();
        found.sort_by_key(|(_, record)| std::cmp::Reverse(record.created));
        let newest = found.into_iter().take(most as usize);
        newest.map(|(sid, record)| (sid.clone(), record.clone())).collect()
    }
}

/// What would be a command to MongoDB.
fn note(what: &'static str, sid: &Sid) {
    trace::note(|| Step::Memory { what, sid: trace::start(sid.as_str()) });
}

#[rocket::async_trait]
impl Store for MemoryStore {
    async fn load(&self, sid: &Sid) -> Result<Option<Record>, Unavailable> {
        note("load", sid);
        let inner = self.inner();
        let record = inner.sessions.get(sid).filter(|record| record.is_valid(Timestamp::now()));
        Ok(record.cloned())
    }

    async fn insert(
        &self,
        sid: &Sid,
        content: &Content,
        times: Times,
        user_agent: Option<&str>,
    ) -> Result<Record, Unavailable> {
        note("insert", sid);
        let mut inner = self.inner();
        inner.sweep(times.now);
        let stored = Stored::Json(content.to_json());
        let record = Record::begun(content, stored, times, user_agent);
        match inner.sessions.entry(sid.clone()) {
            Entry::Occupied(_) => Err(Unavailable::new("this session id is taken")),
            Entry::Vacant(place) => Ok(place.insert(record).clone()),
        }
    }

    async fn update(
        &self,
        sid: &Sid,
        old: &Record,
        content: &Content,
        times: Times,
    ) -> Result<Option<Record>, Unavailable> {
        note("update", sid);
        match self.inner().sessions.get_mut(sid) {
            Some(present) if present.is_valid(times.now) && present.stored == old.stored => {
                let stored = Stored::Json(content.to_json());
                *present = present.updated(content, stored, times);
                Ok(Some(present.clone()))
            }
            _ => Ok(None),
        }
    }

    async fn touch(&self, sid: &Sid, old: &Record, times: Times) -> Result<bool, Unavailable> {
        note("touch", sid);
        match self.inner().sessions.get_mut(sid) {
            Some(present)
                if present.is_valid(times.now) && present.last_modified == old.last_modified =>
            {
                present.expires = times.expires.or(present.expires);
                present.last_modified = times.last_modified;
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    async fn destroy(&self, sid: &Sid) -> Result<bool, Unavailable> {
        note("destroy", sid);
        Ok(self.inner().sessions.remove(sid).is_some())
    }

    async fn take(&self, sid: &Sid) -> Result<Option<Record>, Unavailable> {
        note("destroy", sid);
        let taken = self.inner().sessions.remove(sid);
        Ok(taken.filter(|record| record.is_valid(Timestamp::now())))
    }

    async fn logins(&self, login: &str, most: u32) -> Result<Vec<(Sid, Record)>, Unavailable> {
        Ok(self.newest(most, |record| record.content.login().as_deref() == Some(login)))
    }

    async fn all(&self, shown: Shown) -> Result<Vec<(Sid, Record)>, Unavailable> {
        let mut found = self.newest(u32::MAX, |record| record.content.login().is_some());
        let mut taken: HashMap<String, u32> = HashMap::new();
        found.retain(|(_, record)| {
            let Some(login) = record.content.login() else { return false };
            if taken.len() >= shown.logins as usize && !taken.contains_key(&login) {
                return false;
            }
            let taken = taken.entry(login).or_default();
            *taken += 1;
            *taken <= shown.of_each
        });
        found.extend(self.newest(shown.others, |record| record.content.login().is_none()));
        Ok(found)
    }

    async fn page(
        &self,
        after: Option<&Sid>,
        most: u32,
    ) -> Result<Vec<(Sid, Option<Record>)>, Unavailable> {
        let inner = self.inner();
        let behind = |sid: &&Sid| after.is_none_or(|after| sid.as_str() > after.as_str());
        let mut sids: Vec<&Sid> = inner.sessions.keys().filter(behind).collect();
        sids.sort_by(|a, b| a.as_str().cmp(b.as_str()));
        let now = Timestamp::now();
        let valid = |sid: &Sid| inner.sessions.get(sid).filter(|record| record.is_valid(now));
        let page = sids.into_iter().take(most as usize);
        Ok(page.map(|sid| (sid.clone(), valid(sid).cloned())).collect())
    }

    async fn end(&self, sids: &[Sid], why: Ending) -> Result<u64, Unavailable> {
        let (mut inner, now) = (self.inner(), Timestamp::now());
        inner.endings.retain(|_, (_, until)| *until > now);
        let mut ended = 0;
        for sid in sids {
            ended += u64::from(inner.sessions.remove(sid).is_some());
            inner.endings.insert(sid.clone(), (why, now.plus(ENDING_KEPT)));
        }
        Ok(ended)
    }

    async fn ending(&self, sid: &Sid) -> Result<Option<Ending>, Unavailable> {
        let (inner, now) = (self.inner(), Timestamp::now());
        let ending = inner.endings.get(sid).filter(|(_, until)| *until > now);
        Ok(ending.map(|(why, _)| *why))
    }

    fn place(&self) -> String {
        "this server's memory".to_owned()
    }
}
