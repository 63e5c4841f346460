//! Writes a session: what the plan, or an explicit save, has decided.
//!
//! Other requests and an Express app write to the store at the same time. So an update is a compare-and-swap,
//! and a request that loses it applies its changes to what the other one has written.

use std::sync::Arc;
use std::time::Duration;

use cookie::SameSite;
use rocket::tokio::time::sleep;

use crate::cookie::{is_host_name, needs_http_only, needs_secure};
use crate::cookie_record::CookieRecord;
use crate::data::SessionData;
use crate::error::{SaveError, Unavailable};
use crate::javascript::Timestamp;
use crate::meters;
use crate::sessions::Sessions;
use crate::signature::SessionId;
use crate::state::{CookieInfo, RequestInfo, State};
use crate::store::{Record, Times};

/// Attempts of a save against concurrent writers, before the response is a 503.
const ATTEMPTS: u32 = 5;

/// The longest wait before the second attempt; doubles with each further one. Another instance with a row
/// of saves to do wins most attempts, and is done after this long.
const BACK_OFF: Duration = Duration::from_millis(20);

/// The advice for a site whose browsers do come over https.
const PROXY_ADVICE: &str = "the request came over plain http, as far as this server can tell. If a proxy ends \
    TLS in front of it, the proxy must send X-Forwarded-Proto: https, and this server must \
    believe it (a setting such as `trusted_proxies`)";

/// A session that is to be written: what the request said, and what became of it.
pub(crate) struct Writer<'s> {
    pub sessions: &'s Sessions,
    pub request: &'s RequestInfo,
    pub cookie: &'s CookieInfo,
    /// Without the changes that change nothing.
    pub state: &'s State,
    pub now: Timestamp,
}

/// The session in the store after an explicit save.
pub(crate) struct Saved {
    pub record: Record,
    /// The browser's cookie is out of date.
    pub needs_set_cookie: bool,
}

