//! The session engine by itself: its stores, and what it does over HTTP in an app of six lines.

#![cfg(all(feature = "memory", feature = "mongodb"))]

#[path = "../support/mod.rs"]
mod support;

mod cost;
mod errors;
mod faulty;
mod handlers;
mod life;
mod local;
mod logins;
mod merge;
mod model;
mod observed;
mod outage;
mod properties;
mod random;
mod save;
mod secure;
mod shared_reads;
mod steps;
mod table;
mod take;
mod watched;
