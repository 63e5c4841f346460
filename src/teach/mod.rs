//! What a class comes for: the X-ray of the learner's own requests, and the lessons.
//!
//! Built on all other rooms; none of them knows of it. One line in `lib.rs` attaches it, when
//! `teaching` is on. Without that line the app is whole, and every address in here is a 404.
//! `xray` shows what `trace` has recorded, `lessons` checks it, `labs` has what may be broken,
//! `progress` keeps how far a learner is, `class` is the teacher's view of all that.

mod text;
mod xray;
mod progress;
mod labs;
mod lessons;
pub mod class;
mod insert;
mod limits;

pub use labs::COOKIES;

use rocket::fairing::{AdHoc, Fairing};
use rocket::figment::Figment;

use crate::auth::LocalStrategy;
use crate::stores::{Backing, StartError};
use crate::trace;

/// The collections that a class needs beside the site's own.
pub const COLLECTIONS: [&str; 4] =
    [class::COLLECTION, progress::COLLECTION, labs::COLLECTION, labs::ENDED];

/// The recorder, the X-ray, the lessons and their labs, to be attached behind everything that
/// changes an answer.
///
/// # Errors
/// A lesson's texts are garbled, or MongoDB does not answer.
pub async fn stage(
    backing: &Backing,
    strategy: &LocalStrategy,
    figment: &Figment,
) -> Result<impl Fairing + use<>, StartError> {
    let contents = lessons::Contents::read(figment).map_err(StartError::Lesson)?;
    let labs = labs::Labs::beside(backing, strategy).await?;
    let store = progress::ProgressStore::beside(backing);
    let class = class::Class::beside(backing);
    let _ = strategy.cards.set(class::is_on_card(strategy.secrets.clone(), class.clone()));
    Ok(AdHoc::on_ignite("Teaching", |rocket| async {
        rocket
            .attach(progress::carry())
            .attach(trace::stage())
            .attach(insert::stage())
            .attach(class::stage(class))
            .manage(store)
            .manage(labs)
            .manage(contents)
            .mount("/learn", lessons::routes())
            .mount("/lab", labs::routes())
            .register("/learn", rocket::catchers![lessons::closed, limits::enough])
            .register("/lab", rocket::catchers![lessons::closed, limits::enough])
            .mount("/xray", xray::routes())
    }))
}
