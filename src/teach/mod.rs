//! The teaching mode: the X-ray of a learner's own requests, the lessons with their labs, and the class.
//!
//! It is built on all other folders, and none of them uses it. `lib.rs` attaches it when `teaching` is on.
//! Without it, the app is complete, and each address in here is a 404.
//!
//! In here as well, each module uses only those above it:
//! - `text` of files below the templates, `limits` of what a visitor may store
//! - `xray` shows what `trace` has recorded
//! - `progress` stores how far each learner is, `class_data` lists the class, `settings` are the teacher's
//! - `lessons` check what was recorded, `labs` are sessions to break
//! - `concept_test` is taken before and after the lessons
//! - `class` is the teacher's view of all that
//! - `insert` puts X-ray and line into the pages

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
            .mount("/learn", concept_test::routes())
            .mount("/login", lessons::login_routes())
            .mount("/lab", labs::routes())
            .register("/learn", rocket::catchers![lessons::closed, limits::enough])
            .register("/lab", rocket::catchers![lessons::closed, limits::enough])
            .mount("/xray", xray::routes())
    }))
}
