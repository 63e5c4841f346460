//! The session engine by itself: its stores, and what it does over HTTP in an app of six lines.

#[path = "../support/mod.rs"]
mod support;

mod cost;
mod life;
mod merge;
mod model;
mod properties;
mod random;
mod save;
mod secure;
mod steps;
mod store;
mod table;
mod watched;
