//! The session engine by itself: its stores, and what it does over HTTP in an app of six lines.

#[path = "../support/mod.rs"]
mod support;

mod life;
mod properties;
mod save;
mod secure;
mod store;
mod table;
