//! Beside the real express-session, connect-mongo and passport, on the same database.

#![cfg(all(feature = "memory", feature = "mongodb"))]

#[path = "../support/mod.rs"]
mod support;

#[allow(dead_code, reason = "the app's tests use the same file, and other parts of it")]
mod peer;

mod cookies;
mod differential;
mod signatures;
