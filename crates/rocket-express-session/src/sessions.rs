//! One kind of session: options, the store, and the functions that the app gave.
//!
//! `builder.rs` makes it. In a request, `guard.rs` loads with it and `commit.rs`
//! writes with it.

use std::fmt;
use std::future::Future;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;
use std::time::Duration;

use rocket::tokio::sync::{Mutex, MutexGuard};
use rocket::tokio::time::{Instant, timeout};
use rocket::{Request, Response};
use serde_json::{Value, json};

use crate::cookie_record::CookieRecord;
use crate::error::Unavailable;
use crate::expiry::Expiry;
use crate::javascript::{Timestamp, millis};
use crate::meters;
use crate::observe::{Event, Observer};
use crate::options::{Auto, Options, SameSiteName, SameSiteOption, Secure};
use crate::signature::SessionId;
use crate::store::{Record, Registry, RevokeReason, Store};

/// Two sessions that share a lock wait for each other now and then, no more.
const SAVE_LOCKS: usize = 64;

/// All sessions of one kind: the options, and the store that keeps them.
///
/// Attach it to Rocket, and every handler may take [`&Session`](crate::Session) as an argument. A clone is
/// the same one. A fairing or handler gets it back with `request.rocket().state::<Sessions>()` or
/// `&State<Sessions>`.
///
/// ```
/// use rocket_express_session::{Sessions, store::MemoryStore};
///
/// let sessions = Sessions::builder(MemoryStore::default())
///     .secret("a long random text that is in no repository")
///     .rolling(true)
///     .build()?;
/// let rocket = rocket::build().attach(sessions);
/// # Ok::<(), rocket_express_session::OptionsError>(())
/// ```
///
/// An app may have another kind beside it, with a cookie name of its own, that is not attached. Then it
/// loads with [`Sessions::load`] and commits with [`Sessions::commit`].
#[derive(Clone)]
pub struct Sessions(Arc<Inner>);

struct Inner {
    options: Options,
    store: Arc<dyn Store>,
    hooks: Hooks,
    save_locks: Vec<Mutex<()>>,
}

/// The functions that the app gave, or the defaults.
#[derive(Clone)]
pub(crate) struct Hooks {
    pub is_https: fn(&Request<'_>) -> bool,
    pub address: fn(&Request<'_>) -> Option<String>,
    pub deadline: fn(&Request<'_>) -> Option<std::time::Instant>,
    pub unavailable_page: for<'r> fn(&'r Request<'_>) -> Response<'r>,
    pub timeout: Duration,
    pub observer: Option<Observer>,
}

/// The right to save a session; ends when dropped.
pub(crate) struct SaveGuard<'s> {
    /// Another request had it before.
    pub waited: bool,
    _guard: MutexGuard<'s, ()>,
}

impl Sessions {
    pub(crate) fn new(options: Options, store: Arc<dyn Store>, hooks: Hooks) -> Self {
        let save_locks = (0..SAVE_LOCKS).map(|_| Mutex::new(())).collect();
        Self(Arc::new(Inner { options, store, hooks, save_locks }))
    }

    /// The options.
    pub fn options(&self) -> &Options {
        &self.0.options
    }

    /// The store.
    pub fn store(&self) -> &dyn Store {
        &*self.0.store
    }

    pub(crate) fn hooks(&self) -> &Hooks {
        &self.0.hooks
    }

    pub(crate) fn registry(&self) -> Result<&dyn Registry, Unavailable> {
        self.store().registry().ok_or_else(|| {
            Unavailable::refusal("the session store can neither list nor revoke sessions")
        })
    }

    pub(crate) fn observe(&self, event: Event<'_>) {
        if let Some(observer) = &self.0.hooks.observer {
            observer(&event);
        }
    }

    /// The store, called by this method for this session.
    pub(crate) fn store_for(&self, method: &'static str, id: &SessionId) -> &dyn Store {
        self.observe(Event::StoreCalled { method, id });
        self.store()
    }

    /// Deletes this session.
    pub(crate) async fn destroy(&self, id: &SessionId) -> Result<(), Unavailable> {
        if self.store_for("destroy", id).destroy(id).await? {
            meters::ended(1);
        }
        Ok(())
    }

    /// Revokes these sessions; returns how many there were.
    pub(crate) async fn revoke(
        &self,
        ids: &[SessionId],
        reason: &RevokeReason,
        deadline: Option<Instant>,
    ) -> Result<u64, Unavailable> {
        let revoked = self.in_time(deadline, self.registry()?.revoke(ids, reason)).await?;
        meters::ended(revoked);
        Ok(revoked)
    }

    /// Waits for the store, for as long as the options and the request allow. With no time left, the wait
    /// is not begun.
    pub(crate) async fn in_time<T, E: From<Unavailable>>(
        &self,
        deadline: Option<Instant>,
        wait: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        let limit = self.0.hooks.timeout;
        let left = deadline.map_or(limit, |end| end.saturating_duration_since(Instant::now()));
        if left.is_zero() {
            return Err(Unavailable::late().into());
        }
        timeout(left.min(limit), wait).await.map_err(|_| Unavailable::late())?
    }

    /// The right to save this session. Compare-and-swap alone would be correct as well. But when many
    /// requests of one browser save at once, each round lets only one of them through. One after the other,
    /// they compete with other instances only.
    pub(crate) async fn save_guard(&self, id: &SessionId) -> SaveGuard<'_> {
        let mut hasher = DefaultHasher::new();
        id.hash(&mut hasher);
        #[expect(clippy::cast_possible_truncation, reason = "any number will do")]
        let number = hasher.finish() as usize % self.0.save_locks.len();
        let lock = &self.0.save_locks[number];
        if let Ok(guard) = lock.try_lock() {
            return SaveGuard { waited: false, _guard: guard };
        }
        SaveGuard { waited: true, _guard: lock.lock().await }
    }

    /// The cookie of a new session, for a request that came over https or did not.
    pub(crate) fn new_cookie(&self, https: bool) -> CookieRecord {
        new_cookie(self.options(), https)
    }

    /// The expiry of a session, seen from `now`.
    pub(crate) fn expiry<'s>(&'s self, record: Option<&'s Record>, now: Timestamp) -> Expiry<'s> {
        Expiry { options: self.options(), record, now }
    }

    pub(crate) fn is_past_absolute(&self, record: &Record) -> bool {
        self.expiry(Some(record), Timestamp::now()).is_past_absolute()
    }
}

/// Written by hand: a store has no text form.
impl fmt::Debug for Sessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sessions").field("options", self.options()).finish_non_exhaustive()
    }
}