impl Writer<'_> {
    /// The write of the commit, now. `None`: nothing was stored, because no browser would send the cookie
    /// back.
    ///
    /// # Errors
    /// [`SaveError`]: the session has ended, or the store does not answer.
    pub(crate) async fn save(&self) -> Result<Option<Saved>, SaveError> {
        if self.state.destroyed {
            return Err(SaveError::Ended);
        }
        if self.state.record.is_none() && self.obstacle().is_some() {
            self.destroy_replaced().await?; // The commit says so in the log.
            return Ok(None);
        }
        let needs_set_cookie = self.state.changes_cookie() || self.renews_cookie();
        let record = self.write().await?.ok_or(SaveError::Ended)?;
        Ok(Some(Saved { record, needs_set_cookie }))
    }

    fn renews_cookie(&self) -> bool {
        let expiry = self.sessions.expiry(self.state.record.as_deref(), self.now);
        self.sessions.options().renew_cookie && expiry.extends(&self.state.cookie)
    }

    /// Why no browser would keep the cookie and send it back; `None` when one would.
    pub(crate) fn obstacle(&self) -> Option<String> {
        obstacle(&self.sessions.options().name, &self.state.cookie, self.request)
    }

    /// Extends the session. A failure costs nothing but time, so the page need not fail because of it.
    pub(crate) async fn touch(&self, times: Times) -> bool {
        let Some(record) = &self.state.record else { return false };
        let store = self.sessions.store_for("touch", &self.state.id);
        store.touch(&self.state.id, record, times).await.unwrap_or_else(|error| {
            log::warn!("a session could not be extended: {error}");
            false
        })
    }

    /// Stores or replaces the session; returns what the store then holds. `None` when another request has
    /// ended it.
    pub(crate) async fn write(&self) -> Result<Option<Record>, Unavailable> {
        match &self.state.record {
            None => self.insert().await,
            Some(record) => self.update(record.clone()).await,
        }
    }

    /// First the new session, then the end of the old one: if the second step fails, the browser gets no
    /// cookie for the first, and keeps what it had.
    async fn insert(&self) -> Result<Option<Record>, Unavailable> {
        let (data, times) = self.to_store(None);
        let record = Record::new(data, times, self.request.user_agent.clone())
            .with_address(self.request.address.clone());
        let id = &self.state.id;
        let record = self.sessions.store_for("insert", id).insert(id, record).await?;
        meters::created();
        match (&self.state.replaces, &self.state.cycled) {
            (Some(old), Some(loaded)) => self.take_over(old, loaded, record).await,
            _ => self.destroy_replaced().await.map(|()| Some(record)),
        }
    }

    /// Ends the stored session whose values go on in `record`, and brings along what other requests have
    /// changed in it since it was loaded. `None` when it has ended since.
    async fn take_over(
        &self,
        old: &SessionId,
        loaded: &Record,
        record: Record,
    ) -> Result<Option<Record>, Unavailable> {
        let id = &self.state.id;
        let Some(last) = self.sessions.store_for("take", old).take(old).await? else {
            self.sessions.destroy(id).await?;
            return Ok(None);
        };
        meters::ended(1);
        if last.json() == loaded.json() {
            return Ok(Some(record));
        }
        let values = self.state.changes.apply(&last.data().values);
        let data = SessionData::new(record.data().cookie.clone(), values);
        let times = self.sessions.expiry(Some(&record), self.now).times(&data.cookie);
        let new = record.updated(data, times);
        // No other request knows the new ID yet.
        self.sessions.store_for("update", id).update(id, &record, new).await
    }

    /// Compare and swap: the store must still hold what was loaded. If it does not, this request's changes
    /// are applied to what the other request left.
    async fn update(&self, mut record: Arc<Record>) -> Result<Option<Record>, Unavailable> {
        let id = &self.state.id;
        let guard = self.sessions.save_guard(id).await;
        // A request that had the guard before has changed the session: the first attempt would fail.
        let mut is_stale = guard.waited;
        for attempt in 0..ATTEMPTS {
            back_off(attempt).await;
            if is_stale {
                meters::save_retried();
                // A concurrent logout wins: nothing brings the session back.
                let loaded = self.sessions.store_for("load", id).load(id).await?;
                let Some(newer) = loaded else { return Ok(None) };
                record = Arc::new(newer);
            }
            let (data, times) = self.to_store(Some(&record));
            let new = record.updated(data, times);
            let store = self.sessions.store_for("update", id);
            if let Some(saved) = store.update(id, &record, new).await? {
                return Ok(Some(saved));
            }
            is_stale = true;
        }
        Err(Unavailable::new("a session changed during five attempts to save it"))
    }

    /// The data and the times that replace `record`. The cookie counts as a key like the others: it stays as
    /// it is stored, except for a maximum age that this request changed.
    fn to_store(&self, record: Option<&Record>) -> (SessionData, Times) {
        let state = self.state;
        let expiry = self.sessions.expiry(record, self.now);
        let mut cookie = record.map_or(&state.cookie, |record| &record.data().cookie).clone();
        if state.is_max_age_changed() {
            cookie.set_max_age(state.cookie.max_age());
        }
        let base = record.map_or(state.base(), |record| &record.data().values);
        let times = expiry.times(&cookie);
        (SessionData::new(expiry.renewed_cookie(&cookie), state.changes.apply(base)), times)
    }

    /// Ends the stored session that this one replaces.
    pub(crate) async fn destroy_replaced(&self) -> Result<(), Unavailable> {
        match &self.state.replaces {
            Some(old) => self.sessions.destroy(old).await,
            None => Ok(()),
        }
    }
}

/// Waits before a further attempt, each time longer, and never as long as another instance does.
async fn back_off(attempt: u32) {
    if attempt > 0 {
        let longest = BACK_OFF * 2_u32.pow(attempt - 1);
        sleep(longest.mul_f64(rand::random_range(0.5..1.0))).await;
    }
}

