//! The request's notebook: what happened on the way of one request, in its order.
//!
//! The rooms above note a fact in passing ([`note`]) and know nothing of who reads it; the MongoDB
//! driver reports each command it sends (`command.rs`). What is noted has no secret in it: it is
//! redacted and cut here, when it is captured. Without `teaching` no notebook is ever opened, and a note
//! costs one look at a counter. `teach/xray` shows what was recorded.

mod bounds;
mod step;
mod notebook;
mod command;
mod redact;
mod exchange;
mod recorder;
mod fairing;

pub use command::listener;
pub use exchange::{Cookie, Exchange, Noted};
pub use fairing::{Recorded, arrivals, stage};
pub use notebook::{blur, follow, note, own, own_as};
pub use recorder::{Owner, Recorder};
pub use redact::{Redacted, start};
pub use step::{Command, Reply, Seal, Step, Write};
