//! The X-ray: what really happened between browser, app and MongoDB, as a list one can read.
//!
//! `trace/` has recorded it; `rows` puts it in order, `words` into words, in three dialects. It is
//! shown beside each page (`teach/insert.rs`), and at `/xray`.

mod rows;
mod ends;
mod words;
mod commands;
mod tickets;
mod changed;
mod pages;

pub use pages::routes;
pub use rows::{View, compared, rows};

use rocket::Request;
use rocket_dyn_templates::{Template, context};

use crate::trace::{Recorded, Recorder};

/// What stands beside the page that this request was answered with. `None` for a page that is not
/// recorded, such as that of the X-ray itself.
pub fn aside(request: &Request<'_>) -> Option<String> {
    let exchange = Recorded::of(request)?;
    let recorder: &Recorder = request.rocket().state()?;
    let story = pages::story(&recorder.chain(exchange));
    Template::show(request.rocket(), "teach/xray_aside", context! { story })
}
