//! A visitor who registers, logs in, opens pages, counts and logs out until the end, on any of the instances.
//! All requests and their results are recorded.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use reqwest::Method;
use rocket::futures::future::join_all;
use rocket::tokio::time::sleep;

use crate::history::{Kind, Op, Outcome};
use crate::support::{Answer, Browser, PASSWORD};

/// The number of logins with one account before the next account is made.
const LOGINS: u32 = 12;

/// When a visitor stops.
pub struct End {
    pub at: Instant,
    /// The visitor stops earlier when this is set.
    pub closed: Arc<AtomicBool>,
}

impl End {
    fn is_reached(&self) -> bool {
        Instant::now() >= self.at || self.closed.load(Ordering::Relaxed)
    }
}

/// One visitor.
pub struct Client {
    number: usize,
    /// The browser at each instance. All have the same cookies.
    browsers: Vec<Browser>,
    random: StdRng,
    /// The start of the test.
    origin: Instant,
    end: End,
    accounts: u32,
    logins: u32,
    pub ops: Vec<Op>,
}

impl Client {
    pub fn new(number: usize, seed: u64, urls: &[String], origin: Instant, end: End) -> Self {
        Self {
            number,
            browsers: urls.iter().map(|url| Browser::new(url)).collect(),
            random: StdRng::seed_from_u64(seed ^ (number as u64 + 1)),
            origin,
            end,
            accounts: 0,
            logins: 0,
            ops: vec![],
        }
    }

    /// Runs until the end. Returns all requests.
    pub async fn live(mut self) -> Vec<Op> {
        while !self.end.is_reached() {
            self.accounts += 1;
            if self.register().await {
                for _ in 0..LOGINS {
                    if !self.end.is_reached() && self.log_in().await {
                        self.be_logged_in().await;
                    }
                }
            }
        }
        self.ops
    }

    fn name(&self) -> String {
        format!("client-{}-{}", self.number, self.accounts)
    }

    /// Registers on all instances at once: one of them succeeds. False when that is unknown.
    async fn register(&mut self) -> bool {
        self.browsers.iter_mut().for_each(|browser| browser.jar.clear());
        self.logins = 0;
        let all: Vec<usize> = (0..self.browsers.len()).collect();
        self.at_once(Kind::Register, &all).await.iter().any(|op| op.outcome == Outcome::Done(0))
    }

    async fn log_in(&mut self) -> bool {
        self.logins += 1;
        loop {
            match self.ask(Kind::Login).await {
                Outcome::Done(_) => return true,
                Outcome::Unavailable | Outcome::Lost if !self.end.is_reached() => {
                    sleep(Duration::from_millis(100)).await;
                    // The login may have been done in part, so what follows counts as another login.
                    self.logins += 1;
                }
                _ => return false,
            }
        }
    }

    async fn be_logged_in(&mut self) {
        let mut is_leaving = false;
        while !self.end.is_reached() {
            let pause = self.random.random_range(1..40);
            sleep(Duration::from_millis(pause)).await;
            let outcome = match self.random.random_range(0..100) {
                0..10 => {
                    is_leaving = true;
                    self.ask(Kind::Logout).await
                }
                10..25 => self.ask(Kind::Count).await,
                25..30 => {
                    let tabs: Vec<usize> = (0..4).map(|_| self.any()).collect();
                    self.at_once(Kind::Count, &tabs).await;
                    continue;
                }
                30..40 => self.ask(Kind::Public).await,
                _ => self.ask(Kind::Visit).await,
            };
            let has_left = is_leaving && self.ops.last().is_some_and(|op| op.kind == Kind::Logout);
            if has_left && outcome == Outcome::Done(0) {
                return self.haunt().await;
            }
            if outcome == Outcome::Anonymous {
                return;
            }
        }
    }

    /// Visits with the cookie of a session that has ended.
    async fn haunt(&mut self) {
        for _ in 0..2 {
            self.ask(Kind::Visit).await;
        }
    }

    fn any(&mut self) -> usize {
        self.random.random_range(0..self.browsers.len())
    }

    /// Sends one request to any instance.
    async fn ask(&mut self, kind: Kind) -> Outcome {
        let instance = self.any();
        let jar = self.browsers[instance].jar.clone();
        let (name, address) = (self.name(), self.address());
        let browser = &mut self.browsers[instance];
        let op = one(browser, instance, kind, name, self.logins, &address, self.origin).await;
        // The cookie is kept after a logout, to visit with it later.
        let jar = if kind == Kind::Logout { jar } else { self.browsers[instance].jar.clone() };
        self.browsers.iter_mut().for_each(|browser| browser.jar.clone_from(&jar));
        self.ops.push(op.clone());
        op.outcome
    }

    /// Sends the request from several tabs at once.
    async fn at_once(&mut self, kind: Kind, instances: &[usize]) -> Vec<Op> {
        let (name, address) = (self.name(), self.address());
        let (logins, origin) = (self.logins, self.origin);
        let tab = async |instance: &usize| {
            let mut tab = self.browsers[*instance].copy();
            one(&mut tab, *instance, kind, name.clone(), logins, &address, origin).await
        };
        let ops = join_all(instances.iter().map(tab)).await;
        self.ops.extend(ops.clone());
        ops
    }

    /// A new address for each account, because attempts that an outage leaves counted would add up.
    fn address(&self) -> String {
        format!("10.{}.{}.{}", self.number, self.accounts / 250, self.accounts % 250)
    }
}

async fn one(
    browser: &mut Browser,
    instance: usize,
    kind: Kind,
    name: String,
    login: u32,
    address: &str,
    origin: Instant,
) -> Op {
    let fields = [("username", name.as_str()), ("password", PASSWORD)];
    let request = match kind {
        Kind::Register => browser.request(Method::POST, "/register").form(&fields),
        Kind::Login => browser.request(Method::POST, "/login").form(&fields),
        Kind::Visit => browser.request(Method::GET, "/dashboard"),
        Kind::Count => browser.request(Method::POST, "/coat/count").form(&[("", "")]),
        Kind::Logout => browser.request(Method::POST, "/logout").form(&[("", "")]),
        Kind::Public => browser.request(Method::GET, "/static/css/base.css"),
    };
    let request = request.header("X-Forwarded-For", address).timeout(Duration::from_secs(20));
    let begun = origin.elapsed();
    let answer = browser.try_send(request).await;
    let ended = origin.elapsed();
    let outcome = answer.map_or(Outcome::Lost, |answer| outcome(kind, &answer));
    Op { name, login, kind, instance, begun, ended, outcome }
}

fn outcome(kind: Kind, answer: &Answer) -> Outcome {
    let location = answer.header("location").unwrap_or_default();
    match (kind, answer.status) {
        (_, 503) => Outcome::Unavailable,
        (Kind::Register | Kind::Login, 422) => Outcome::Refused,
        (Kind::Register | Kind::Logout, 303) if location == "/login" => Outcome::Done(0),
        (Kind::Login, 303) if location == "/dashboard" => Outcome::Done(0),
        (Kind::Count, 303) if location == "/dashboard#coat" => Outcome::Done(0),
        (Kind::Visit | Kind::Count, 303) if location.starts_with("/login") => Outcome::Anonymous,
        (Kind::Public, 200) => Outcome::Done(0),
        (Kind::Visit, 200) => Outcome::Done(counted(&answer.body)),
        (_, status) => Outcome::Odd(status),
    }
}

/// The counter on the dashboard, or 0 without one.
fn counted(page: &str) -> u64 {
    let Some((_, rest)) = page.split_once("&quot;viewCount&quot;: ") else { return 0 };
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().expect("a number")
}
