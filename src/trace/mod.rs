//! The request's notebook: what happened on the way of one request, in its order.
//!
//! Callers note a fact with [`note`], and know nothing of who reads it. The sessions report events
//! (`session.rs`), and the MongoDB driver reports each command that it sends (`command.rs`). Each note is
//! redacted and cut when it is made, so no note has a secret in it. Without `teaching` no notebook is ever
//! opened, and a note costs one look at a counter. `teach/xray` shows what was recorded.

mod bounds;
mod step;
mod notebook;
mod command;
mod redact;
mod exchange;
mod recorder;
mod fairing;
mod session;

pub use crate::in_flight::{blur, follow, note, own, own_as};
pub use bounds::Steps;
pub use command::listener;
pub use exchange::{Cookie, Exchange, Noted};
pub use fairing::{Recorded, arrivals, stage};
pub use notebook::Notebook;
pub use recorder::{Owner, Recorder};
pub use redact::{Redacted, start};
pub use session::{observe, observe_lab, observe_memory};
pub use step::{Command, Reply, Seal, Step, Write};
