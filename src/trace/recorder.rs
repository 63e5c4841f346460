//! The exchanges that are kept: in memory, bounded, told apart by browser.

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::exchange::Exchange;

/// Of one browser: what a person can look through.
const OF_A_BROWSER: usize = 20;

/// In all. A page of a class takes 3 to 8 KiB, so its 2,000 exchanges fit into the bytes below.
const IN_ALL: usize = 2_000;

/// The memory of all exchanges together, whatever clients send.
const BYTES_IN_ALL: usize = 16 * 1024 * 1024;

/// A browser follows a redirect at once.
const REDIRECT: Duration = Duration::from_secs(10);

/// A browser, by the id of its session. Not the id: what is kept must not be worth a ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Owner(u64);

impl Owner {
    /// The browser that has the session of this ID. The key of the hash is this process's own.
    pub fn of(sid: &str) -> Self {
        static KEY: LazyLock<RandomState> = LazyLock::new(RandomState::new);
        Self(KEY.hash_one(sid))
    }
}

/// Those who share what is kept. When it is too much, the one that has most of it loses its oldest: so
/// a browser that sends thousands of requests pushes out its own recordings alone.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Party<'k> {
    /// Requests without a session: probes, and crawlers.
    WithoutSession,
    /// Browsers in which no user has logged in.
    Guests,
    /// All browsers of this user.
    User(&'k str),
}

/// The last exchanges of all browsers. A clone is the same one.
#[derive(Clone, Default)]
pub struct Recorder {
    kept: Arc<Mutex<Kept>>,
}

#[derive(Default)]
struct Kept {
    last_number: u64,
    exchanges: VecDeque<Entry>,
    /// The sum of what each of them takes.
    bytes: usize,
}

/// An exchange, the browser that it belongs to, and the memory that it takes.
struct Entry {
    owner: Option<Owner>,
    exchange: Arc<Exchange>,
    bytes: usize,
    /// A request without a cookie has come from its page.
    is_used: bool,
}

impl Recorder {
    /// Keeps an exchange; `owners` as they became known. What was kept for the first of them is the
    /// last one's from now on.
    pub(super) fn keep(&self, mut exchange: Exchange, owners: &[Owner]) -> Arc<Exchange> {
        let mut kept = self.kept();
        let owner = owners.last().copied();
        for entry in &mut kept.exchanges {
            if entry.owner.is_some_and(|of| owners.contains(&of)) {
                entry.owner = owner;
            }
        }
        kept.last_number += 1;
        exchange.number = kept.last_number;
        exchange.follows = exchange.follows.take().or_else(|| kept.redirect_to(&exchange, owner));
        let (bytes, exchange) = (exchange.size() + size_of::<Entry>(), Arc::new(exchange));
        kept.bytes += bytes;
        kept.exchanges.push_back(Entry {
            owner,
            exchange: exchange.clone(),
            bytes,
            is_used: false,
        });
        kept.evict(owner);
        exchange
    }

    /// The exchange of this id.
    pub fn get(&self, id: &str) -> Option<Arc<Exchange>> {
        let kept = self.kept();
        let found = kept.exchanges.iter().find(|entry| entry.exchange.id == id);
        found.map(|entry| entry.exchange.clone())
    }

    /// The exchanges of a browser, newest first.
    pub fn of(&self, owner: Owner) -> Vec<Arc<Exchange>> {
        let kept = self.kept();
        let own = kept.exchanges.iter().rev().filter(|entry| entry.owner == Some(owner));
        own.map(|entry| entry.exchange.clone()).collect()
    }

    /// The exchanges of a user, in whatever browser, newest first.
    pub fn of_user(&self, user: &str) -> Vec<Arc<Exchange>> {
        let kept = self.kept();
        let own = kept.exchanges.iter().rev();
        let own = own.filter(|entry| entry.exchange.user.as_deref() == Some(user));
        own.map(|entry| entry.exchange.clone()).collect()
    }

    /// The browser of the exchange of this id, for one request that its page sends without a cookie.
    /// `None` for a page of another path, and from the second time on: an id gives a right to read.
    pub fn owner_once(&self, id: &str, path: &str) -> Option<Owner> {
        let mut kept = self.kept();
        let of_page = |entry: &&mut Entry| entry.exchange.id == id && entry.exchange.path == path;
        let page = kept.exchanges.iter_mut().find(of_page)?;
        if std::mem::replace(&mut page.is_used, true) { None } else { page.owner }
    }

