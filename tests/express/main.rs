//! Beside the real express-session, connect-mongo and passport, on the same database.

#[path = "../support/mod.rs"]
mod support;

#[allow(dead_code, reason = "the tests of the engine use the same file, and other parts of it")]
#[path = "../../crates/rocket-express-session/tests/express/peer.rs"]
mod peer;

mod accounts;
#[cfg(unix)]
mod homework;
mod logins;
mod stores;
