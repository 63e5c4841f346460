//! Where the coats hang: the contract that each session store keeps.
//!
//! Two stores keep it: `mongo` for real, `memory` for trying out and for the lesson about it. How
//! a session looks as a MongoDB document is in `document`. `commit.rs` is the only writer.

mod document;
mod json;
pub mod mongo;
pub mod memory;

pub use document::{Shape, Stored, read_record};

use super::content::Content;
use super::sid::Sid;
use super::timestamp::Timestamp;
use crate::db::Unavailable;

/// A session as the store holds it.
#[derive(Clone, Debug)]
pub struct Record {
    /// What the session holds.
    pub content: Content,
    /// When it ends, the only truth about that. `None`: never, as an Express app without a store
    /// `ttl` may write it.
    pub expires: Option<Timestamp>,
    /// The last save or touch; `None` in documents of an Express app without `touchAfter`.
    pub last_modified: Option<Timestamp>,
    /// When the session began; `None` in documents that Express made.
    pub created: Option<Timestamp>,
    /// Exactly what the store holds, to notice on a save that it has changed.
    pub stored: Stored,
}

impl Record {
    /// The record of what was just written.
    fn written(
        content: &Content,
        stored: Stored,
        times: Times,
        created: Option<Timestamp>,
    ) -> Self {
        let (expires, last_modified) = (Some(times.expires), times.last_modified);
        Self { content: content.clone(), expires, last_modified, created, stored }
    }

    /// Expired means expired, even while MongoDB's monitor has not yet reaped the document.
    pub fn is_valid(&self, now: Timestamp) -> bool {
        self.expires.is_none_or(|expires| expires > now)
    }
}

/// The moments that a write puts into the document.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    /// Of the write; `createdAt` of a new document.
    pub now: Timestamp,
    /// `lastModified`; `None` leaves a document without one.
    pub last_modified: Option<Timestamp>,
    /// The new end.
    pub expires: Timestamp,
}

/// A session store. None of its operations can bring an ended session back: only `insert` makes a
/// document, and it is called with an id that is new.
#[rocket::async_trait]
pub trait Store: Send + Sync {
    /// The valid session of this id. An expired, vanished or unreadable one is `None`.
    async fn load(&self, sid: &Sid) -> Result<Option<Record>, Unavailable>;

    /// Stores a new session that begins at `times.now`; returns it as it is stored. An id that is
    /// there already is an error, whatever it holds.
    async fn insert(
        &self,
        sid: &Sid,
        content: &Content,
        times: Times,
    ) -> Result<Record, Unavailable>;

    /// Replaces the session by `content`, if it still is what `old` was; returns it as it is stored.
    /// `None`: it no longer is, or is gone.
    async fn update(
        &self,
        sid: &Sid,
        old: &Record,
        content: &Content,
        times: Times,
    ) -> Result<Option<Record>, Unavailable>;

    /// Moves the end and leaves the session as it is. False, and nothing done, when it is gone, or
    /// somebody else has written since `old`: of many requests at once, one touches.
    async fn touch(&self, sid: &Sid, old: &Record, times: Times) -> Result<bool, Unavailable>;

    /// Deletes the session. Of a vanished one: does nothing.
    async fn destroy(&self, sid: &Sid) -> Result<(), Unavailable>;

    /// Deletes all sessions in which `login` (24 hex digits) is logged in, those that Express made
    /// included, but not `except`; returns how many.
    async fn destroy_logins(&self, login: &str, except: &Sid) -> Result<u64, Unavailable>;

    /// Where the sessions are, in words for a page: "MongoDB, collection sessions".
    fn place(&self) -> String;
}
