//! A store that is watched. Other requests can come between when a test wants it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};

use rocket_express_session::store::{Record, Registry, Store, Times};
use rocket_express_session::{SessionId, Unavailable};

use crate::model::{Number, Stored};
use crate::support::Browser;

/// Logs what the engine asks a store for. A clone is the same store.
#[derive(Clone)]
pub struct Watched {
    store: Arc<dyn Store>,
    notes: Arc<Mutex<Notes>>,
}

#[derive(Default)]
struct Notes {
    operations: Vec<&'static str>,
    /// The IDs that were stored, in this order: number 1 is the first.
    ids: Vec<SessionId>,
    /// The requests that come before the next updates: a browser and its steps.
    faster: VecDeque<(Browser, String)>,
}

impl Watched {
    pub fn new(store: impl Store) -> Self {
        Self { store: Arc::new(store), notes: Arc::default() }
    }

    /// The store itself, which is not watched.
    pub fn unwatched(&self) -> Arc<dyn Store> {
        self.store.clone()
    }

    fn note(&self, operation: &'static str) {
        self.notes.lock().unwrap().operations.push(operation);
    }

    pub fn start_over(&self) {
        *self.notes.lock().unwrap() = Notes::default();
    }

    /// Lets `browser` take these steps before the next update.
    pub fn overtake(&self, browser: Browser, steps: String) {
        self.notes.lock().unwrap().faster.push_back((browser, steps));
    }

    pub fn take_operations(&self) -> Vec<&'static str> {
        std::mem::take(&mut self.notes.lock().unwrap().operations)
    }

    pub fn number(&self, id: &str) -> Number {
        let notes = self.notes.lock().unwrap();
        notes.ids.iter().position(|stored| stored.as_str() == id).expect("a stored ID") + 1
    }

    /// The sessions that were stored since the start and are still there.
    pub async fn stored(&self) -> BTreeMap<Number, Stored> {
        let ids = self.notes.lock().unwrap().ids.clone();
        let mut all = BTreeMap::new();
        for (index, id) in ids.iter().enumerate() {
            if let Some(record) = self.store.load(id).await.expect("the store answers") {
                let data = record.data();
                let parse = |raw: &str| serde_json::from_str(raw).expect("JSON");
                let values = data.values.iter();
                let values = values.map(|(key, raw)| (key.clone(), parse(raw.get()))).collect();
                let max_age = data.cookie.max_age().map(i64::unsigned_abs);
                let secure = data.cookie.is_secure();
                all.insert(index + 1, Stored { values, max_age, secure });
            }
        }
        all
    }
}

#[rocket::async_trait]
impl Store for Watched {
    async fn load(&self, id: &SessionId) -> Result<Option<Record>, Unavailable> {
        self.note("load");
        self.store.load(id).await
    }

    async fn insert(&self, id: &SessionId, record: Record) -> Result<Record, Unavailable> {
        self.note("insert");
        self.notes.lock().unwrap().ids.push(id.clone());
        self.store.insert(id, record).await
    }

    async fn update(
        &self,
        id: &SessionId,
        old: &Record,
        new: Record,
    ) -> Result<Option<Record>, Unavailable> {
        self.note("update");
        let faster = self.notes.lock().unwrap().faster.pop_front();
        if let Some((mut browser, steps)) = faster {
            assert_eq!(browser.steps(&steps).await.status, 200);
        }
        self.store.update(id, old, new).await
    }

    async fn touch(&self, id: &SessionId, old: &Record, times: Times) -> Result<bool, Unavailable> {
        self.note("touch");
        self.store.touch(id, old, times).await
    }

    async fn destroy(&self, id: &SessionId) -> Result<bool, Unavailable> {
        self.note("destroy");
        self.store.destroy(id).await
    }

    async fn take(&self, id: &SessionId) -> Result<Option<Record>, Unavailable> {
        self.note("take");
        self.store.take(id).await
    }

    fn registry(&self) -> Option<&dyn Registry> {
        self.note("registry");
        self.store.registry()
    }
}
