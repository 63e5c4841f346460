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
use crate::trace::{self, Step};

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
        let ends = [record.expires, cookie.expires()].into_iter().flatten().min();
        let slides = cookie.expires().is_none() && ends < last;
        Span { began: record.created, ends, slides }
    }
}

/// Who logs in ten thousand times must not get a page of ten thousand lines.
pub const MOST_LISTED: u32 = 100;

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

impl Login {
    /// Of the session of this id; not the one that asks.
    pub(super) fn of(sid: &Sid, record: &Record, options: &Options) -> Self {
        Self {
            handle: sid.handle(),
            is_this: false,
            user_agent: record.user_agent.clone(),
            span: Span::of(record, options),
            last_seen: record.last_modified.or(record.created),
        }
    }
}

impl Session {
    /// The sessions of whoever is logged in here: this one first, then the last seen; of more than
    /// [`MOST_LISTED`], the newest.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn logins(&self) -> Result<Vec<Login>, Unavailable> {
        let (own, mut found) = (self.id(), self.find_logins().await?);
        if let Some(record) = self.state().record.clone()
            && !found.iter().any(|(sid, _)| *sid == own)
        {
            found.push((own.clone(), (*record).clone()));
        }
        let show = |(sid, record): &(Sid, Record)| Login {
            is_this: *sid == own,
            ..Login::of(sid, record, &self.engine.options)
        };
        let mut logins: Vec<Login> = found.iter().map(show).collect();
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
        let Some(login) = self.login() else { return Ok(0) };
        self.end_all(&login, Some(&self.id()), why).await
    }

    /// Ends all sessions of somebody else (24 hex digits); returns how many. Who may do that is for
    /// the caller to check.
    ///
    /// # Errors
    /// The store does not answer; some may have ended.
    pub async fn end_logins_of(&self, login: &str) -> Result<u64, Unavailable> {
        self.end_all(login, None, Ending::ByAdmin).await
    }

    /// A thousand at a time, so that no number of them takes all memory.
    async fn end_all(
        &self,
        login: &str,
        except: Option<&Sid>,
        why: Ending,
    ) -> Result<u64, Unavailable> {
        let mut ended = 0;
        // Logins that go on meanwhile must not keep us here for ever.
        for _ in 0..1_000 {
            let found = self.engine.store.logins(login, 1_000).await?;
            let sids = found.into_iter().map(|(sid, _)| sid).filter(|sid| Some(sid) != except);
            let sids: Vec<Sid> = sids.collect();
            if sids.is_empty() {
                break;
            }
            ended += self.engine.store.end(&sids, why).await?;
        }
        Ok(ended)
    }

    /// Whether the browser came with a genuine ticket for a session that is no more.
    pub fn is_lost(&self) -> bool {
        self.ticket.lost.is_some()
    }

    /// Whether the browser came with two different genuine session cookies, so that neither counts.
    pub fn is_ambiguous(&self) -> bool {
        !self.ticket.ambiguous.is_empty()
    }

    /// Why that was, if somebody ended it from elsewhere.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn ending(&self) -> Result<Option<Ending>, Unavailable> {
        let Some(sid) = &self.ticket.lost else { return Ok(None) };
        let ending = self.engine.store.ending(sid).await?;
        if let Some(ending) = ending {
            trace::note(|| Step::Ended { why: ending.as_str() });
        }
        Ok(ending)
    }

    async fn find_logins(&self) -> Result<Vec<(Sid, Record)>, Unavailable> {
        let Some(login) = self.login() else { return Ok(vec![]) };
        let mut logins = self.engine.store.logins(&login, MOST_LISTED).await?;
        logins.retain(|(_, record)| !self.engine.is_over(record));
        Ok(logins)
    }
}