    /// Forgets all of them.
    pub fn clear(&self) {
        let mut kept = self.kept();
        (kept.exchanges, kept.bytes) = (VecDeque::new(), 0);
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

    /// Bytes of all exchanges, added up once more; a test compares them with the bound.
    #[cfg(test)]
    pub(super) fn bytes(&self) -> (usize, usize) {
        let kept = self.kept();
        let sum = kept.exchanges.iter().map(|entry| entry.exchange.size() + size_of::<Entry>());
        assert_eq!(sum.clone().sum::<usize>(), kept.bytes);
        (kept.bytes, sum.max().unwrap_or_default())
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    /// The last exchange of this browser, if it was a redirect to where this one went.
    fn redirect_to(&self, exchange: &Exchange, owner: Option<Owner>) -> Option<String> {
        let owner = owner?;
        let mut own = self.exchanges.iter().rev().filter(|entry| entry.owner == Some(owner));
        let last = &own.next()?.exchange;
        let target = last.location.as_deref()?.split('?').next()?;
        let was_just_now = exchange.at.duration_since(last.at).is_ok_and(|time| time < REDIRECT);
        (target == exchange.path && exchange.method == "GET" && was_just_now)
            .then(|| last.id.clone())
    }

    /// Removes what is too much: of this browser, in number, in bytes.
    fn evict(&mut self, owner: Option<Owner>) {
        let is_own = |entry: &Entry| entry.owner.is_some() && entry.owner == owner;
        while self.exchanges.iter().filter(|entry| is_own(entry)).count() > OF_A_BROWSER
            && self.remove(self.exchanges.iter().position(is_own))
        {}
        while self.exchanges.len() > IN_ALL && self.remove(self.oldest_of_largest(|_| 1)) {}
        while self.bytes > BYTES_IN_ALL && self.remove(self.oldest_of_largest(|entry| entry.bytes))
        {
        }
    }

    /// False when there is none at this place.
    fn remove(&mut self, at: Option<usize>) -> bool {
        let gone = at.and_then(|at| self.exchanges.remove(at));
        self.bytes -= gone.as_ref().map_or(0, |entry| entry.bytes);
        gone.is_some()
    }

    /// The place of the oldest exchange of the party that has most, by this measure.
    fn oldest_of_largest(&self, measure: fn(&Entry) -> usize) -> Option<usize> {
        let users: HashMap<Owner, &str> = self.exchanges.iter().filter_map(user).collect();
        let party = |entry: &Entry| match entry.owner {
            None => Party::WithoutSession,
            Some(owner) => users.get(&owner).map_or(Party::Guests, |user| Party::User(user)),
        };
        let mut sizes: HashMap<Party<'_>, usize> = HashMap::new();
        for entry in &self.exchanges {
            *sizes.entry(party(entry)).or_default() += measure(entry);
        }
        let largest = sizes.values().max().copied()?;
        self.exchanges.iter().position(|entry| sizes.get(&party(entry)) == Some(&largest))
    }
}

/// Who uses a browser, where an exchange tells.
fn user(entry: &Entry) -> Option<(Owner, &str)> {
    Some((entry.owner?, entry.exchange.user.as_deref()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::SystemTime;

    fn exchange(id: &str, path: &str, location: Option<&str>) -> Exchange {
        Exchange {
            id: id.to_owned(),
            number: 0,
            at: SystemTime::now(),
            method: "GET".to_owned(),
            path: path.to_owned(),
            cookies: vec![],
            steps: vec![],
            status: 200,
            location: location.map(str::to_owned),
            set_cookies: vec![],
            bytes: None,
            took: Duration::ZERO,
            follows: None,
            user: None,
            is_blurred: false,
        }
    }

    fn ids(exchanges: &[Arc<Exchange>]) -> Vec<&str> {
        exchanges.iter().map(|exchange| exchange.id.as_str()).collect()
    }

    #[test]
    fn a_redirect_and_what_came_of_it_are_one_chain_across_a_login() {
        let (recorder, before, after) = (Recorder::default(), Owner::of("old"), Owner::of("new"));
        recorder.keep(exchange("page", "/login", None), &[before]);
        recorder.keep(exchange("login", "/login", Some("/dashboard?x=1")), &[before, after]);
        recorder.keep(exchange("else", "/dashboard", None), &[Owner::of("else")]);
        let last = recorder.keep(exchange("dashboard", "/dashboard", None), &[after]);
        assert_eq!(ids(&recorder.chain(&last)), ["login", "dashboard"]);
        assert_eq!(ids(&recorder.of(after)), ["dashboard", "login", "page"]);
        assert!(recorder.of(before).is_empty(), "they belong to the new session");
    }

    #[test]
    fn a_browser_has_twenty_and_all_together_two_thousand() {
        let recorder = Recorder::default();
        for number in 0..30 {
            recorder.keep(exchange(&number.to_string(), "/", None), &[Owner::of("one")]);
        }
        assert_eq!(recorder.of(Owner::of("one")).len(), 20);
        assert!(recorder.get("9").is_none() && recorder.get("10").is_some());
        for number in 0..2_500 {
            recorder.keep(exchange(&format!("nobody-{number}"), "/", None), &[]);
        }
        assert_eq!(recorder.kept().exchanges.len(), IN_ALL);
        assert_eq!(
            recorder.of(Owner::of("one")).len(),
            20,
            "a request without a session pushes out no other"
        );
    }

    #[test]
    fn whoever_fills_the_room_pushes_out_their_own() {
        let recorder = Recorder::default();
        let of = |user: Option<&str>, browser: String| {
            let exchange = exchange(&browser, "/", None);
            let owner = Owner::of(&browser);
            recorder.keep(Exchange { user: user.map(str::to_owned), ..exchange }, &[owner]);
            owner
        };
        let guest = of(None, "guest".to_owned());
        let student = of(Some("rosa"), "student".to_owned());
        for number in 0..2_100 {
            of(Some("crowd"), format!("crowd-{number}"));
        }
        assert_eq!([recorder.of(guest).len(), recorder.of(student).len()], [1, 1]);
        for number in 0..2_100 {
            of(None, format!("visitor-{number}"));
        }
        assert_eq!(recorder.of(student).len(), 1, "guests push out guests");
        assert!(recorder.of_user("crowd").len() > 900, "and an equal share is left");
    }
}
