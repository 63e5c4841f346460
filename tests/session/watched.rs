//! A store that is watched, and overtaken when a test wants it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};

use cloakroom::db::Unavailable;
use cloakroom::session::store::{Ending, Record, Shown, Store, Times};
use cloakroom::session::{Content, Sid};

use crate::model::{Coat, Number};
use crate::support::Browser;

/// Writes down what the engine asks a store for.
pub struct Watched {
    store: Arc<dyn Store>,
    notes: Mutex<Notes>,
}

#[derive(Default)]
struct Notes {
    operations: Vec<&'static str>,
    /// The ids that were stored, in this order: number 1 is the first.
    sids: Vec<Sid>,
    /// Who is faster than the next update: a browser and its steps.
    rivals: VecDeque<(Browser, String)>,
}

impl Watched {
    pub fn new(store: Arc<dyn Store>) -> Arc<Self> {
        Arc::new(Self { store, notes: Mutex::default() })
    }

    fn note(&self, operation: &'static str) {
        self.notes.lock().unwrap().operations.push(operation);
    }

    pub fn start_over(&self) {
        *self.notes.lock().unwrap() = Notes::default();
    }

    /// Lets `browser` take these steps before the next update.
    pub fn overtake(&self, browser: Browser, steps: String) {
        self.notes.lock().unwrap().rivals.push_back((browser, steps));
    }

    pub fn take_operations(&self) -> Vec<&'static str> {
        std::mem::take(&mut self.notes.lock().unwrap().operations)
    }

    pub fn number(&self, sid: &str) -> Number {
        let notes = self.notes.lock().unwrap();
        notes.sids.iter().position(|stored| stored.as_str() == sid).expect("a stored id") + 1
    }

    /// What the store holds of what was stored since the start.
    pub async fn coats(&self) -> BTreeMap<Number, Coat> {
        let sids = self.notes.lock().unwrap().sids.clone();
        let mut coats = BTreeMap::new();
        for (index, sid) in sids.iter().enumerate() {
            if let Some(record) = self.store.load(sid).await.expect("the store answers") {
                let content = record.content;
                let parse = |raw: &str| serde_json::from_str(raw).expect("JSON");
                let values = content.values.iter();
                let values = values.map(|(key, raw)| (key.clone(), parse(raw.get()))).collect();
                let max_age = content.cookie.max_age().map(i64::unsigned_abs);
                let secure = content.cookie.is_secure();
                coats.insert(index + 1, Coat { values, max_age, secure });
            }
        }
        coats
    }
}

#[rocket::async_trait]
impl Store for Watched {
    async fn load(&self, sid: &Sid) -> Result<Option<Record>, Unavailable> {
        self.note("load");
        self.store.load(sid).await
    }

    async fn insert(
        &self,
        sid: &Sid,
        content: &Content,
        times: Times,
        user_agent: Option<&str>,
    ) -> Result<Record, Unavailable> {
        self.note("insert");
        self.notes.lock().unwrap().sids.push(sid.clone());
        self.store.insert(sid, content, times, user_agent).await
    }

    async fn update(
        &self,
        sid: &Sid,
        old: &Record,
        content: &Content,
        times: Times,
    ) -> Result<Option<Record>, Unavailable> {
        self.note("update");
        let rival = self.notes.lock().unwrap().rivals.pop_front();
        if let Some((mut browser, steps)) = rival {
            assert_eq!(browser.steps(&steps).await.status, 200);
        }
        self.store.update(sid, old, content, times).await
    }

    async fn touch(&self, sid: &Sid, old: &Record, times: Times) -> Result<bool, Unavailable> {
        self.note("touch");
        self.store.touch(sid, old, times).await
    }

    async fn destroy(&self, sid: &Sid) -> Result<bool, Unavailable> {
        self.note("destroy");
        self.store.destroy(sid).await
    }

    async fn take(&self, sid: &Sid) -> Result<Option<Record>, Unavailable> {
        self.note("take");
        self.store.take(sid).await
    }

    async fn logins(&self, login: &str, most: u32) -> Result<Vec<(Sid, Record)>, Unavailable> {
        self.note("logins");
        self.store.logins(login, most).await
    }

    async fn all(&self, shown: Shown) -> Result<Vec<(Sid, Record)>, Unavailable> {
        self.note("all");
        self.store.all(shown).await
    }

    async fn page(
        &self,
        after: Option<&Sid>,
        most: u32,
    ) -> Result<Vec<(Sid, Option<Record>)>, Unavailable> {
        self.note("page");
        self.store.page(after, most).await
    }

    async fn end(&self, sids: &[Sid], why: Ending) -> Result<u64, Unavailable> {
        self.note("end");
        self.store.end(sids, why).await
    }

    async fn ending(&self, sid: &Sid) -> Result<Option<Ending>, Unavailable> {
        self.note("ending");
        self.store.ending(sid).await
    }

    fn place(&self) -> String {
        self.store.place()
    }
}
