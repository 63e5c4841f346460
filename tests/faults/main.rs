//! What holds when things break: MongoDB killed, frozen, stepped down; the program killed; several
//! instances at once. The rows of the table in `docs/reliability.md`.
//!
//! Each test starts servers of its own and measures times, so they take turns ([`alone`]).

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
mod chaos;

use rocket::tokio::sync::{Mutex, MutexGuard};

/// Held for as long as a test runs.
pub async fn alone() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::const_new(());
    TURN.lock().await
}
