//! The labs: sessions that learners may break.
//!
//! They have a cookie of their own (`lab.sid`, for `/lab` only), a collection of their own, and accounts that
//! are not real. So no switch of a lab ever weakens the login of the site. The state of a learner's labs is
//! part of the learner's progress. `pages` has the routes, `actions` the buttons, `sessions` the lab's
//! sessions, and `servers` the servers that a learner can restart. `forge`, `fixation`, `network`, `clocks`
//! and `options` are for one lesson each.

mod sessions;
mod servers;
mod cookies;
mod actions;
mod forge;
mod fixation;
mod network;
mod clocks;
mod options;
mod pages;

pub(super) use pages::routes;
pub(super) use sessions::Labs;

use crate::trace::{self, Step};

/// Notes a fact for the checks of a lesson.
fn note(slug: &'static str, fact: &str, number: i64) {
    trace::note(|| Step::Lab { lesson: slug, fact: fact.to_owned(), number });
}

/// The path of the lab's cookies.
const PATH: &str = "/lab";
