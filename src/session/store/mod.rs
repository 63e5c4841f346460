//! Where the coats hang: the contract that each session store keeps.
//!
//! Two stores keep it: `mongo` for real, `memory` for trying out and for the lesson about it. How
//! a session looks as a MongoDB document is in `document`. `commit.rs` is the only writer.

mod document;
mod json;
mod indexes;
mod lookup;
pub mod mongo;
pub mod memory;

pub use document::{Shape, Stored, read_record};

use std::time::Duration;

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
    /// When the session began; `None` in documents that Express made, whatever they have as `createdAt`.
    pub created: Option<Timestamp>,
    /// The `User-Agent` of the browser that it began in; `None` in documents that Express made.
    pub user_agent: Option<String>,
    /// Exactly what the store holds, to notice on a save that it has changed.
    pub stored: Stored,
}

impl Record {
    /// The record of a new session.
    fn begun(content: &Content, stored: Stored, times: Times, user_agent: Option<&str>) -> Self {
        Self {
            content: content.clone(),
            expires: times.expires,
            last_modified: times.last_modified,
            created: Some(times.now),
            user_agent: user_agent.map(str::to_owned),
            stored,
        }
    }

    /// This record after an update.
    fn updated(&self, content: &Content, stored: Stored, times: Times) -> Self {
        let begun = Self::begun(content, stored, times, self.user_agent.as_deref());
        Self { created: self.created, expires: times.expires.or(self.expires), ..begun }
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
    /// The new end; `None` leaves the document's as it is.
    pub expires: Option<Timestamp>,
}

/// How many sessions to look at. Each login has a share of its own, and so have those of nobody: so
/// whoever makes thousands of sessions crowds nobody else out.
#[derive(Clone, Copy, Debug)]
pub struct Shown {
    /// So many logins.
    pub logins: u32,
    /// The newest of each.
    pub of_each: u32,
    /// The newest that do not say whose they are: nobody's, and those that Express made.
    pub others: u32,
}

/// Why a session was ended from elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// By its owner, on the account page.
    Revoked,
    /// The password has changed.
    PasswordChanged,
    /// The account is gone.
    AccountDeleted,
    /// By an admin.
    ByAdmin,
    /// With all others, before the next class.
    ClassReset,
}

impl Ending {
    const ALL: [(Self, &'static str); 5] = [
        (Self::Revoked, "revoked"),
        (Self::PasswordChanged, "password changed"),
        (Self::AccountDeleted, "account deleted"),
        (Self::ByAdmin, "by admin"),
        (Self::ClassReset, "class reset"),
    ];

    /// As it is stored.
    pub(super) fn as_str(self) -> &'static str {
        let own = Self::ALL.iter().find(|(ending, _)| *ending == self);
        own.map_or("", |(_, text)| text)
    }

    fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, name)| *name == text).map(|(ending, _)| *ending)
    }
}

/// How long is known why.
const ENDING_KEPT: Duration = Duration::from_secs(24 * 60 * 60);

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
        user_agent: Option<&str>,
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

    /// Deletes the session. False, and nothing done, when it has vanished.
    async fn destroy(&self, sid: &Sid) -> Result<bool, Unavailable>;

    /// Deletes the session, and returns it as it was at that moment. `None` when it has vanished,
    /// has expired or is unreadable.
    async fn take(&self, sid: &Sid) -> Result<Option<Record>, Unavailable>;

    /// The valid sessions in which `login` (24 hex digits) is logged in, those that Express made
    /// included: the newest, and `most` at most.
    async fn logins(&self, login: &str, most: u32) -> Result<Vec<(Sid, Record)>, Unavailable>;

    /// Valid sessions, whoever's, as many as `shown` says.
    async fn all(&self, shown: Shown) -> Result<Vec<(Sid, Record)>, Unavailable>;

    /// The first `most` sessions behind this id, in the order of their ids, to go through all of
    /// them. `None` for one that is over, or that nobody can read.
    async fn page(
        &self,
        after: Option<&Sid>,
        most: u32,
    ) -> Result<Vec<(Sid, Option<Record>)>, Unavailable>;

    /// Deletes sessions that somebody ended from elsewhere, and keeps for a day why: their browsers
    /// will ask. Returns how many there were.
    async fn end(&self, sids: &[Sid], why: Ending) -> Result<u64, Unavailable>;

    /// Why this session has ended, if somebody ended it from elsewhere.
    async fn ending(&self, sid: &Sid) -> Result<Option<Ending>, Unavailable>;

    /// Where the sessions are, in words for a page: "MongoDB, collection sessions".
    fn place(&self) -> String;
}
