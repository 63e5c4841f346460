//! Beside the real express-session, connect-mongo and passport, on the same database.

#[path = "../support/mod.rs"]
mod support;

#[allow(dead_code, reason = "the app's tests use the same file, and other parts of it")]
mod peer;

mod cookies;
mod differential;
mod signatures;
