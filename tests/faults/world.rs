//! Servers, instances, and visitors who keep them busy while something breaks.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use mongodb::bson::{Document, doc};
use rocket::futures::TryStreamExt as _;
use rocket::tokio::task::JoinHandle;

use crate::client::{Client, End};
use crate::cluster::Cluster;
use crate::history::{Down, Kind, Op, Outcome, violations};
use crate::instance::Instance;

/// The name of the database.
pub const DATABASE: &str = "world";

/// The servers, the instances and the visitors of a test.
pub struct World {
    pub cluster: Cluster,
    pub instances: Vec<Instance>,
    pub origin: Instant,
    pub downs: Vec<Down>,
    clients: Vec<JoinHandle<Vec<Op>>>,
    closed: Arc<AtomicBool>,
}

impl World {
    /// Starts this number of servers and instances, without visitors yet.
    pub async fn start(servers: usize, instances: usize) -> Self {
        let cluster = Cluster::start(servers).await;
        let uri = cluster.uri(DATABASE);
        let mut started = vec![];
        for _ in 0..instances {
            started.push(Instance::start(&uri).await);
        }
        let origin = Instant::now();
        Self {
            cluster,
            instances: started,
            origin,
            downs: vec![],
            clients: vec![],
            closed: Arc::default(),
        }
    }

    /// Lets this number of visitors in, for `time`.
    pub fn let_in(&mut self, visitors: usize, seed: u64, time: Duration) {
        let urls: Vec<String> = self.instances.iter().map(|one| one.url.clone()).collect();
        let until = Instant::now() + time;
        self.clients = (0..visitors)
            .map(|number| {
                let end = End { at: until, closed: self.closed.clone() };
                Client::new(number, seed, &urls, self.origin, end)
            })
            .map(|client| rocket::tokio::spawn(client.live()))
            .collect();
    }

    /// Stops the visitors: none begins another request.
    pub fn close(&self) {
        self.closed.store(true, Ordering::Relaxed);
    }

    /// The time since the start.
    pub fn now(&self) -> Duration {
        self.origin.elapsed()
    }

    /// Kills an instance and starts it again. Returns how long it took to be ready.
    pub async fn kill_instance(&mut self, number: usize) -> Duration {
        let from = self.now();
        self.instances[number].kill();
        self.instances[number].restart();
        let took = self.instances[number].ready().await;
        self.downs.push(Down { instance: number, from, to: self.now() });
        took
    }

    /// Waits for all visitors, checks the rules of `history.rs`, and returns all requests.
    pub async fn ends_well(&mut self) -> Vec<Op> {
        let mut ops = vec![];
        for client in self.clients.drain(..) {
            ops.extend(client.await.expect("a client"));
        }
        ops.sort_by_key(|op| op.begun);
        let mut found = violations(&ops, &self.downs);
        found.extend(self.half_made(&ops).await);
        assert!(found.is_empty(), "{} violations, the first: {:#?}", found.len(), &found[..1]);
        ops
    }

    /// Compares the accounts in the database with the acknowledged ones: each exists once, and is whole.
    async fn half_made(&self, ops: &[Op]) -> Vec<String> {
        let users = self.cluster.database(DATABASE).collection::<Document>("users");
        let users = users.find(doc! {}).await.expect("the users").try_collect::<Vec<_>>();
        let users = users.await.expect("the users");
        let is_whole = |user: &&Document| {
            user.get_str("password").is_ok_and(|hash| hash.starts_with("$argon2id$"))
                && user.get_datetime("created_at").is_ok()
        };
        let halves = users.iter().filter(|user| !is_whole(user));
        let mut found: Vec<String> =
            halves.map(|user| format!("a half-made user: {user}")).collect();
        let mut names = HashSet::new();
        for user in &users {
            let name = user.get_str("username_key").unwrap_or_default();
            if !names.insert(name) {
                found.push(format!("two accounts: {name}"));
            }
        }
        let made =
            ops.iter().filter(|op| op.kind == Kind::Register && op.outcome == Outcome::Done(0));
        let gone = made.filter(|op| !names.contains(op.name.as_str()));
        found.extend(gone.map(|op| format!("an acknowledged account is gone: {op:?}")));
        found
    }
}

/// The number of requests with each outcome and the longest response, for the output of the test.
pub fn summary(ops: &[Op]) -> String {
    let count = |is: fn(&Op) -> bool| ops.iter().filter(|op| is(op)).count();
    let longest = ops.iter().map(Op::took).max().unwrap_or_default();
    format!(
        "{} requests: {} done, {} anonymous, {} refused, {} unavailable, {} lost; the longest {longest:.2?}",
        ops.len(),
        count(|op| matches!(op.outcome, Outcome::Done(_))),
        count(|op| op.outcome == Outcome::Anonymous),
        count(|op| op.outcome == Outcome::Refused),
        count(|op| op.outcome == Outcome::Unavailable),
        count(|op| op.outcome == Outcome::Lost),
    )
}
