//! All sessions of whoever is logged in to this one: what a page lists, and how they are ended.
//!
//! Beside `handle.rs`, which is about the one session of the request. From here to `store/`, at once
//! and not at the end of the request.

use super::expiry::Expiry;
use super::handle::Session;
use super::options::Options;
use super::sid::Sid;
use super::store::{Ending, Record};
use super::timestamp::Timestamp;
use crate::db::Unavailable;

/// From when to when a session lasts.
#[derive(Clone, Copy, Debug, Default)]
pub struct Span {
    /// `None` when it is new, or Express made it.
    pub began: Option<Timestamp>,
    /// The browser's end or the server's, whichever comes first.
    pub ends: Option<Timestamp>,
    /// Whether using it moves the end.
    pub slides: bool,
}

impl Span {
    pub(super) fn of(record: &Record, options: &Options) -> Self {
        let (now, cookie) = (Timestamp::now(), &record.content.cookie);
        let last = Expiry { options, record: Some(record), now }.absolute_end();
        // A touch moves the document's end, but not that of the cookie in the browser.
        let ends = [record.expires, cookie.expires].into_iter().flatten().min();
        let slides = cookie.expires.is_none() && ends < last;
        Span { began: record.created, ends, slides }
    }
}

/// A session of somebody's, as its owner may see it.
#[derive(Clone, Debug)]
pub struct Login {
    /// Names it, see [`Sid::handle`].
    pub handle: String,
    /// The one that asks.
    pub is_this: bool,
    /// The `User-Agent` of the browser; `None` when Express made it.
    pub user_agent: Option<String>,
    /// From when to when.
    pub span: Span,
    /// When it was last written or touched; to the exactness of `touch_after`.
    pub last_seen: Option<Timestamp>,
}

impl Session {
    /// All sessions of whoever is logged in here: this one first, then the last seen.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn logins(&self) -> Result<Vec<Login>, Unavailable> {
        let own = self.id();
        let mut logins: Vec<Login> = self
            .find_logins()
            .await?
            .iter()
            .map(|(sid, record)| self.show(sid, record, &own))
            .collect();
        logins.sort_by_key(|login| (!login.is_this, std::cmp::Reverse(login.last_seen)));
        Ok(logins)
    }

    /// Ends the one session of theirs that has this handle. False when there is none.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn end_one(&self, handle: &str) -> Result<bool, Unavailable> {
        let logins = self.find_logins().await?;
        let Some((sid, _)) = logins.into_iter().find(|(sid, _)| sid.handle() == handle) else {
            return Ok(false);
        };
        Ok(self.engine.store.end(&[sid], Ending::Revoked).await? > 0)
    }

    /// Ends all of theirs but this one; returns how many.
    ///
    /// # Errors
    /// The store does not answer; some may have ended.
    pub async fn end_others(&self, why: Ending) -> Result<u64, Unavailable> {
        let own = self.id();
        let others = self.find_logins().await?.into_iter().map(|(sid, _)| sid);
        let others: Vec<Sid> = others.filter(|sid| *sid != own).collect();
        self.engine.store.end(&others, why).await
    }

    /// Ends all sessions of somebody else (24 hex digits); returns how many. Who may do that is for
    /// the caller to check.
    ///
    /// # Errors
    /// The store does not answer; some may have ended.
    pub async fn end_logins_of(&self, login: &str) -> Result<u64, Unavailable> {
        let theirs = self.engine.store.logins(login).await?;
        let sids: Vec<Sid> = theirs.into_iter().map(|(sid, _)| sid).collect();
        self.engine.store.end(&sids, Ending::ByAdmin).await
    }

    /// Whether the browser came with a genuine ticket for a session that is no more.
    pub fn is_lost(&self) -> bool {
        self.ticket.lost.is_some()
    }

    /// Why that was, if somebody ended it from elsewhere.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn ending(&self) -> Result<Option<Ending>, Unavailable> {
        match &self.ticket.lost {
            Some(sid) => self.engine.store.ending(sid).await,
            None => Ok(None),
        }
    }

    async fn find_logins(&self) -> Result<Vec<(Sid, Record)>, Unavailable> {
        let Some(login) = self.login() else { return Ok(vec![]) };
        let mut logins = self.engine.store.logins(&login).await?;
        logins.retain(|(_, record)| !self.engine.is_over(record));
        Ok(logins)
    }

    fn show(&self, sid: &Sid, record: &Record, own: &Sid) -> Login {
        Login {
            handle: sid.handle(),
            is_this: sid == own,
            user_agent: record.user_agent.clone(),
            span: Span::of(record, &self.engine.options),
            last_seen: record.last_modified.or(record.created),
        }
    }
}
