//! The teaching mode: the X-ray of a learner's own requests, the lessons with their labs, and the class.
//!
//! It is built on all other folders, and none of them uses it. `lib.rs` attaches it when `teaching` is on.
//! Without it, the app is complete, and each address in here is a 404.
//!
//! In here as well, each module uses only those above it: `lessons` check what `trace` has recorded, `labs`
//! are sessions to break, and `class` is the teacher's view of all.

mod text;
mod limits;
mod xray;
mod progress;
mod class_data;
mod settings;
mod lessons;
mod labs;
mod concept_test;
pub mod class;
mod insert;

use rocket::fairing::{AdHoc, Fairing};
use rocket::figment::Figment;
use rocket::{catchers, routes};

use crate::auth::LocalStrategy;
use crate::stores::{Backend, OpenError};
use crate::trace;

/// Why the teaching mode does not start.
#[derive(Debug, thiserror::Error)]
pub enum StageError {
    /// A text of a lesson or of the X-ray cannot be read.
    #[error("a lesson cannot be read: {0}. Correct that file, or template_dir in Rocket.toml")]
    Texts(String),
    /// The sessions of the labs cannot be opened.
    #[error(transparent)]
    Stores(#[from] OpenError),
}

/// The recorder, the X-ray, the lessons, the labs and the class. To be attached behind everything that
/// changes a response.
///
/// # Errors
/// The texts of a lesson or of the X-ray are malformed, or MongoDB does not answer.
pub async fn stage(
    backing: &Backend,
    strategy: &LocalStrategy,
    figment: &Figment,
) -> Result<impl Fairing + use<>, StageError> {
    let texts = lessons::LessonTexts::read(figment).map_err(StageError::Texts)?;
    let sentences = xray::Sentences::read(figment).map_err(StageError::Texts)?;
    let test = concept_test::ConceptTest::read(figment).map_err(StageError::Texts)?;
    let labs = labs::Labs::open(backing, strategy).await.map_err(OpenError::from)?;
    let store = progress::ProgressStore::new(backing);
    let settings = settings::ClassSettings::new(backing);
    let _ = strategy.cards.set(class::card_of(strategy.secrets.clone(), settings.clone()));
    let _ = strategy.on_delete.set(store.follow_deletions());
    Ok(AdHoc::on_ignite("Teaching", |rocket| async {
        rocket
            .manage(trace::Recorder::default())
            .attach(labs::stage())
            .attach(trace::stage())
            .attach(insert::stage())
            .attach(class::stage())
            .manage(store)
            .manage(settings)
            .manage(labs)
            .manage(labs::OPEN)
            .manage(texts)
            .manage(sentences)
            .manage(test)
            .manage(lessons::BarsCache::default())
            .mount("/learn", lessons::routes())
            .mount("/learn", routes![concept_test::show, concept_test::hand_in])
            .mount("/login", routes![lessons::behind_the_login::log_in])
            .mount("/lab", labs::routes())
            .register("/learn", catchers![lessons::closed, limits::enough])
            .register("/lab", catchers![lessons::closed, limits::enough])
            .mount("/xray", routes![xray::pages::list, xray::pages::one, xray::pages::code])
    }))
}
