//! What can be noted. Facts only: the words for them are in `teach/xray`.

use std::time::Duration;

use super::redact::Redacted;

/// One thing that happened on the way of a request.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "fields are what their names say")]
pub enum Step {
    /// A form was read: its fields by name, each with the number of characters in it.
    Form { fields: Vec<(String, usize)> },
    /// A form was found to come from this site, by this header; `None` when it has none.
    Origin { by: Option<&'static str> },
    /// A new name and a new password are fit to be used.
    Policy,
    /// The cookie of this name was read; `bytes` of it.
    Ticket { name: String, bytes: usize, seal: Seal, took: Duration },
    /// Its seal held, and no such session is kept.
    Lost { sid: String },
    /// It was revoked, and why.
    Ended { why: String },
    /// A command went to MongoDB.
    Command(Command),
    /// The memory store did something, as MongoDB would have.
    Memory { what: &'static str, sid: String },
    /// A new password was hashed.
    Hashed { algorithm: String, took: Duration },
    /// A password was compared with what is stored.
    Verified { right: bool, took: Duration },
    /// The session got a new id; `old` is the start of the former, if a document stood for it.
    Regenerated { old: Option<String>, new: String },
    /// The id of the user was written into the session.
    Login { user: String },
    /// The user of the ID in the session was found.
    User { id: String },
    /// The ID in the session has no user: the account is gone, or its password has changed.
    Forgotten,
    /// The session was ended by this request.
    Destroyed,
    /// What was done with the session of this cookie at the end, and how many bytes it has as JSON.
    Written { name: String, write: Write, bytes: usize },
    /// The page was made from this template.
    Rendered { template: &'static str },
    /// A lesson's own fact, such as what a button did. One of the program's texts, never a typed one.
    Lab { lesson: &'static str, fact: String, number: i64 },
}

/// What the signature of a ticket is worth.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "fields are what their names say")]
pub enum Seal {
    /// There was no cookie of that name.
    None,
    /// There is none on it.
    Missing,
    /// It is not ours, or no longer fits what it seals.
    Broken,
    /// Two cookies with different genuine IDs came: neither counts.
    Several,
    /// It is ours. With an older secret than the first it is `outdated`.
    Genuine { sid: String, outdated: bool },
}

/// What became of a session at the end of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is what its name says")]
pub enum Write {
    /// Nothing changed, and its end is far enough away.
    Nothing,
    Insert,
    Update,
    /// Only its end was moved.
    Touch,
    Delete,
    /// Not stored, because its cookie could never come back.
    Withheld,
}

/// A command as it was sent, redacted.
#[derive(Clone, Debug)]
pub struct Command {
    /// The driver's number for it, which its reply has as well.
    pub request_id: i32,
    /// `find`, `insert`, `update`, `delete`, `findAndModify`, …
    pub name: String,
    /// That it was sent for.
    pub collection: String,
    /// As one would type it into MongoDB's shell.
    pub text: Redacted,
    /// The keys that it sets or inserts, at the top level of a document.
    pub keys: Vec<String>,
    /// `None`: none came before the end of the request.
    pub reply: Option<Reply>,
}

/// What came back.
#[derive(Clone, Debug)]
pub struct Reply {
    /// How long it took.
    pub took: Duration,
    /// Documents found, inserted, changed or deleted; `None` when it failed, or must not be told.
    pub count: Option<i64>,
    /// Of the documents found.
    pub bytes: Option<usize>,
    /// MongoDB refused it, or did not answer.
    pub failed: bool,
}
