//! Cloakroom: a web app that shows how a login works. Its name is a picture: a cloakroom gives you a ticket,
//! the cookie, and keeps your coat, the session.
//!
//! The modules, in reading order:
//!
//! - [`config`] reads and checks the settings; [`stores`] opens MongoDB ([`db`], [`migrate`]) or memory
//! - [`names`] lists the collections and cookies of this program
//! - [`system`] raises limits of the operating system
//! - [`logging`] and [`audit`] write the log, [`once_per_minute`] limits warnings
//! - [`meters`] counts what an operator measures
//! - [`proxy`] finds the client's address, and whether the browser used https
//! - [`data_folder`] has the files that this program writes, [`embedded`] those that the binary carries
//! - [`network`] finds the addresses of this machine, where a class reaches the server
//! - [`in_flight`] has a record of each request in flight: its IDs and its deadline
//! - [`trace`] records the steps of each request, with the setting `teaching`
//! - [`rocket_express_session`] turns a cookie into a stored session: a crate of its own, in `crates/`
//! - [`auth`] turns a session into a user: passport-local for Rocket
//! - [`web`] has the pages
//! - [`teach`] has lessons, X-ray and class, attached last and only with the setting `teaching`
//!
//! `web` uses `auth` and the sessions, and `auth` uses the sessions. No dependency goes the other way.

#![warn(unreachable_pub)]

pub mod config;
pub mod stores;
pub mod db;
pub mod migrate;
pub mod names;
pub mod system;
pub mod logging;
pub mod audit;
pub mod once_per_minute;
pub mod meters;
pub mod proxy;
pub mod network;
pub mod data_folder;
pub mod embedded;
pub mod in_flight;
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
use stores::{Backend, OnUnreachable, OpenError, Stores};

/// A reason why the program does not start. Its message is one line.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "each variant's message says what it is")]
pub enum StartError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Stores(#[from] OpenError),
    #[error("the password threads cannot start: {0}")]
    Threads(db::Unavailable),
    #[error(transparent)]
    StaticFiles(#[from] web::NoStaticFiles),
    #[error(transparent)]
    Teaching(#[from] teach::StageError),
    #[error(transparent)]
    NotUnpacked(#[from] embedded::NotUnpacked),
}

/// Builds the program: checks the settings, opens the stores and applies the migrations.
///
/// # Errors
/// [`StartError`], whose message says what to do.
pub async fn rocket(figment: Figment) -> Result<Rocket<Build>, StartError> {
    let may_lose_data = figment.profile() == rocket::Config::DEBUG_PROFILE;
    build(figment, may_lose_data).await
}

/// Builds the program for a class: without a database, it serves from memory in any profile.
///
/// # Errors
/// [`StartError`], whose message says what to do.
pub async fn rocket_for_class(figment: Figment) -> Result<Rocket<Build>, StartError> {
    build(figment, true).await
}

async fn build(figment: Figment, may_lose_data: bool) -> Result<Rocket<Build>, StartError> {
    let figment = embedded::unpacked(figment)?;
    let config = Config::from(&figment)?;
    let stores = stores::open(&config, OnUnreachable::serving(&config, may_lose_data)).await?;
    let strategy = strategy(&config, &stores)?;
    let teaching = match config.teaching {
        true => Some(teach::stage(&stores.backing, &strategy, &figment).await?),
        false => None,
    };
    let sessions = sessions(config.session.options, &stores, config.teaching)?;
    let static_dir = config.static_dir.relative();

    let proxies = config.trusted_proxies;

    // Rocket runs the fairings in this order, for requests and for responses.
    let rocket = rocket::custom(figment)
        .manage(proxies)
        .attach(in_flight::arrivals())
        .attach(trace::openings())
        .attach(web::protection::too_large_heads())
        .attach(web::protection::cross_site_requests())
        .attach(web::canonical::addresses())
        .attach(sessions)
        .attach(auth::stage(strategy))
        .attach(web::stage(stores.backing, teaching.is_some(), &config.site, &static_dir)?)
        .attach(web::protection::headers());
    let rocket = match teaching {
        Some(teaching) => rocket.attach(teaching),
        None => rocket,
    };
    Ok(rocket.attach(in_flight::departures()))
}

/// Builds the session engine from the settings. With `teaching`, the engine reports its events to the
/// notebook.
///
/// # Errors
/// The options contradict each other.
pub fn sessions(options: Options, stores: &Stores, teaching: bool) -> Result<Sessions, StartError> {
    let builder = Sessions::builder_with(stores.sessions.clone())
        .options(options)
        // A login with "Keep me logged in" lasts as long as its session.
        .renew_cookie(true)
        .https(proxy::is_https)
        .address(proxy::short_client_address)
        .deadline(in_flight::deadline)
        .unavailable_page(web::error::unavailable);
    let builder = match stores.backing {
        _ if !teaching => builder,
        Backend::Mongodb { .. } => builder.observe(trace::observe),
        Backend::Memory => builder.observe(|event| {
            trace::observe_memory(event);
            trace::observe(event);
        }),
    };
    builder.build().map_err(|error| StartError::Config(ConfigError::Wrong(error.to_string())))
}

/// Builds the login strategy from the settings.
///
/// # Errors
/// The threads that hash passwords cannot start.
pub fn strategy(config: &Config, stores: &Stores) -> Result<LocalStrategy, StartError> {
    let secrets = config.session.options.secret.clone();
    Ok(LocalStrategy {
        users: stores.users.clone(),
        queue: Queue::default(),
        hasher: Hasher::start().map_err(StartError::Threads)?,
        throttle: Throttle::new(stores.counters.clone(), secrets.clone()),
        cards: OnceLock::new(),
        on_delete: OnceLock::new(),
        usernames: config.username.clone(),
        policy: config.password.clone(),
        remember_for: config.session.remembered(),
        secrets,
    })
}
