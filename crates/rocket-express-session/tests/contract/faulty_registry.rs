//! A registry that breaks one rule.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::Mutex;

use rocket_express_session::store::{ListLimits, Record, Registry, Store, Times};
use rocket_express_session::{RevokeReason, SessionId, Unavailable};

use crate::small::{Row, SmallStore};

/// The fault of the registry.
#[derive(Clone, Copy, PartialEq)]
pub enum Fault {
    /// Nothing: to show that each of the others is what the contract finds.
    None,
    /// `Store::registry` stays as the trait has it.
    IsNotGiven,
    /// No condition on `expires`, or one that comes after the limit.
    OfUserShowsExpired,
    NewestShowsExpired,
    LimitsBeforeExpiry,
    /// No order.
    OldestFirst,
    /// The user is looked for in the text, without case, or in a column that only `insert` writes.
    SearchesText,
    UsersIgnoreCase,
    UserOfInsert,
    /// A limit that is not there.
    IgnoresLimitOfUser,
    IgnoresUsers,
    IgnoresPerUser,
    IgnoresAnonymous,
    /// The place in the list is found by the session that the last piece ended with.
    ScanNeedsTheSession,
    ScanBeginsWithTheLast,
    ScanShowsExpired,
    /// Reasons are not kept, or not by the session.
    KeepsNoReason,
    GivesAnyReason,
    /// Only the reason is written.
    RevokesNothing,
    /// The number of the IDs, and not of the deleted sessions.
    CountsIds,
    /// A statement takes a few hundred parameters.
    RefusesMany,
}

/// A registry with a fault.
pub struct FaultyRegistry {
    fault: Fault,
    store: SmallStore,
    /// The user's key at the insert.
    users: Mutex<HashMap<String, Option<String>>>,
    reasons: Mutex<HashMap<String, RevokeReason>>,
}

impl FaultyRegistry {
    pub fn new(fault: Fault) -> Self {
        let (store, users, reasons) = Default::default();
        Self { fault, store, users, reasons }
    }

    fn has(&self, fault: Fault) -> bool {
        self.fault == fault
    }

    /// The rows, the newest first.
    async fn rows(&self) -> Vec<(String, Row)> {
        let rows = self.store.rows().await;
        let mut rows: Vec<(String, Row)> = rows.clone().into_iter().collect();
        rows.sort_by_key(|(_, row)| Reverse(row.times.created));
        if self.has(Fault::OldestFirst) {
            rows.reverse();
        }
        rows
    }

    /// The newest valid ones that `which` picks. `shows_expired` is the fault of the list.
    async fn newest_where(
        &self,
        limit: u32,
        shows_expired: Fault,
        which: impl Fn(&str, &Record) -> bool,
    ) -> Vec<Found> {
        let mut rows = self.rows().await;
        let is_valid = |(_, row): &(String, Row)| row.is_valid() || self.has(shows_expired);
        if !self.has(Fault::LimitsBeforeExpiry) {
            rows.retain(is_valid);
        }
        rows.retain(|(id, row)| which(id, &row.record().unwrap()));
        rows.truncate(limit as usize);
        rows.retain(is_valid);
        rows.iter().map(|(id, row)| (SessionId::stored(id), row.record().unwrap())).collect()
    }

    fn is_of(&self, user: &str, id: &str, record: &Record) -> bool {
        let key = record.user_key();
        match self.fault {
            Fault::SearchesText => record.json().contains(user),
            Fault::UsersIgnoreCase => key.is_some_and(|key| key.eq_ignore_ascii_case(user)),
            Fault::UserOfInsert => self.users.lock().unwrap()[id].as_deref() == Some(user),
            _ => key.as_deref() == Some(user),
        }
    }
}

type Found = (SessionId, Record);

#[rocket::async_trait]
impl Store for FaultyRegistry {
    async fn load(&self, id: &SessionId) -> Result<Option<Record>, Unavailable> {
        self.store.load(id).await
    }

    async fn insert(&self, id: &SessionId, record: Record) -> Result<Record, Unavailable> {
        self.users.lock().unwrap().insert(id.as_str().to_owned(), record.user_key());
        self.store.insert(id, record).await
    }

