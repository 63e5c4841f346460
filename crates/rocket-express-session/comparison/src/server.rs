//! What the four servers have in common: their routes, and the point where a handler waits.
//!
//! | Route | Handler |
//! | --- | --- |
//! | `POST /log-in` | logs a user in, as the README of the crate does: sets `user` |
//! | `POST /change/<key>` | loads the session, waits at the [`Pause`], then sets the key |
//! | `POST /log-out` | ends the session |
//! | `GET /` | lists those of [`KEYS`] that the session has, with a comma between them |

use std::net::SocketAddr;
use std::sync::Arc;

use rocket::config::{Config, SecretKey, Shutdown};
use rocket::fairing::AdHoc;
use rocket::{Build, Rocket};
use tokio::sync::{Semaphore, oneshot};

/// What stops the program: a response that no question expects.
pub type Error = Box<dyn std::error::Error + Send + Sync>;

/// Everything that a session may hold here.
pub const KEYS: [&str; 3] = ["user", "a", "b"];

/// A server that runs, with one of the crates.
pub struct Server {
    pub name: &'static str,
    pub address: SocketAddr,
    pub pause: Arc<Pause>,
    /// A `Cookie` header with a session ID in the form of this crate's, which the server never made. It
    /// differs in each round, because a crate that adopts an ID knows it from then on.
    pub made_up: fn(u32) -> String,
    /// What a reader of the table has to know about this crate.
    pub note: &'static str,
}

/// A point in a handler where it waits, so that the order of two requests is certain.
pub struct Pause {
    reached: Semaphore,
    resumed: Semaphore,
}

impl Pause {
    pub fn new() -> Arc<Self> {
        Arc::new(Self { reached: Semaphore::new(0), resumed: Semaphore::new(0) })
    }

    /// For the handler: waits until it is resumed.
    pub async fn wait(&self) {
        self.reached.add_permits(1);
        self.resumed.acquire().await.expect("no semaphore is closed").forget();
    }

    /// Waits until so many handlers wait.
    pub async fn reached_by(&self, handlers: u32) {
        self.reached.acquire_many(handlers).await.expect("no semaphore is closed").forget();
    }

    /// Resumes so many handlers.
    pub fn resume(&self, handlers: usize) {
        self.resumed.add_permits(handlers);
    }
}

/// The keys that the session has, as `GET /` lists them.
pub fn list(has: impl Fn(&str) -> bool) -> String {
    KEYS.into_iter().filter(|key| has(key)).collect::<Vec<_>>().join(",")
}

/// A Rocket that reads no Rocket.toml, with a key for private cookies.
pub fn rocket(pause: &Arc<Pause>) -> Result<Rocket<Build>, Error> {
    let config = Config {
        port: 0,
        secret_key: SecretKey::generate().ok_or("no random key")?,
        // Otherwise Ctrl-C would end the servers and not the program.
        shutdown: Shutdown { ctrlc: false, ..Shutdown::default() },
        ..Config::debug_default()
    };
    Ok(rocket::custom(config).manage(pause.clone()))
}

/// Starts a Rocket, and returns its address once it accepts requests.
pub async fn launch(rocket: Rocket<Build>) -> Result<SocketAddr, Error> {
    let (sender, address) = oneshot::channel();
    let tell_address = AdHoc::on_liftoff("Address", |rocket| {
        Box::pin(async move {
            let config = rocket.config();
            let _ = sender.send(SocketAddr::new(config.address, config.port));
        })
    });
    tokio::spawn(rocket.attach(tell_address).launch());
    Ok(address.await?)
}
