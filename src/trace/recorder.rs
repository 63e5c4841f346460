//! The recorded exchanges: in memory, bounded, grouped by browser.

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

use get_size2::GetSize as _;

use super::exchange::Exchange;

/// Exchanges of one browser: as many as a person can look through.
const PER_BROWSER: usize = 20;

/// Exchanges of all browsers. A page of a class takes 3 to 8 KiB, so 2,000 of them fit into the bytes below.
const MAX_EXCHANGES: usize = 2_000;

/// The memory of all exchanges together, whatever clients send.
const MAX_BYTES: usize = 16 * 1024 * 1024;

/// The most milliseconds between a redirect and the request that follows it: a browser follows at once.
const REDIRECT: i64 = 10_000;

/// A browser, by a keyed hash of its session ID. The ID itself is not kept: it could be used to log in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BrowserKey(u64);

impl BrowserKey {
    /// The browser that has the session of this ID. Each process has its own key for the hash.
    pub fn of_session(sid: &str) -> Self {
        static KEY: LazyLock<RandomState> = LazyLock::new(RandomState::new);
        Self(KEY.hash_one(sid))
    }
}

/// The last exchanges of all browsers. Clones share them.
#[derive(Clone, Default)]
pub struct Recorder(Arc<Mutex<Kept>>);

#[derive(Default)]
struct Kept(VecDeque<Entry>);

/// An exchange, the browser that it belongs to, and the memory that it takes.
struct Entry {
    browser: Option<BrowserKey>,
    exchange: Arc<Exchange>,
    bytes: usize,
    /// The requests without the session cookie that its page has sent.
    sent: u8,
}

impl Recorder {
    /// Keeps an exchange. A login gives a browser a new key: `keys` are those of this request, the newest
    /// last. Exchanges under the older keys move to the newest.
    pub fn keep(&self, mut exchange: Exchange, keys: &[BrowserKey]) -> Arc<Exchange> {
        let mut kept = self.kept();
        let browser = keys.last().copied();
        for entry in &mut kept.0 {
            if entry.browser.is_some_and(|key| keys.contains(&key)) {
                entry.browser = browser;
            }
        }
        exchange.number = browser.map_or(0, |browser| kept.next_number(browser));
        exchange.follows = exchange.follows.take().or_else(|| kept.redirect_to(&exchange, browser));
        let (bytes, exchange) = (exchange.get_size() + size_of::<Entry>(), Arc::new(exchange));
        kept.0.push_back(Entry { browser, exchange: exchange.clone(), bytes, sent: 0 });
        while let Some(surplus) = kept.surplus(browser) {
            kept.0.remove(surplus);
        }
        exchange
    }

    /// The exchange of this ID.
    pub fn get(&self, id: &str) -> Option<Arc<Exchange>> {
        let kept = self.kept();
        let found = kept.0.iter().find(|entry| entry.exchange.id == id);
        found.map(|entry| entry.exchange.clone())
    }

    /// The exchanges of a browser, newest first.
    pub fn of_browser(&self, browser: BrowserKey) -> Vec<Arc<Exchange>> {
        self.newest(|entry| entry.browser == Some(browser))
    }

    /// The number of this browser's next exchange.
    pub fn next_number(&self, browser: BrowserKey) -> u64 {
        self.kept().next_number(browser)
    }

    /// The exchanges of a user in all browsers, newest first.
    pub fn of_user(&self, user: &str) -> Vec<Arc<Exchange>> {
        self.newest(|entry| entry.exchange.user.as_deref() == Some(user))
    }

    fn newest(&self, is_wanted: impl Fn(&Entry) -> bool) -> Vec<Arc<Exchange>> {
        let kept = self.kept();
        let wanted = kept.0.iter().rev().filter(|entry| is_wanted(entry));
        wanted.map(|entry| entry.exchange.clone()).collect()
    }

