//! A session as a store holds it: its JSON, and what stands beside the JSON.

use std::any::Any;
use std::fmt;
use std::sync::{Arc, OnceLock};

use crate::data::SessionData;
use crate::error::Unreadable;
use crate::javascript::Timestamp;

/// A session as a store holds it.
///
/// To a store, the session itself is a JSON text, [`json`](Self::json), which no store needs to read. The
/// fields beside it are columns or members of their own.
#[derive(Clone)]
pub struct Record {
    data: SessionData,
    /// When the session was created, extended, and when it expires.
    pub times: Times,
    /// The `User-Agent` of the browser that the session was created in; `None` when it sent none, or another
    /// program created the session.
    pub user_agent: Option<String>,
    /// The address that the browser had when the session was created, in the form that
    /// [`Builder::address`](crate::Builder::address) gave it; `None` without that function.
    pub address: Option<String>,
    /// The bytes of the whole document, as the store held it when it was read; `None` after a write, and in
    /// a store without documents.
    pub stored_bytes: Option<usize>,
    json: OnceLock<Arc<str>>,
    source: Option<Arc<dyn Any + Send + Sync>>,
}

/// When a session was created, when it was extended, and when it expires.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Times {
    /// When the session was created; `None` when another program created it. The absolute timeout counts
    /// from here.
    pub created: Option<Timestamp>,
    /// The last save or touch; `None` in the documents of an Express app without `touchAfter`.
    pub last_modified: Option<Timestamp>,
    /// When the session expires on the server. `None`: never, as an Express app may store it.
    pub expires: Option<Timestamp>,
}

impl Times {
    /// Whether the session has not expired: `expires` is later than `now`. A store must not return an expired
    /// session, even while it has not yet deleted it.
    pub fn is_valid(&self, now: Timestamp) -> bool {
        self.expires.is_none_or(|expires| expires > now)
    }
}

impl Record {
    /// The record of this session, without an address.
    pub fn new(data: SessionData, times: Times, user_agent: Option<String>) -> Self {
        let (json, source) = (OnceLock::new(), None);
        Self { data, times, user_agent, address: None, stored_bytes: None, json, source }
    }

    /// The record of a stored JSON text, without an address.
    ///
    /// # Errors
    /// The text is no session. A store then logs the error and returns no session: a request must not fail
    /// because another program damaged the data.
    ///
    /// ```
    /// use rocket_express_session::store::{Record, Times};
    ///
    /// let stored = r#"{"cookie":{"originalMaxAge":60000},"n": 1}"#;
    /// let record = Record::from_json(stored, Times::default(), None)?;
    /// assert_eq!(record.json(), stored, "to the byte");
    /// # Ok::<(), rocket_express_session::Unreadable>(())
    /// ```
    pub fn from_json(
        json: &str,
        times: Times,
        user_agent: Option<String>,
    ) -> Result<Self, Unreadable> {
        let record = Self::new(SessionData::from_json(json)?, times, user_agent);
        Ok(Self { json: OnceLock::from(Arc::from(json)), ..record })
    }

    /// The session as JSON. Of a stored session it is the stored text to the byte, so a store can compare
    /// it to see whether another request has changed the session.
    pub fn json(&self) -> &str {
        self.json.get_or_init(|| self.data.to_json().into())
    }

    /// The data of the session.
    pub fn data(&self) -> &SessionData {
        &self.data
    }

    /// The user who is logged in, as text: the column of a store that lists the sessions of a user.
    pub fn user_key(&self) -> Option<String> {
        self.data.user_key()
    }

    /// This record with what the store itself needs to find it unchanged again, such as a version number.
    /// A store that compares [`json`](Self::json) needs nothing.
    #[must_use]
    pub fn with_source<T: Any + Send + Sync>(self, source: T) -> Self {
        Self { source: Some(Arc::new(source)), ..self }
    }

    /// The source that [`with_source`](Self::with_source) set, if it is a `T`.
    pub fn source<T: Any>(&self) -> Option<&T> {
        self.source.as_deref()?.downcast_ref()
    }

    /// This record with this address.
    #[must_use]
    pub fn with_address(self, address: Option<String>) -> Self {
        Self { address, ..self }
    }

    /// This record, read from a document of this size.
    #[must_use]
    pub fn with_stored_bytes(self, bytes: usize) -> Self {
        Self { stored_bytes: Some(bytes), ..self }
    }

    /// This record after an update: what never changes stays.
    pub(crate) fn updated(&self, data: SessionData, times: Times) -> Self {
        Self::new(data, times, self.user_agent.clone()).with_address(self.address.clone())
    }
}

/// Written by hand: what a session holds is for no log.
impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Record").field("times", &self.times).finish_non_exhaustive()
    }
}