/// Why a browser would refuse the session's cookie in the response to a request, or never send it
/// back. `None`: it takes it.
fn obstacle(name: &str, cookie: &CookieRecord, request: &RequestInfo) -> Option<String> {
    let is_secure = cookie.is_secure();
    let needs = if is_secure {
        "it is Secure"
    } else if needs_secure(name) {
        "its name begins with a prefix that only Secure cookies may have"
    } else if cookie.same_site() == Some(SameSite::None) {
        "it has SameSite=None, which only Secure cookies may have"
    } else if cookie.is_partitioned() {
        "it is Partitioned, which only Secure cookies may be"
    } else {
        return (!request.in_path).then(|| "it is for another path than this request".to_owned());
    };
    if !request.https {
        Some(format!("{needs}, and {PROXY_ADVICE}"))
    } else if !is_secure {
        Some(format!("{needs}, and it is not Secure"))
    } else if is_host_name(name)
        && (cookie.domain().is_some() || cookie.path().as_deref() != Some("/"))
    {
        Some("its name begins with __Host-, so it needs the path / and no domain".to_owned())
    } else if needs_http_only(name) && !cookie.is_http_only() {
        Some("its name begins with a prefix that only HttpOnly cookies may have".to_owned())
    } else {
        (!request.in_path).then(|| "it is for another path than this request".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(https: bool, in_path: bool) -> RequestInfo {
        RequestInfo { https, in_path, ..RequestInfo::default() }
    }

    fn read(json: &str) -> CookieRecord {
        CookieRecord::read(serde_json::from_str(json).unwrap()).unwrap()
    }

    fn check(name: &str, json: &str, over_http: bool, over_https: bool) {
        let cookie = read(json);
        let takes = |request| obstacle(name, &cookie, &request).is_none();
        let taken = (takes(request(false, true)), takes(request(true, true)));
        assert_eq!(taken, (over_http, over_https), "{name} {json}");
        assert!(!takes(request(true, false)), "{name} {json}");
    }

    #[test]
    fn a_browser_takes_what_it_can_send_back() {
        check("sid", r#"{"path":"/"}"#, true, true);
        check("sid", r#"{"path":"/","secure":true}"#, false, true);
        check("sid", r#"{"path":"/","sameSite":"None"}"#, false, false);
        check("sid", r#"{"path":"/","sameSite":"none","secure":true}"#, false, true);
        check("sid", r#"{"path":"/","partitioned":true}"#, false, false);
        check("sid", r#"{"path":"/","sameSite":"lax"}"#, true, true);
        check("__Hostsid", r#"{"path":"/"}"#, true, true);
        for name in ["__Host-sid", "__host-sid", "__SECURE-sid", "__Secure-sid"] {
            check(name, r#"{"path":"/"}"#, false, false);
            check(name, r#"{"path":"/","secure":true}"#, false, true);
        }
        check("__Host-sid", r#"{"path":"/app","secure":true}"#, false, false);
        check("__HOST-sid", r#"{"path":"/","secure":true,"domain":"a.b"}"#, false, false);
        check("__Secure-sid", r#"{"path":"/app","secure":true,"domain":"a.b"}"#, false, true);
        check("__Http-sid", r#"{"path":"/","secure":true,"httpOnly":false}"#, false, false);
        check("__Http-sid", r#"{"path":"/","secure":true,"httpOnly":true}"#, false, true);
    }

    #[test]
    fn over_plain_http_the_reason_names_the_cure() {
        let cookie = read(r#"{"path":"/","secure":true}"#);
        let why = obstacle("sid", &cookie, &request(false, true)).unwrap();
        assert!(why.contains("trusted_proxies") && why.contains("X-Forwarded-Proto"), "{why}");
        let elsewhere = obstacle("sid", &cookie, &request(true, false)).unwrap();
        assert!(!elsewhere.contains("proxies"), "{elsewhere}");
    }
}
