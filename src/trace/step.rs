//! What can be noted. Facts only: the words for them are in `templates/xray`.

use std::time::Duration;

use get_size2::GetSize;
use rocket_express_session::Write;

/// A step and when it was.
#[derive(Clone, Debug, GetSize)]
pub struct Noted {
    /// The time since the request came.
    pub elapsed: Duration,
    /// What happened.
    pub step: Step,
}

/// One thing that happened on the way of a request.
#[derive(Clone, Debug, GetSize)]
#[expect(missing_docs, reason = "fields are what their names say")]
pub enum Step {
    /// A form was read: its fields by name, each with the number of characters in it.
    Form { fields: Vec<(String, usize)> },
    /// A form comes from this site, as this header says; `None` when the request has neither header.
    OriginChecked { by: Option<&'static str> },
    /// A form came from another site, and was refused.
    OriginRefused,
    /// A new name and a new password were accepted.
    InputAccepted,
    /// The cookie of this name was read; `bytes` is its length.
    CookieRead { name: String, bytes: usize, signature: Signature, took: Duration },
    /// The signature is genuine, and no session of this ID is stored.
    UnknownSession { sid: String },
    /// The session was revoked, for this reason.
    Revoked { reason: String },
    /// A command went to MongoDB.
    Command(Command),
    /// A method of the memory store was called.
    Memory { method: &'static str, sid: String },
    /// The accounts in memory were read or changed.
    MemoryUsers { method: &'static str },
    /// A new password was hashed.
    Hashed { algorithm: String, took: Duration },
    /// A password was compared with the stored hash.
    Verified { right: bool, took: Duration },
    /// The session got a new ID; `old` is the start of the former, if a document was stored under it.
    Regenerated { old: Option<String>, new: String },
    /// The ID of the user was written into the session.
    Login { user: String },
    /// The user of the ID in the session was found.
    User { id: String },
    /// The ID in the session has no user: the account is gone, or its password has changed.
    SessionInvalidated,
    /// The session was ended by this request.
    Destroyed,
    /// The session of this cookie was committed, and has this many bytes as JSON.
    Written {
        name: String,
        #[get_size(ignore)]
        write: Write,
        bytes: usize,
    },
    /// The page was made from this template.
    Rendered { template: &'static str },
    /// A lesson's own fact, such as what a button did. One of the program's texts, never a typed one.
    Lab { lesson: &'static str, fact: String, number: i64 },
}

/// The result of verifying the signature of a session's cookie.
#[derive(Clone, Debug, PartialEq, Eq, GetSize)]
#[expect(missing_docs, reason = "fields are what their names say")]
pub enum Signature {
    /// There was no cookie of that name.
    NoCookie,
    /// The value has no signature.
    Missing,
    /// No secret of ours made the signature, or the value was altered.
    Wrong,
    /// Two cookies with different genuine IDs came: neither counts.
    Ambiguous,
    /// The signature is ours. It is `outdated` when an older secret than the first made it.
    Genuine { sid: String, outdated: bool },
}

/// A command as it was sent, redacted.
#[derive(Clone, Debug, GetSize)]
pub struct Command {
    /// The driver's number for it, which its reply has as well.
    pub request_id: i32,
    /// `find`, `insert`, `update`, `delete`, `findAndModify`, …
    pub name: String,
    /// The target collection.
    pub collection: String,
    /// As one would type it into MongoDB's shell. Only names and IDs are from outside, in double quotes.
    pub text: String,
    /// The keys that it sets or inserts, at the top level of a document.
    pub keys: Vec<String>,
    /// `None`: no reply came before the end of the request.
    pub reply: Option<Reply>,
}

impl Command {
    /// Whether it sets this key.
    pub fn sets(&self, key: &str) -> bool {
        self.keys.iter().any(|set| set == key)
    }
}

/// MongoDB's reply to a command.
#[derive(Clone, Debug, GetSize)]
pub struct Reply {
    /// The time between command and reply.
    pub took: Duration,
    /// Documents found, inserted, changed or deleted; `None` when it failed, or must not be told.
    pub count: Option<i64>,
    /// Bytes of the documents found.
    pub bytes: Option<usize>,
    /// MongoDB refused it, or did not answer.
    pub failed: bool,
}
