//! The X-ray: the steps between browser, app and MongoDB, as a list that one can read.
//!
//! `trace/` has recorded them; `diagram` puts them in order, `sentences` says each in three dialects, `code`
//! has its source. It is shown beside each page (`teach/insert.rs`), and at `/xray`.

mod sentences;
mod session;
mod effects;
mod steps;
mod diagram;
pub(super) mod pages;

pub(super) use diagram::{View, compared};
pub(super) use sentences::Sentences;

use rocket::{Orbit, Rocket};
use rocket_dyn_templates::{Template, context};

use crate::in_flight::own_id;
use crate::trace::Recorder;

/// The X-ray beside the page of this task's response. `None` for a page that is not recorded.
pub(super) fn aside(rocket: &Rocket<Orbit>) -> Option<String> {
    let recorder: &Recorder = rocket.state()?;
    let exchange = recorder.get(&own_id())?;
    let story = pages::story(&recorder.chain(&exchange), rocket.state()?);
    Template::show(rocket, "teach/xray_aside", context! { story })
}
