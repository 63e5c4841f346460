//! The decision table as a model: what a store and a browser hold after any requests.
//!
//! It uses no type of the engine: it has whole values before and after a request, as the table has them.
//! `random.rs` plays the same requests to both.

use std::collections::BTreeMap;

use serde_json::json;

use crate::steps::{Step, Values};

/// The options that decide.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    pub resave: bool,
    pub save_uninitialized: bool,
    pub rolling: bool,
    /// `touch_after` is 0; otherwise it is longer than the test.
    pub touch_at_once: bool,
    /// `None` is `auto`.
    pub secure: Option<bool>,
}

/// The number of a session ID, in the order in which they were stored.
pub type Number = usize;

/// A stored session.
#[derive(Clone, Debug, PartialEq)]
pub struct Stored {
    pub values: Values,
    pub max_age: Option<u64>,
    pub secure: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Cookie {
    Nothing,
    Of(Number),
    Expired,
}

/// The outcome of one request.
#[derive(Debug, PartialEq)]
pub struct Outcome {
    /// 200 with the session that the handler saw last. `None` is 409: a step failed.
    pub session: Option<Values>,
    pub cookie: Cookie,
    /// The calls of the store, in order.
    pub operations: Vec<&'static str>,
}

/// The sessions in the store.
#[derive(Default)]
pub struct World {
    pub sessions: BTreeMap<Number, Stored>,
    next: Number,
}

pub const DAY: u64 = 24 * 60 * 60 * 1000;

/// One request during its handler.
struct Handling<'w> {
    world: &'w mut World,
    settings: Settings,
    https: bool,
    had_cookie: bool,
    operations: Vec<&'static str>,
    /// The stored session, as this request knows it.
    number: Option<Number>,
    stored: Option<Stored>,
    now: Stored,
    /// The stored session that a regenerated one replaces.
    replaces: Option<Number>,
    regenerated: bool,
    /// The values of the stored session go on under the new ID.
    cycled: bool,
    destroyed: bool,
    touched: bool,
    saved: bool,
    cookie_due: bool,
}

impl World {
    /// Plays a request of a browser whose cookie names this session.
    pub fn request(
        &mut self,
        settings: Settings,
        https: bool,
        named: Option<Number>,
        steps: &[Step],
    ) -> Outcome {
        let mut operations = vec![];
        if named.is_some() {
            operations.push("load");
        }
        let stored = named.and_then(|number| self.sessions.get(&number).cloned());
        let number = stored.as_ref().and(named);
        let now = stored.clone().unwrap_or_else(|| new_session(settings, https));
        let mut handling = Handling {
            world: self,
            settings,
            https,
            had_cookie: named.is_some(),
            operations,
            number,
            stored,
            now,
            replaces: None,
            regenerated: false,
            cycled: false,
            destroyed: false,
            touched: false,
            saved: false,
            cookie_due: false,
        };
        let done = steps.iter().all(|step| handling.take(step));
        let session = done.then(|| handling.now.values.clone());
        let cookie = handling.end();
        Outcome { session, cookie, operations: handling.operations }
    }
}

fn new_session(settings: Settings, https: bool) -> Stored {
    let secure = settings.secure.unwrap_or(https);
    Stored { values: Values::new(), max_age: Some(DAY), secure }
}

