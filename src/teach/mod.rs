//! What a class comes for: the X-ray of the learner's own requests, and the lessons.
//!
//! Built on all other rooms; none of them knows of it. One line in `lib.rs` attaches it, when
//! `teaching` is on. Without that line the app is whole, and every address in here is a 404.

mod text;
mod xray;

use rocket::fairing::{AdHoc, Fairing};

use crate::trace;

/// Attaches the recorder, the X-ray and the lessons. Behind everything that changes an answer.
pub fn stage() -> impl Fairing {
    AdHoc::on_ignite("Teaching", |rocket| async {
        rocket.attach(trace::stage()).attach(xray::stage())
    })
}
