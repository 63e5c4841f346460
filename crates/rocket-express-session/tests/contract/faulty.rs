//! A store that breaks one rule, in a way that a database invites to.

use std::collections::HashMap;
use std::sync::MutexGuard;
use std::time::Duration;

use rocket::tokio::time::sleep;
use rocket_express_session::store::{Record, Store, Times};
use rocket_express_session::{SessionId, Timestamp, Unavailable};

use crate::small::{Row, SmallStore};

/// The fault of the store.
#[derive(Clone, Copy, PartialEq)]
pub enum Fault {
    /// No condition on `expires`.
    LoadsExpired,
    UpdatesExpired,
    TakesExpired,
    /// The condition is checked once, by the insert.
    InsertChecksExpiry,
    /// A comparison with NULL is not true.
    NullHasExpired,
    NullIsNotWritten,
    TouchComparesNull,
    /// An upsert.
    InsertOverwrites,
    UpdateInserts,
    TouchInserts,
    /// No condition on what was loaded.
    UpdateDoesNotCompare,
    TouchDoesNotCompare,
    DestroyDeletesAll,
    /// A query and then a command, and no transaction.
    InsertInTwoSteps,
    UpdateInTwoSteps,
    TouchInTwoSteps,
    DestroyInTwoSteps,
    TakeInTwoSteps,
    /// The last command has a condition, but not the whole one.
    UpdateInsertsDestroyed,
    TakeLosesUpdates,
    /// A command that does less or more than it should.
    TakeDoesNotDelete,
    TouchWritesCreated,
    /// A write returns its JSON in another form.
    WritesReturnOtherJson,
    /// A collation that takes `A` for `a`.
    UpdateIgnoresCase,
    IdsIgnoreCase,
    /// The condition has more in it than the session.
    UpdateComparesTimes,
    /// The database counts the rows that changed, not those that matched.
    UpdateCountsChanges,
    /// An update loads the session again, which has expired.
    UpdateLoadsAgain,
    /// The result of the command is not looked at.
    DestroyIsAlwaysTrue,
    /// Columns that are too small, too coarse, or missing.
    CutsOffAt64K,
    WholeSeconds,
    NoUserAgent,
    NoAddress,
    /// A column of type JSON.
    RewritesJson,
    /// Each call fails.
    Unavailable,
}

/// A store with a fault.
pub struct FaultyStore {
    fault: Fault,
    store: SmallStore,
}

impl FaultyStore {
    pub fn new(fault: Fault) -> Self {
        Self { fault, store: SmallStore::default() }
    }

    fn has(&self, fault: Fault) -> bool {
        self.fault == fault
    }

    async fn rows(&self) -> Result<MutexGuard<'_, HashMap<String, Row>>, Unavailable> {
        if self.has(Fault::Unavailable) {
            return Err(Unavailable::new("the connection was closed"));
        }
        Ok(self.store.rows().await)
    }

    /// Between two commands, those of other connections come.
    async fn between(&self, two_steps: Fault) {
        if self.has(two_steps) {
            sleep(Duration::from_millis(2)).await;
        }
    }

    fn key(&self, id: &SessionId) -> String {
        let ignores_case = self.has(Fault::IdsIgnoreCase);
        if ignores_case { id.as_str().to_lowercase() } else { id.as_str().to_owned() }
    }

    /// The row of a record, as the columns hold it.
    fn row(&self, record: &Record) -> Row {
        let mut row = Row::new(record);
        match self.fault {
            Fault::CutsOffAt64K => {
                let end = (0..=65_535).rev().find(|end| row.json.is_char_boundary(*end));
                row.json.truncate(end.unwrap_or(0));
            }
            Fault::NoUserAgent => row.user_agent = None,
            Fault::NoAddress => row.address = None,
            Fault::WholeSeconds => {
                let seconds = |t: Timestamp| Timestamp::from_millis(t.as_millis() / 1_000 * 1_000);
                row.times.expires = row.times.expires.map(seconds);
            }
            Fault::RewritesJson => {
                if let Ok(value) = serde_json::from_str::<serde_json::Value>(&row.json) {
                    row.json = value.to_string();
                }
            }
            _ => {}
        }
        row
    }

    /// The record that a write returns.
    fn returned(&self, row: &Row) -> Option<Record> {
        let space = if self.has(Fault::WritesReturnOtherJson) { " " } else { "" };
        let json = format!("{}{space}", row.json);
        Row { json, ..row.clone() }.record()
    }

    fn is_valid(&self, row: &Row) -> bool {
        let is_null = row.times.expires.is_none();
        let is_valid = row.is_valid() || self.has(Fault::InsertChecksExpiry);
        is_valid && !(is_null && self.has(Fault::NullHasExpired))
    }

    fn may_write(&self, row: &Row) -> bool {
        let is_null = row.times.expires.is_none();
        self.is_valid(row) && !(is_null && self.has(Fault::NullIsNotWritten))
    }

    fn may_update(&self, row: &Row, old: &Record) -> bool {
        let is_same = match self.fault {
            Fault::UpdateDoesNotCompare => true,
            Fault::UpdateIgnoresCase => row.json.to_lowercase() == old.json().to_lowercase(),
            Fault::UpdateComparesTimes => row.json == old.json() && row.times == old.times,
            _ => row.json == old.json(),
        };
        is_same && (self.may_write(row) || self.has(Fault::UpdatesExpired))
    }

    fn may_touch(&self, row: &Row, old: &Record) -> bool {
        let is_same = match self.fault {
            Fault::TouchDoesNotCompare => true,
            Fault::TouchComparesNull if old.times.last_modified.is_none() => false,
            _ => row.times.last_modified == old.times.last_modified,
        };
        is_same && self.may_write(row)
    }
}

