//! All sessions of the user who is logged in: what an account page lists, and how they are revoked.
//!
//! Everything here goes to the store at once, and not at the end of the request.

use std::cmp::Reverse;
use std::sync::Arc;

use rocket::tokio::time::Instant;

use crate::data::{LOGIN_KEY, user_key_of};
use crate::error::Unavailable;
use crate::expiry::Lifetime;
use crate::javascript::Timestamp;
use crate::sessions::Sessions;
use crate::signature::SessionId;
use crate::state::State;
use crate::store::{Record, RevokeReason};

/// The largest number of sessions in a list. A user who logs in ten thousand times must not get a page of ten
/// thousand lines.
pub const MAX_LISTED: u32 = 100;

/// Sessions that are read and revoked together, so that no number of them takes all memory.
const PIECE: u32 = 1_000;

/// Logins that go on at the same time must not keep a request busy for ever.
const MAX_PIECES: u32 = 1_000;

/// A session as its user may see it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct UserSession {
    /// Names the session in an address: see [`SessionId::handle`].
    pub handle: String,
    /// The session of the request.
    pub is_current: bool,
    /// The `User-Agent` of the browser; `None` when another program created the session.
    pub user_agent: Option<String>,
    /// The address of the browser when it created the session, as [`Builder::address`](crate::Builder::address)
    /// gave it; `None` when nothing gave one.
    pub address: Option<String>,
    /// When it was created and when it expires.
    pub lifetime: Lifetime,
    /// The last save or touch: as exact as `touch_after`.
    pub last_seen: Option<Timestamp>,
}

impl UserSession {
    pub(crate) fn new(sessions: &Sessions, id: &SessionId, record: &Record) -> Self {
        Self {
            handle: id.handle(),
            is_current: false,
            user_agent: record.user_agent.clone(),
            address: record.address.clone(),
            lifetime: sessions.expiry(Some(record), Timestamp::now()).lifetime(),
            last_seen: record.times.last_modified.or(record.times.created),
        }
    }
}

/// All sessions of the user who is logged in: see [`Session::user_sessions`](crate::Session::user_sessions).
///
/// Needs a store that is a [`Registry`](crate::store::Registry), as `MemoryStore` and `MongoStore` are.
pub struct UserSessions<'s> {
    sessions: &'s Sessions,
    /// `None`: the session is anonymous.
    user: Option<String>,
    current: SessionId,
    record: Option<Arc<Record>>,
    deadline: Option<Instant>,
}

impl<'s> UserSessions<'s> {
    /// The sessions of the user who is logged in to `current`.
    pub(crate) fn new(sessions: &'s Sessions, current: &State, deadline: Option<Instant>) -> Self {
        let user = current.get(LOGIN_KEY).and_then(|login| user_key_of(&login));
        let (record, current) = (current.record.clone(), current.id.clone());
        Self { sessions, user, current, record, deadline }
    }

    /// The sessions: the current one first, then the last seen; of more than [`MAX_LISTED`], the newest. An
    /// anonymous session has no others.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn list(&self) -> Result<Vec<UserSession>, Unavailable> {
        let mut found = self.find().await?;
        if let Some(record) = &self.record
            && !found.iter().any(|(id, _)| *id == self.current)
        {
            found.push((self.current.clone(), (**record).clone()));
        }
        let show = |(id, record): &(SessionId, Record)| UserSession {
            is_current: *id == self.current,
            ..UserSession::new(self.sessions, id, record)
        };
        let mut sessions: Vec<UserSession> = found.iter().map(show).collect();
        sessions.sort_by_key(|session| (!session.is_current, Reverse(session.last_seen)));
        Ok(sessions)
    }

    /// Revokes the session of this handle. False when the user has no such session.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn revoke(&self, handle: &str, reason: RevokeReason) -> Result<bool, Unavailable> {
        let found = self.find().await?;
        let Some((id, _)) = found.into_iter().find(|(id, _)| id.handle() == handle) else {
            return Ok(false);
        };
        Ok(self.sessions.revoke(&[id], &reason, self.deadline).await? > 0)
    }

    /// Revokes all but the current session; returns how many.
    ///
    /// # Errors
    /// The store does not answer; some may have been revoked.
    pub async fn revoke_others(&self, reason: RevokeReason) -> Result<u64, Unavailable> {
        let Some(user) = &self.user else { return Ok(0) };
        revoke_all(self.sessions, user, Some(&self.current), &reason, self.deadline).await
    }

    async fn find(&self) -> Result<Vec<(SessionId, Record)>, Unavailable> {
        let Some(user) = &self.user else { return Ok(vec![]) };
        let find = self.sessions.registry()?.of_user(user, MAX_LISTED);
        let mut found = self.sessions.in_time(self.deadline, find).await?;
        found.retain(|(_, record)| !self.sessions.is_past_absolute(record));
        Ok(found)
    }
}

/// Revokes all sessions of a user but one; returns how many.
pub(crate) async fn revoke_all(
    sessions: &Sessions,
    user: &str,
    except: Option<&SessionId>,
    reason: &RevokeReason,
    deadline: Option<Instant>,
) -> Result<u64, Unavailable> {
    let registry = sessions.registry()?;
    let mut revoked = 0;
    for _ in 0..MAX_PIECES {
        let found = sessions.in_time(deadline, registry.of_user(user, PIECE)).await?;
        let ids = found.into_iter().map(|(id, _)| id).filter(|id| Some(id) != except);
        let ids: Vec<SessionId> = ids.collect();
        if ids.is_empty() {
            break;
        }
        revoked += sessions.revoke(&ids, reason, deadline).await?;
    }
    Ok(revoked)
}
