//! The app over HTTP, page by page, on a real MongoDB and in memory.

#[path = "../support/mod.rs"]
mod support;

mod register;
mod login;
mod logout;
mod dashboard;
mod admin;
mod errors;
mod headers;
mod csrf;
mod commands;
mod documents;
mod start;
mod migrations;
