//! A world of its own for each test: an app on a free port, with a database nobody else has.

#![allow(dead_code, unused_imports, reason = "each test binary uses a part of it")]

mod app;
mod browser;
mod lab;
mod mongod;
mod npm;
mod program;

pub use app::{App, figment};
pub use browser::{Answer, Browser};
pub use lab::Lab;
pub use mongod::{Mongod, count_commands, fresh_database};
pub use npm::install_packages;
pub use program::{Running, SECRET, cloakroom, launch};

/// A password that the rules accept.
pub const PASSWORD: &str = "correct horse battery";