fn new_cookie(options: &Options, https: bool) -> CookieRecord {
    let cookie = &options.cookie;
    let secure = match cookie.secure {
        Secure::Always(secure) => secure,
        Secure::Auto(Auto::Auto) => https,
    };
    // The expiry is set when the session is saved.
    CookieRecord::new([
        ("originalMaxAge", Some(json!(millis(options.idle_timeout)))),
        ("expires", Some(Value::Null)),
        ("secure", Some(json!(secure))),
        ("httpOnly", Some(json!(cookie.http_only))),
        ("domain", cookie.domain.as_ref().map(|domain| json!(domain))),
        ("path", Some(json!(cookie.path))),
        ("sameSite", Some(same_site(cookie.same_site, https))),
    ])
}

/// As express-session writes it into the session: "auto" decided, the others as they were set.
fn same_site(option: SameSiteOption, https: bool) -> Value {
    match option {
        SameSiteOption::Flag(strict) => strict.into(),
        SameSiteOption::Name(SameSiteName::Strict) => "strict".into(),
        SameSiteOption::Name(SameSiteName::None) => "none".into(),
        SameSiteOption::Name(SameSiteName::Auto) if https => "none".into(),
        SameSiteOption::Name(SameSiteName::Lax | SameSiteName::Auto) => "lax".into(),
    }
}

#[cfg(test)]
mod tests {
    use cookie::SameSite;

    use super::*;

    #[test]
    fn secure_auto_follows_the_request() {
        let options = Options::default();
        assert!(new_cookie(&options, true).is_secure());
        assert!(!new_cookie(&options, false).is_secure());
    }

    #[test]
    fn same_site_takes_express_sessions_words() {
        let check = |json: &str, http: Option<SameSite>, https: Option<SameSite>| {
            let json = format!(r#"{{"cookie":{{"same_site":{json}}}}}"#);
            let options: Options = serde_json::from_str(&json).unwrap();
            assert_eq!(new_cookie(&options, false).same_site(), http, "{json}");
            assert_eq!(new_cookie(&options, true).same_site(), https, "{json}");
        };
        check("false", None, None);
        check("true", Some(SameSite::Strict), Some(SameSite::Strict));
        check(r#""none""#, Some(SameSite::None), Some(SameSite::None));
        check(r#""auto""#, Some(SameSite::Lax), Some(SameSite::None));
        assert!(serde_json::from_str::<Options>(r#"{"cookie":{"same_site":"Lax"}}"#).is_err());
    }
}
