//! Cloakroom: a cloakroom gives you a ticket and keeps your coat. The cookie is the ticket, the
//! session is the coat.
//!
//! The map, in reading order. A request for a page goes down this list and comes back up:
//!
//! - [`config`] settings, checked once; [`stores`] opens MongoDB ([`db`], [`migrate`]) or memory
//! - [`deadline`] how long a request may wait, [`slots`] how many of one client may wait at once
//! - [`system`] what the operating system must allow
//! - [`logging`] and [`audit`] what is written down, and what never is
//! - [`proxy`] did the browser come over https, and from where?
//! - [`trace`] a request's notebook, for those who teach
//! - [`session`] cookie -> signature -> document: express-session for Rocket
//! - [`auth`] session -> user: passport-local for Rocket
//! - [`web`] the pages
//! - [`teach`] lessons, X-ray and class, attached last and only with `teaching`: without it the app is
//!   whole
//!
//! `web` uses `auth` and `session`, `auth` uses `session`, and never the other way around.

pub mod config;
pub mod stores;
pub mod db;
pub mod deadline;
pub mod slots;
pub mod migrate;
pub mod system;
pub mod logging;
pub mod audit;
pub mod proxy;
pub mod trace;
pub mod session;
pub mod auth;
pub mod web;
pub mod teach;

use std::sync::OnceLock;

use rocket::figment::Figment;
use rocket::{Build, Rocket};

use auth::throttle::Throttle;
use auth::{Hasher, LocalStrategy, Queue};
use config::Config;
use session::Engine;
use stores::{IfAway, StartError, Stores};

/// The program, ready to launch: settings checked, stores open, migrations applied.
///
/// # Errors
/// [`StartError`]: one line that says what to do.
pub async fn rocket(figment: Figment) -> Result<Rocket<Build>, StartError> {
    let config = Config::from(&figment)?;
    let is_debug = figment.profile() == rocket::Config::DEBUG_PROFILE;
    let stores = stores::open(&config, IfAway::serving(&config, is_debug)).await?;
    let strategy = strategy(&config, &stores)?;
    let teaching = match config.teaching {
        true => Some(teach::stage(&stores.backing, &strategy, &figment).await?),
        false => None,
    };
    let engine = Engine::new(config.session, stores.sessions);
    let static_dir = config.static_dir.relative();

    let proxies = config.trusted_proxies;

    // In the order in which a request, and then its answer, meets them.
    let rocket = rocket::custom(figment)
        .manage(proxies)
        .attach(audit::arrivals())
        .attach(web::head::stage())
        .attach(deadline::arrivals())
        .attach(trace::arrivals(teaching.is_some()))
        .attach(web::csrf::stage())
        .attach(session::stage(engine, web::error::unavailable))
        .attach(auth::stage(strategy))
        .attach(web::stage(stores.backing, teaching.is_some(), &static_dir)?)
        .attach(web::headers::stage())
        .attach(audit::stage());
    let rocket = match teaching {
        Some(teaching) => rocket.attach(teaching),
        None => rocket,
    };
    Ok(rocket.attach(deadline::stage()))
}

/// Who may come in, by the settings.
fn strategy(config: &Config, stores: &Stores) -> Result<LocalStrategy, StartError> {
    let secrets = config.session.secret.clone();
    Ok(LocalStrategy {
        users: stores.users.clone(),
        queue: Queue::default(),
        hasher: Hasher::start().map_err(StartError::Threads)?,
        throttle: Throttle::new(stores.counters.clone(), secrets.clone()),
        cards: OnceLock::new(),
        policy: config.password.clone(),
        secrets,
    })
}
