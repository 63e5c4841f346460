//! What a test starts: the app on a free port, with a database that no other test uses.

#![allow(dead_code, unused_imports, reason = "each test binary uses a part of it")]

mod app;
#[path = "../../crates/rocket-express-session/tests/support/browser.rs"]
mod browser;
mod commands;
mod fast_ttl;
pub mod lesson;
#[path = "../../crates/rocket-express-session/tests/support/mongod.rs"]
mod mongod;
#[path = "../../crates/rocket-express-session/tests/support/npm.rs"]
mod npm;
#[path = "../../crates/rocket-express-session/tests/support/profiler.rs"]
mod profiler;
mod program;
mod visitor;

pub use app::{App, figment};
pub use browser::{Answer, Browser};
pub use commands::count_commands;
pub use fast_ttl::{app_with_fast_ttl, app_with_fast_ttl_on};
pub use mongod::{Mongod, fresh_database};
pub use npm::install_packages;
pub use program::{Running, SECRET, cloakroom, launch};
pub use visitor::PASSWORD;
