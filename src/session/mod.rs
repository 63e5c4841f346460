//! express-session for Rocket: the cookie is the ticket, the document is the coat.
//!
//! In reading order: the ticket (`sid`, `signature`, `cookie`), the coat (`content`, `record`, `javascript`,
//! `changes`), the settings (`options`), where the coats hang (`store`), what a handler holds (`state`,
//! `handle`, `others`, `everybody`), the way in (`engine`, `guard`), the way out (`fairing`, `plan`, `expiry`,
//! `deliver`, `commit`). This room knows no users and no pages. `auth/` is built on it.

mod sid;
pub mod signature;
pub mod cookie;
mod javascript;
mod record;
mod content;
pub mod changes;
mod timestamp;
mod options;
pub mod store;
mod state;
mod handle;
mod others;
mod everybody;
mod engine;
mod guard;
mod fairing;
mod plan;
mod expiry;
mod deliver;
mod commit;

pub use content::{Content, LOGIN_KEY};
pub use engine::Engine;
pub use everybody::Attended;
pub use fairing::OnUnavailable;
pub use guard::{begin, cookies_called, has_host_prefix, presented_id, resume, resume_with};
pub use handle::{Fresh, Gone, Session, SetError};
pub use options::{DEVELOPMENT_SECRET, Options, StoreKind};
pub use others::{Login, MOST_LISTED, Span};
pub use record::CookieRecord;
pub use sid::Sid;
pub use store::{Ending, Shown};
pub use timestamp::Timestamp;

use std::sync::Arc;

use rocket::fairing::Fairing;

/// Attaches the engine: routes may take `&Session`, and each answer commits it.
///
/// `on_unavailable` makes the answer that goes out when a session could not be stored.
pub fn stage(engine: Arc<Engine>, on_unavailable: OnUnavailable) -> impl Fairing {
    fairing::SessionFairing { engine, on_unavailable }
}
