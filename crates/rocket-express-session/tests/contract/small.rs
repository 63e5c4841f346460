//! The smallest store: the five methods over a map, and `take` as the trait has it.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Mutex, MutexGuard};

use rocket::tokio::task::yield_now;
use rocket_express_session::store::{Record, Store, Times};
use rocket_express_session::{SessionId, Timestamp, Unavailable};

/// A row as a table would have it.
#[derive(Clone, PartialEq)]
pub struct Row {
    pub json: String,
    pub times: Times,
    pub user_agent: Option<String>,
    pub address: Option<String>,
}

impl Row {
    pub fn new(record: &Record) -> Self {
        Self {
            json: record.json().to_owned(),
            times: record.times,
            user_agent: record.user_agent.clone(),
            address: record.address.clone(),
        }
    }

    pub fn record(&self) -> Option<Record> {
        let record = Record::from_json(&self.json, self.times, self.user_agent.clone()).ok()?;
        Some(record.with_address(self.address.clone()))
    }

    pub fn is_valid(&self) -> bool {
        self.times.is_valid(Timestamp::now())
    }
}

/// Sessions in a map. Each call first lets the other calls run, as a database does.
#[derive(Default)]
pub struct SmallStore(Mutex<HashMap<String, Row>>);

impl SmallStore {
    pub async fn rows(&self) -> MutexGuard<'_, HashMap<String, Row>> {
        yield_now().await;
        self.0.lock().unwrap()
    }
}

#[rocket::async_trait]
impl Store for SmallStore {
    async fn load(&self, id: &SessionId) -> Result<Option<Record>, Unavailable> {
        let rows = self.rows().await;
        Ok(rows.get(id.as_str()).filter(|row| row.is_valid()).and_then(Row::record))
    }

    async fn insert(&self, id: &SessionId, record: Record) -> Result<Record, Unavailable> {
        match self.rows().await.entry(id.as_str().to_owned()) {
            Entry::Occupied(_) => Err(Unavailable::refusal("this session ID is taken")),
            Entry::Vacant(place) => {
                place.insert(Row::new(&record));
                Ok(record)
            }
        }
    }

    async fn update(
        &self,
        id: &SessionId,
        old: &Record,
        new: Record,
    ) -> Result<Option<Record>, Unavailable> {
        let mut rows = self.rows().await;
        let row = rows.get_mut(id.as_str()).filter(|row| row.is_valid() && row.json == old.json());
        Ok(row.map(|row| {
            *row = Row::new(&new);
            new
        }))
    }

    async fn touch(&self, id: &SessionId, old: &Record, times: Times) -> Result<bool, Unavailable> {
        let mut rows = self.rows().await;
        let unchanged =
            |row: &&mut Row| row.is_valid() && row.times.last_modified == old.times.last_modified;
        let row = rows.get_mut(id.as_str()).filter(unchanged);
        Ok(row.map(|row| row.times = Times { created: row.times.created, ..times }).is_some())
    }

    async fn destroy(&self, id: &SessionId) -> Result<bool, Unavailable> {
        Ok(self.rows().await.remove(id.as_str()).is_some())
    }
}
