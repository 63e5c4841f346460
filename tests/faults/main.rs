//! Behaviour while things break: MongoDB is killed, frozen or steps down, the program is killed, several
//! instances run at once. `docs/reliability.md` has a table of these tests.
//!
//! Each test starts servers of its own and measures times, so only one runs at a time ([`alone`]).

// Signals kill, freeze and stop the servers.
#![cfg(unix)]

#[path = "../support/mod.rs"]
mod support;

mod cluster;
mod instance;
mod history;
mod client;
mod world;
mod nginx;

mod one_server;
mod replica_set;
mod program;
mod corrupt;
mod storm;
mod crowd;
mod network;
mod deployment;
mod proxy;
mod limits;
mod log;
mod chaos;

use rocket::tokio::sync::{Mutex, MutexGuard};

/// A lock that each test holds while it runs.
pub async fn alone() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::const_new(());
    TURN.lock().await
}
