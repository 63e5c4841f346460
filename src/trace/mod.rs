//! The notebook of a request: the steps of the request, in their order.
//!
//! Callers note a step with [`note`], and do not know who reads it. The sessions report events
//! (`session.rs`), and the MongoDB driver reports each command that it sends (`command.rs`). Each step is
//! redacted and cut when it is noted, so no notebook contains a secret. Without `teaching` no notebook is
//! opened, and a note costs one look at a counter. `teach/xray` shows the recorded requests.

mod bounds;
mod step;
pub mod source;
mod notebook;
mod command;
mod redact;
mod exchange;
mod recorder;
mod session;

pub use command::listener;
pub use exchange::{Cookie, Exchange};
pub use notebook::{assign_to, coarsen_times, link_to, note, openings, so_far, stage};
pub use recorder::{BrowserKey, Recorder};
pub use redact::short_id;
pub use rocket_express_session::Write;
pub use session::{observe, observe_lab, observe_memory};
pub use step::{Command, Noted, Reply, Signature, Step};
