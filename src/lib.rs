//! Cloakroom: a cloakroom gives you a ticket and keeps your coat. The cookie is the ticket, the
//! session is the coat.
//!
//! The map, in reading order. A request for a page goes down this list and comes back up:
//!
//! - [`config`] settings, checked once; [`stores`] opens MongoDB ([`db`], [`migrate`]) or memory
//! - [`in_flight`] the requests on their way: how long each may wait, and what happened
//! - [`system`] what the operating system must allow
//! - [`logging`] and [`audit`] what is written down, and what never is
//! - [`proxy`] did the browser come over https, and from where?
//! - [`trace`] a request's notebook, for those who teach
//! - [`rocket_express_session`] cookie -> signature -> stored session: a crate of its own, in `crates/`
//! - [`auth`] session -> user: passport-local for Rocket
//! - [`web`] the pages
//! - [`teach`] lessons, X-ray and class, attached last and only with `teaching`: without it the app is
//!   whole
//!
//! `web` uses `auth` and the sessions, `auth` uses the sessions, and never the other way around.

pub mod config;
pub mod stores;
pub mod db;
pub mod in_flight;
pub mod migrate;
pub mod system;
pub mod logging;
pub mod audit;
pub mod proxy;
pub mod trace;
pub mod auth;
pub mod web;
pub mod teach;

use std::sync::OnceLock;

use rocket::figment::Figment;
use rocket::{Build, Rocket};
use rocket_express_session::{Options, Sessions};

use auth::throttle::Throttle;
use auth::{Hasher, LocalStrategy, Queue};
use config::{Config, ConfigError};
use stores::{Backing, IfAway, StartError, Stores};

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
    let sessions = sessions(config.session.options, &stores, config.teaching)?;
    let static_dir = config.static_dir.relative();

    let proxies = config.trusted_proxies;

    // In the order in which a request, and then its answer, meets them.
    let rocket = rocket::custom(figment)
        .manage(proxies)
        .attach(audit::arrivals())
        .attach(web::refused::too_large_heads())
        .attach(in_flight::arrivals());
    let rocket = if teaching.is_some() { rocket.attach(trace::arrivals()) } else { rocket };
    let rocket = rocket
        .attach(web::refused::cross_site_requests())
        .attach(sessions)
        .attach(auth::stage(strategy))
        .attach(web::stage(stores.backing, teaching.is_some(), &static_dir)?)
        .attach(web::headers::stage())
        .attach(audit::stage());
    let rocket = match teaching {
        Some(teaching) => rocket.attach(teaching),
        None => rocket,
    };
    Ok(rocket.attach(in_flight::stage()))
}

/// The session engine, by the settings. Where lessons are given, the notebook hears what it does.
fn sessions(options: Options, stores: &Stores, teaching: bool) -> Result<Sessions, StartError> {
    let builder = Sessions::builder_with(stores.sessions.clone())
        .options(options)
        .https(proxy::is_https)
        .deadline(in_flight::deadline)
        .unavailable_page(web::error::unavailable);
    let builder = match stores.backing {
        _ if !teaching => builder,
        Backing::Mongodb { .. } => builder.observe(trace::observe),
        Backing::Memory => builder.observe(|event| {
            trace::observe_memory(event);
            trace::observe(event);
        }),
    };
    builder.build().map_err(|error| StartError::Config(ConfigError::Wrong(error.to_string())))
}

/// Who may come in, by the settings.
fn strategy(config: &Config, stores: &Stores) -> Result<LocalStrategy, StartError> {
    let secrets = config.session.options.secret.clone();
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