    async fn update(
        &self,
        id: &SessionId,
        old: &Record,
        new: Record,
    ) -> Result<Option<Record>, Unavailable> {
        self.store.update(id, old, new).await
    }

    async fn touch(&self, id: &SessionId, old: &Record, times: Times) -> Result<bool, Unavailable> {
        self.store.touch(id, old, times).await
    }

    async fn destroy(&self, id: &SessionId) -> Result<bool, Unavailable> {
        self.store.destroy(id).await
    }

    fn registry(&self) -> Option<&dyn Registry> {
        if self.has(Fault::IsNotGiven) { None } else { Some(self) }
    }
}

#[rocket::async_trait]
impl Registry for FaultyRegistry {
    async fn of_user(&self, user: &str, limit: u32) -> Result<Vec<Found>, Unavailable> {
        let limit = if self.has(Fault::IgnoresLimitOfUser) { u32::MAX } else { limit };
        let is_users = |id: &str, record: &Record| self.is_of(user, id, record);
        Ok(self.newest_where(limit, Fault::OfUserShowsExpired, is_users).await)
    }

    async fn newest(&self, limits: ListLimits) -> Result<Vec<Found>, Unavailable> {
        let limit = |limit, ignored| if self.has(ignored) { u32::MAX } else { limit };
        let mut users: Vec<String> =
            self.rows().await.iter().filter_map(|(_, row)| row.record()?.user_key()).collect();
        users.sort();
        users.dedup();
        users.truncate(limit(limits.users, Fault::IgnoresUsers) as usize);
        let (per_user, anonymous) = (
            limit(limits.per_user, Fault::IgnoresPerUser),
            limit(limits.anonymous, Fault::IgnoresAnonymous),
        );
        let (shows, is_anonymous) =
            (Fault::NewestShowsExpired, |_: &str, record: &Record| record.user_key().is_none());
        let mut found = self.newest_where(anonymous, shows, is_anonymous).await;
        for user in users {
            let is_of = |_: &str, record: &Record| record.user_key().as_ref() == Some(&user);
            found.extend(self.newest_where(per_user, shows, is_of).await);
        }
        Ok(found)
    }

    async fn scan(
        &self,
        after: Option<&SessionId>,
        limit: u32,
    ) -> Result<Vec<(SessionId, Option<Record>)>, Unavailable> {
        let mut rows = self.rows().await;
        rows.sort_by(|(a, _), (b, _)| a.cmp(b));
        if let Some(after) = after.map(SessionId::as_str) {
            match self.fault {
                Fault::ScanNeedsTheSession => {
                    let is_there = rows.iter().any(|(id, _)| id == after);
                    rows.retain(|(id, _)| is_there && &**id > after);
                }
                Fault::ScanBeginsWithTheLast => rows.retain(|(id, _)| &**id >= after),
                _ => rows.retain(|(id, _)| &**id > after),
            }
        }
        rows.truncate(limit as usize);
        let shows = |row: &Row| row.is_valid() || self.has(Fault::ScanShowsExpired);
        let show = |(id, row): &(String, Row)| {
            (SessionId::stored(id), row.record().filter(|_| shows(row)))
        };
        Ok(rows.iter().map(show).collect())
    }

    async fn revoke(&self, ids: &[SessionId], reason: &RevokeReason) -> Result<u64, Unavailable> {
        if self.has(Fault::RefusesMany) && ids.len() > 999 {
            return Err(Unavailable::refusal("too many parameters"));
        }
        let mut revoked = 0;
        for id in ids {
            self.reasons.lock().unwrap().insert(id.as_str().to_owned(), reason.clone());
            if !self.has(Fault::RevokesNothing) {
                revoked += u64::from(self.destroy(id).await?);
            }
        }
        Ok(if self.has(Fault::CountsIds) { ids.len() as u64 } else { revoked })
    }

    async fn revoke_reason(&self, id: &SessionId) -> Result<Option<RevokeReason>, Unavailable> {
        let reasons = self.reasons.lock().unwrap();
        Ok(match self.fault {
            Fault::KeepsNoReason => None,
            Fault::GivesAnyReason => reasons.values().next().cloned(),
            _ => reasons.get(id.as_str()).cloned(),
        })
    }
}