#[rocket::async_trait]
impl Store for FaultyStore {
    async fn load(&self, id: &SessionId) -> Result<Option<Record>, Unavailable> {
        let rows = self.rows().await?;
        let row = rows.get(&self.key(id));
        let row = row.filter(|row| self.is_valid(row) || self.has(Fault::LoadsExpired));
        Ok(row.and_then(Row::record))
    }

    async fn insert(&self, id: &SessionId, record: Record) -> Result<Record, Unavailable> {
        let (key, row) = (self.key(id), self.row(&record));
        let was_taken = self.rows().await?.contains_key(&key);
        self.between(Fault::InsertInTwoSteps).await;
        let mut rows = self.rows().await?;
        let is_taken =
            if self.has(Fault::InsertInTwoSteps) { was_taken } else { rows.contains_key(&key) };
        if is_taken && !self.has(Fault::InsertOverwrites) {
            return Err(Unavailable::refusal("this session ID is taken"));
        }
        let stored = self.returned(&row);
        if row.is_valid() || !self.has(Fault::InsertChecksExpiry) {
            rows.insert(key, row);
        }
        Ok(stored.unwrap_or(record))
    }

    async fn update(
        &self,
        id: &SessionId,
        old: &Record,
        new: Record,
    ) -> Result<Option<Record>, Unavailable> {
        let (key, row) = (self.key(id), self.row(&new));
        let before = self.rows().await?.get(&key).cloned();
        self.between(Fault::UpdateInTwoSteps).await;
        self.between(Fault::UpdateInsertsDestroyed).await;
        let mut rows = self.rows().await?;
        let present =
            if self.has(Fault::UpdateInTwoSteps) { before.as_ref() } else { rows.get(&key) };
        let is_match = match present {
            Some(row) => self.may_update(row, old),
            None if self.has(Fault::UpdateInsertsDestroyed) => {
                before.as_ref().is_some_and(|row| self.may_update(row, old))
            }
            None => self.has(Fault::UpdateInserts),
        };
        let is_changed = present != Some(&row);
        if !is_match || !is_changed && self.has(Fault::UpdateCountsChanges) {
            return Ok(None);
        }
        let is_returned = row.is_valid() || !self.has(Fault::UpdateLoadsAgain);
        let stored = self.returned(&row).filter(|_| is_returned);
        rows.insert(key, row);
        Ok(stored)
    }

    async fn touch(&self, id: &SessionId, old: &Record, times: Times) -> Result<bool, Unavailable> {
        let key = self.key(id);
        let before = self.rows().await?.get(&key).cloned();
        self.between(Fault::TouchInTwoSteps).await;
        let mut rows = self.rows().await?;
        let present =
            if self.has(Fault::TouchInTwoSteps) { before } else { rows.get(&key).cloned() };
        let row = match present {
            Some(row) if self.may_touch(&row, old) => row,
            None if self.has(Fault::TouchInserts) => self.row(old),
            _ => return Ok(false),
        };
        let created =
            if self.has(Fault::TouchWritesCreated) { times.created } else { row.times.created };
        rows.insert(key, Row { times: Times { created, ..times }, ..row });
        Ok(true)
    }

    async fn destroy(&self, id: &SessionId) -> Result<bool, Unavailable> {
        let key = self.key(id);
        let was_there = self.rows().await?.contains_key(&key);
        self.between(Fault::DestroyInTwoSteps).await;
        let mut rows = self.rows().await?;
        let is_deleted = rows.remove(&key).is_some();
        match self.fault {
            Fault::DestroyDeletesAll => rows.clear(),
            Fault::DestroyInTwoSteps => return Ok(was_there),
            Fault::DestroyIsAlwaysTrue => return Ok(true),
            _ => {}
        }
        Ok(is_deleted)
    }

    async fn take(&self, id: &SessionId) -> Result<Option<Record>, Unavailable> {
        if matches!(self.fault, Fault::TakeInTwoSteps | Fault::TakeLosesUpdates) {
            let loaded = self.load(id).await?;
            self.between(self.fault).await;
            let is_deleted = self.destroy(id).await?;
            return Ok(loaded.filter(|_| is_deleted || self.has(Fault::TakeInTwoSteps)));
        }
        if self.has(Fault::TakeDoesNotDelete) {
            return self.load(id).await;
        }
        let row = self.rows().await?.remove(&self.key(id));
        let row = row.filter(|row| self.is_valid(row) || self.has(Fault::TakesExpired));
        Ok(row.as_ref().and_then(Row::record))
    }
}
