//! What a failed operation means: MongoDB is away, or it answers and refuses.

use mongodb::error::{Error, ErrorKind, WriteFailure};

use super::indexes::IndexError;
use crate::error::{Kind, Unavailable};

/// The message is what the driver says, without the state of the whole cluster that it likes to add, and
/// without a document that the server quotes.
impl From<Error> for Unavailable {
    fn from(error: Error) -> Self {
        Self::of_kind(kind(&error), describe(&error).trim_end_matches('.'))
    }
}

/// For an index that a request misses: the page that waits for it cannot be made.
impl From<IndexError> for Unavailable {
    fn from(error: IndexError) -> Self {
        match error {
            IndexError::Unavailable(error) => error,
            in_the_way => Self::new(in_the_way),
        }
    }
}

/// In words for the log. Of a write, the server quotes the document, which can be a session with its ID
/// or a password hash: then only the code and the index are told.
fn describe(error: &Error) -> String {
    let told = match &*error.kind {
        ErrorKind::Write(WriteFailure::WriteError(error)) => Some((error.code, &*error.message)),
        ErrorKind::Command(error) if QUOTING.contains(&error.code) => {
            Some((error.code, &*error.message))
        }
        ErrorKind::Write(WriteFailure::WriteConcernError(error)) => Some((error.code, "")),
        _ => None,
    };
    let Some((code, message)) = told else {
        let text = error.kind.to_string();
        return text.split(" Topology:").next().unwrap_or_default().to_owned();
    };
    let index = message.split_once("index: ").and_then(|(_, rest)| rest.split(' ').next());
    match (code, index) {
        (DUPLICATE_KEY, Some(index)) => format!("the unique index {index} rejects the document"),
        (VALIDATION_FAILED, _) => "the validator of the collection rejects the document".to_owned(),
        _ => format!("the write failed with code {code}"),
    }
}

const DUPLICATE_KEY: i32 = 11000;
const VALIDATION_FAILED: i32 = 121;

/// Commands that fail with these codes quote a document: also one that is too large, or whose key is.
const QUOTING: [i32; 6] = [DUPLICATE_KEY, VALIDATION_FAILED, 10_334, 17_280, 17_419, 17_420];

/// How an operation failed. The codes in `PASSING` are no refusal: a server sends them while it stops, starts
/// or elects a primary, and drivers retry them.
fn kind(error: &Error) -> Kind {
    const DENYING: [i32; 3] = [13, 18, 8000];
    const PASSING: [i32; 18] = [
        6, 7, 50, 64, 89, 91, 134, 189, 262, 9001, 10107, 11600, 11602, 11981, 13435, 13436, 13475,
        50_915,
    ];
    match &*error.kind {
        ErrorKind::Command(error) if DENYING.contains(&error.code) => Kind::Denial,
        ErrorKind::Command(error) if !PASSING.contains(&error.code) => Kind::Refusal,
        ErrorKind::Write(WriteFailure::WriteError(error)) if !PASSING.contains(&error.code) => {
            Kind::Refusal
        }
        ErrorKind::Authentication { .. } => Kind::Denial,
        ErrorKind::InvalidArgument { .. }
        | ErrorKind::InvalidTlsConfig { .. }
        | ErrorKind::IncompatibleServer { .. } => Kind::Refusal,
        _ => Kind::Away,
    }
}
