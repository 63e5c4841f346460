//! What a failed operation means: MongoDB is away, or it answers and refuses.

use std::fmt::Display;
use std::sync::Arc;

use mongodb::error::{Error, ErrorKind, WriteFailure};

/// The store does not answer, or cannot do what was asked. The outcome is unknown.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{cause}")]
pub struct Unavailable {
    cause: Arc<str>,
    is_refusal: bool,
}

impl Unavailable {
    /// What the driver says, without the state of the whole cluster that it likes to add.
    pub(super) fn driver(error: &Error) -> Self {
        let text = error.kind.to_string();
        let cause = text.split(" Topology:").next().unwrap_or_default();
        Self { is_refusal: is_refusal(error), ..Self::new(cause) }
    }

    /// True when the server answered, and would give the same answer again: to wait is no use.
    pub fn is_refusal(&self) -> bool {
        self.is_refusal
    }

    /// What did not come in time.
    pub(super) fn late() -> Self {
        Self::new("no answer in time")
    }

    /// The cause, for the log; it is never shown on a page.
    pub fn new(cause: impl Display) -> Self {
        Self { cause: cause.to_string().into(), is_refusal: false }
    }
}

/// A wrong password, a missing right, a command that the server cannot carry out. What a server says
/// while it stops, starts or elects a primary is none: these are the codes that drivers retry.
fn is_refusal(error: &Error) -> bool {
    const PASSING: [i32; 18] = [
        6, 7, 50, 64, 89, 91, 134, 189, 262, 9001, 10107, 11600, 11602, 11981, 13435, 13436, 13475,
        50_915,
    ];
    match &*error.kind {
        ErrorKind::Command(error) => !PASSING.contains(&error.code),
        ErrorKind::Write(WriteFailure::WriteError(error)) => !PASSING.contains(&error.code),
        ErrorKind::Authentication { .. }
        | ErrorKind::InvalidArgument { .. }
        | ErrorKind::InvalidTlsConfig { .. }
        | ErrorKind::IncompatibleServer { .. } => true,
        _ => false,
    }
}

/// True when a unique index refused a write.
pub fn is_duplicate_key(error: &Error) -> bool {
    const DUPLICATE_KEY: i32 = 11000;
    match &*error.kind {
        ErrorKind::Write(WriteFailure::WriteError(error)) => error.code == DUPLICATE_KEY,
        ErrorKind::Command(error) => error.code == DUPLICATE_KEY,
        _ => false,
    }
}
