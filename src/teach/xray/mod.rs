//! The X-ray: what really happened between browser, app and MongoDB, as a list one can read.
//!
//! `trace/` has recorded it; `rows` puts it in order, `words` into words, in three dialects. It is
//! shown beside each page (`insert`), and at `/xray`.

mod rows;
mod ends;
mod words;
mod commands;
mod tickets;
mod changed;
mod insert;
mod pages;

pub use rows::{View, compared};

use rocket::fairing::{AdHoc, Fairing};

/// Attaches the X-ray of each page and the pages of it.
pub fn stage() -> impl Fairing {
    AdHoc::on_ignite("X-ray", |rocket| async {
        rocket.attach(insert::stage()).mount("/xray", pages::routes())
    })
}
