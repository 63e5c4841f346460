//! The app over HTTP, page by page, on a real MongoDB and in memory.

#[path = "../support/mod.rs"]
mod support;

mod account;
mod admin;
mod assets;
mod canonical;
mod commands;
mod cookies;
mod counter;
mod csrf;
mod console;
mod dashboard;
mod delivery;
mod documents;
mod errors;
mod foreign;
mod headers;
mod hostile_database;
mod hostile_names;
mod heads;
mod indexes;
mod input;
mod login;
mod logout;
mod logs;
mod methods;
mod migrations;
mod old_accounts;
mod old_hashes;
mod faults;
mod outage;
mod passwords;
mod proxies;
mod raw_cookies;
mod register;
mod remember;
mod sessions;
mod shared_database;
mod shared_reads;
mod settings;
mod start;
mod throttle;
mod networks;
mod together;
mod tutorial;