    /// The browser of the exchange of this ID, for a request that its page sends without the session cookie.
    /// `None` for a page of another path, and after `most` of them: an ID gives a right to read.
    pub fn browser_of_page(&self, id: &str, path: &str, most: u8) -> Option<BrowserKey> {
        let mut kept = self.kept();
        let of_page = |entry: &&mut Entry| entry.exchange.id == id && entry.exchange.path == path;
        let page = kept.0.iter_mut().find(of_page)?;
        page.sent = page.sent.saturating_add(1);
        if page.sent > most { None } else { page.browser }
    }

    /// Removes all exchanges.
    pub fn clear(&self) {
        self.kept().0.clear();
    }

    /// Removes all exchanges of this user, and those that the user's browsers sent without a login.
    pub fn forget_user(&self, user: &str) {
        let mut kept = self.kept();
        let own = kept.0.iter().filter(|entry| entry.exchange.user.as_deref() == Some(user));
        let browsers: Vec<BrowserKey> = own.filter_map(|entry| entry.browser).collect();
        kept.0.retain(|entry| match &entry.exchange.user {
            Some(other) => other != user,
            None => !entry.browser.is_some_and(|browser| browsers.contains(&browser)),
        });
    }

    /// The exchange and those that led to it, the first one first.
    pub fn chain(&self, last: &Arc<Exchange>) -> Vec<Arc<Exchange>> {
        let mut chain = vec![last.clone()];
        let before = |last: &Arc<Exchange>| self.get(last.follows.as_deref()?);
        while let Some(before) = chain.last().and_then(before) {
            if chain.iter().any(|known| known.id == before.id) {
                break;
            }
            chain.push(before);
        }
        chain.reverse();
        chain
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn next_number(&self, browser: BrowserKey) -> u64 {
        let own = self.0.iter().filter(|entry| entry.browser == Some(browser));
        own.map(|entry| entry.exchange.number).max().unwrap_or_default() + 1
    }

    /// The last exchange of this browser, if it was a redirect to where this one went.
    fn redirect_to(&self, exchange: &Exchange, browser: Option<BrowserKey>) -> Option<String> {
        let browser = browser?;
        let mut own = self.0.iter().rev().filter(|entry| entry.browser == Some(browser));
        let last = &own.next()?.exchange;
        let target = last.location.as_deref()?.split(['?', '#']).next()?;
        let was_just_now = exchange.received.since(last.received) < REDIRECT;
        (target == exchange.path && exchange.method == "GET" && was_just_now)
            .then(|| last.id.clone())
    }

    /// The index of an exchange that breaks one of three bounds: of this browser, in number, in bytes.
    fn surplus(&self, browser: Option<BrowserKey>) -> Option<usize> {
        let is_own = |entry: &Entry| entry.browser.is_some() && entry.browser == browser;
        let own = self.0.iter().filter(|entry| is_own(entry)).count();
        let bytes: usize = self.0.iter().map(|entry| entry.bytes).sum();
        if own > PER_BROWSER {
            self.0.iter().position(is_own)
        } else if self.0.len() > MAX_EXCHANGES {
            self.oldest_of_largest(|_| 1)
        } else if bytes > MAX_BYTES {
            self.oldest_of_largest(|entry| entry.bytes)
        } else {
            None
        }
    }

    /// The index of the oldest exchange of the largest group. So a busy browser evicts only its own group's.
    fn oldest_of_largest(&self, measure: fn(&Entry) -> usize) -> Option<usize> {
        let of_users = self.0.iter();
        let of_users = of_users.filter_map(|e| Some((e.browser?, e.exchange.user.as_deref()?)));
        let users: HashMap<BrowserKey, &str> = of_users.collect();
        // A group for the requests without a session, such as probes and crawlers. One for the browsers in
        // which no user has logged in. And one for each user, with all browsers of the user.
        let group = |entry: &Entry| entry.browser.map(|browser| users.get(&browser));
        let mut sizes: HashMap<_, usize> = HashMap::new();
        for entry in &self.0 {
            *sizes.entry(group(entry)).or_default() += measure(entry);
        }
        let largest = sizes.values().max().copied()?;
        self.0.iter().position(|entry| sizes.get(&group(entry)) == Some(&largest))
    }
}