impl Handling<'_> {
    /// False when the step fails.
    fn take(&mut self, step: &Step) -> bool {
        match step {
            Step::Set(..) | Step::Remove(_) | Step::Take(_) | Step::Count(_) | Step::Push(..) => {
                return step.change(&mut self.now.values);
            }
            Step::Login => {
                self.regenerate();
                self.now.values.insert("passport".to_owned(), json!({ "user": "rosa" }));
            }
            Step::CycleId => {
                let values = std::mem::take(&mut self.now.values);
                let cycled = !self.destroyed && (self.stored.is_some() || self.cycled);
                self.regenerate();
                (self.now.values, self.cycled) = (values, cycled);
            }
            Step::Regenerate => self.regenerate(),
            Step::Destroy => {
                self.destroyed = true;
                self.now.values.clear();
            }
            Step::Save => return self.save(),
            Step::Reload => return self.reload(),
            Step::Touch => self.touched = true,
            Step::MaxAge(age) => self.now.max_age = *age,
        }
        true
    }

    fn regenerate(&mut self) {
        self.replaces = self.number.take().or(self.replaces);
        self.stored = None;
        self.now = new_session(self.settings, self.https);
        self.regenerated = true;
        (self.destroyed, self.touched, self.cookie_due) = (false, false, false);
        (self.saved, self.cycled) = (false, false);
    }

    fn save(&mut self) -> bool {
        if self.destroyed {
            return false;
        }
        if self.stored.is_none() && self.is_undeliverable() {
            self.end_replaced("destroy");
            return true;
        }
        self.cookie_due |= self.stored.is_none() || self.changes_cookie();
        self.write();
        self.saved = true;
        true
    }

    fn reload(&mut self) -> bool {
        if self.destroyed {
            return false;
        }
        self.operations.push("load");
        let Some(stored) = self.stored.clone() else { return false };
        self.now = stored;
        self.touched = false;
        true
    }

    fn is_modified(&self) -> bool {
        match &self.stored {
            Some(stored) => self.now != *stored,
            None => self.now != new_session(self.settings, self.https),
        }
    }

    /// The browser's cookie is out of date.
    fn changes_cookie(&self) -> bool {
        let former_age = self.stored.as_ref().map(|stored| stored.max_age);
        let has_other_age = former_age.is_some_and(|age| age != self.now.max_age);
        has_other_age || self.is_modified() && self.now.max_age.is_some()
    }

    /// The browser would not take the cookie.
    fn is_undeliverable(&self) -> bool {
        self.now.secure && !self.https
    }

    fn write(&mut self) {
        let number = self.number.unwrap_or_else(|| {
            self.world.next += 1;
            self.world.next
        });
        self.operations.push(if self.number.is_some() { "update" } else { "insert" });
        self.world.sessions.insert(number, self.now.clone());
        (self.number, self.stored) = (Some(number), Some(self.now.clone()));
        // Values that go on are read again, because another request may have changed them.
        self.end_replaced(if self.cycled { "take" } else { "destroy" });
        (self.regenerated, self.cycled) = (false, false);
    }

    fn end_replaced(&mut self, operation: &'static str) {
        if let Some(old) = self.replaces {
            self.operations.push(operation);
            self.world.sessions.remove(&old);
        }
        self.replaces = None;
    }

    /// The decision table.
    fn end(&mut self) -> Cookie {
        if self.destroyed {
            if let Some(number) = self.number.or(self.replaces) {
                self.operations.push("destroy");
                self.world.sessions.remove(&number);
            }
            return if self.had_cookie { Cookie::Expired } else { Cookie::Nothing };
        }
        let is_new = self.stored.is_none();
        let (is_modified, changes_cookie) = (self.is_modified(), self.changes_cookie());
        let undeliverable = self.is_undeliverable();
        let eager = if is_new {
            self.settings.save_uninitialized
        } else {
            self.settings.resave && !self.saved
        };
        let must_save = self.regenerated || is_modified || eager;
        if must_save && is_new && undeliverable {
            self.end_replaced("destroy");
        } else if must_save {
            self.write();
        } else if !is_new && !self.saved && (self.touched || self.settings.touch_at_once) {
            self.operations.push("touch");
        }
        let sends = if is_new {
            must_save
        } else {
            self.settings.rolling || self.cookie_due || changes_cookie
        };
        match self.number {
            Some(number) if sends && !undeliverable => Cookie::Of(number),
            _ => Cookie::Nothing,
        }
    }
}
