//! Against the real thing: express-session, connect-mongo and passport on the same database.

#[path = "../support/mod.rs"]
mod support;

mod peer;

mod cookies;
mod accounts;
mod differential;
mod logins;
mod signatures;
mod stores;
