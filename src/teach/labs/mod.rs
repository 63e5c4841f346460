//! The labs: sessions that learners may break.
//!
//! They have a cookie of their own (`lab.sid`, for `/lab` only), a collection of their own, and accounts that
//! are not real. So no switch of a lab ever weakens the login of the site. `pages` has the routes, `actions`
//! the buttons, and `request` what both work with. Most other files are for one lesson each.

mod sessions;
mod servers;
mod cookies;
mod request;
mod forge;
mod fixation;
mod jwt;
mod token;
mod network;
mod clocks;
mod options;
mod guest_book;
mod other_site;
mod actions;
mod pages;

pub(super) use other_site::{OPEN, stage};
pub(super) use sessions::Labs;

use rocket::{Route, routes};

use crate::trace::{self, Step};

pub(super) fn routes() -> Vec<Route> {
    routes![pages::show, pages::press, other_site::other, other_site::got, other_site::posted]
}

/// Notes a fact for the checks of a lesson.
fn note(slug: &'static str, fact: &str, number: i64) {
    trace::note(|| Step::Lab { lesson: slug, fact: fact.to_owned(), number });
}

/// The path of the lab's cookies.
const PATH: &str = "/lab";
