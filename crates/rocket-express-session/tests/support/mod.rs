//! What a test starts: a lab on a free port, with a database that no other test uses.

#![allow(dead_code, unused_imports, reason = "each test binary uses a part of it")]

mod browser;
mod lab;
mod log;
mod mongod;
mod npm;
mod profiler;

pub use browser::{Answer, Browser};
pub use lab::{Lab, SECRET, builder, builder_with, client, rocket, says_https, serve};
pub use log::logged;
pub use mongod::{Mongod, fresh_database};
pub use npm::install_packages;
pub use profiler::commands_of;
