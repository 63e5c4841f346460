//! The recorded exchanges: in memory, bounded, grouped by browser.

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use get_size2::GetSize as _;

use super::exchange::Exchange;

/// Exchanges of one browser: as many as a person can look through.
const PER_BROWSER: usize = 20;

/// Exchanges of all browsers. A page of a class takes 3 to 8 KiB, so 2,000 of them fit into the bytes below.
const MAX_EXCHANGES: usize = 2_000;

/// The memory of all exchanges together, whatever clients send.
const MAX_BYTES: usize = 16 * 1024 * 1024;

/// The longest time between a redirect and the request that follows it: a browser follows at once.
const REDIRECT: Duration = Duration::from_secs(10);

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

/// A group that shares the memory. When it is full, the largest group loses its oldest exchange, so
/// a browser that sends thousands of requests evicts only exchanges of its own group.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Quota<'k> {
    /// Requests without a session, such as probes and crawlers.
    WithoutSession,
    /// Browsers in which no user has logged in.
    Guests,
    /// All browsers of this user.
    User(&'k str),
}

/// The last exchanges of all browsers. Clones share them.
#[derive(Clone, Default)]
pub struct Recorder {
    kept: Arc<Mutex<Kept>>,
}

#[derive(Default)]
struct Kept {
    exchanges: VecDeque<Entry>,
    /// The memory that all entries take.
    bytes: usize,
}

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
        for entry in &mut kept.exchanges {
            if entry.browser.is_some_and(|key| keys.contains(&key)) {
                entry.browser = browser;
            }
        }
        exchange.number = browser.map_or(0, |browser| kept.next_number(browser));
        exchange.follows = exchange.follows.take().or_else(|| kept.redirect_to(&exchange, browser));
        let (bytes, exchange) = (exchange.get_size() + size_of::<Entry>(), Arc::new(exchange));
        kept.bytes += bytes;
        kept.exchanges.push_back(Entry { browser, exchange: exchange.clone(), bytes, sent: 0 });
        kept.evict(browser);
        exchange
    }

    /// The exchange of this ID.
    pub fn get(&self, id: &str) -> Option<Arc<Exchange>> {
        let kept = self.kept();
        let found = kept.exchanges.iter().find(|entry| entry.exchange.id == id);
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
        let wanted = kept.exchanges.iter().rev().filter(|entry| is_wanted(entry));
        wanted.map(|entry| entry.exchange.clone()).collect()
    }

    /// The browser of the exchange of this ID, for a request that its page sends without the session cookie.
    /// `None` for a page of another path, and after `most` of them: an ID gives a right to read.
    pub fn browser_of_page(&self, id: &str, path: &str, most: u8) -> Option<BrowserKey> {
        let mut kept = self.kept();
        let of_page = |entry: &&mut Entry| entry.exchange.id == id && entry.exchange.path == path;
        let page = kept.exchanges.iter_mut().find(of_page)?;
        page.sent = page.sent.saturating_add(1);
        if page.sent > most { None } else { page.browser }
    }

    /// Removes all exchanges.
    pub fn clear(&self) {
        let mut kept = self.kept();
        (kept.exchanges, kept.bytes) = (VecDeque::new(), 0);
    }

    /// Removes all exchanges of this user, and those that the user's browsers sent without a login.
    pub fn forget_user(&self, user: &str) {
        let mut kept = self.kept();
        let is_own = |entry: &Entry| entry.exchange.user.as_deref() == Some(user);
        let own = kept.exchanges.iter().filter(|entry| is_own(entry));
        let browsers: Vec<BrowserKey> = own.filter_map(|entry| entry.browser).collect();
        let is_of_browser = |entry: &Entry| {
            entry.exchange.user.is_none()
                && entry.browser.is_some_and(|browser| browsers.contains(&browser))
        };
        kept.exchanges.retain(|entry| !is_own(entry) && !is_of_browser(entry));
        kept.bytes = kept.exchanges.iter().map(|entry| entry.bytes).sum();
    }

    /// The exchange and those that led to it, the first one first.
    pub fn chain(&self, last: &Arc<Exchange>) -> Vec<Arc<Exchange>> {
        let mut chain = vec![last.clone()];
        while let Some(before) = chain.last().and_then(|exchange| exchange.follows.as_deref()) {
            let Some(before) = self.get(before) else { break };
            if chain.iter().any(|known| known.id == before.id) {
                break;
            }
            chain.push(before);
        }
        chain.reverse();
        chain
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn next_number(&self, browser: BrowserKey) -> u64 {
        let own = self.exchanges.iter().filter(|entry| entry.browser == Some(browser));
        own.map(|entry| entry.exchange.number).max().unwrap_or_default() + 1
    }

    /// The last exchange of this browser, if it was a redirect to where this one went.
    fn redirect_to(&self, exchange: &Exchange, browser: Option<BrowserKey>) -> Option<String> {
        let browser = browser?;
        let mut own = self.exchanges.iter().rev().filter(|entry| entry.browser == Some(browser));
        let last = &own.next()?.exchange;
        let target = last.location.as_deref()?.split(['?', '#']).next()?;
        let was_just_now =
            exchange.received.duration_since(last.received).is_ok_and(|time| time < REDIRECT);
        (target == exchange.path && exchange.method == "GET" && was_just_now)
            .then(|| last.id.clone())
    }

    /// Removes exchanges until all three bounds hold: of this browser, in number, in bytes.
    fn evict(&mut self, browser: Option<BrowserKey>) {
        let is_own = |entry: &Entry| entry.browser.is_some() && entry.browser == browser;
        while self.exchanges.iter().filter(|entry| is_own(entry)).count() > PER_BROWSER
            && self.remove(self.exchanges.iter().position(is_own))
        {}
        while self.exchanges.len() > MAX_EXCHANGES && self.remove(self.oldest_of_largest(|_| 1)) {}
        while self.bytes > MAX_BYTES && self.remove(self.oldest_of_largest(|entry| entry.bytes)) {}
    }

    /// Removes the exchange at this index. Returns false when there is none.
    fn remove(&mut self, index: Option<usize>) -> bool {
        let removed = index.and_then(|index| self.exchanges.remove(index));
        self.bytes -= removed.as_ref().map_or(0, |entry| entry.bytes);
        removed.is_some()
    }

    /// The index of the oldest exchange of the largest group, by this measure.
    fn oldest_of_largest(&self, measure: fn(&Entry) -> usize) -> Option<usize> {
        let users: HashMap<BrowserKey, &str> = self.exchanges.iter().filter_map(user).collect();
        let quota = |entry: &Entry| match entry.browser {
            None => Quota::WithoutSession,
            Some(browser) => users.get(&browser).map_or(Quota::Guests, |user| Quota::User(user)),
        };
        let mut sizes: HashMap<Quota<'_>, usize> = HashMap::new();
        for entry in &self.exchanges {
            *sizes.entry(quota(entry)).or_default() += measure(entry);
        }
        let largest = sizes.values().max().copied()?;
        self.exchanges.iter().position(|entry| sizes.get(&quota(entry)) == Some(&largest))
    }
}

/// The browser and its user, where the exchange has both.
fn user(entry: &Entry) -> Option<(BrowserKey, &str)> {
    Some((entry.browser?, entry.exchange.user.as_deref()?))
}
