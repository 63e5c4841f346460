//! `[default.session]` of Rocket.toml: the options of express-session that make sense here.
//!
//! Each field says what it does and when one wants it otherwise; the defaults stand in one place,
//! `Options::default`. Durations are words ("5 minutes") or a whole number of seconds.

use std::time::Duration;

use serde::{Deserialize, Deserializer, de};
use serde_json::{Value, json};

use super::record::{CookieRecord, is_attribute_value};
use super::signature::Secrets;
use super::timestamp::millis;

/// Signs the cookies of a development server. Everybody knows it, so the release profile refuses it.
pub const DEVELOPMENT_SECRET: &str = "a development secret that everybody can read";

/// Which store keeps the sessions (and the users).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StoreKind {
    /// Documents in MongoDB: outlive a restart, shared by all instances.
    Mongodb,
    /// This process's memory, express-session's default: gone with the process, alone in it.
    Memory,
}

/// All options of one kind of session.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Options {
    /// The cookie's name. Another one when several apps share a host name. Express: `name`.
    pub name: String,
    /// Signs the cookie; a list (or a text with commas) rotates: the first signs, all verify.
    /// Express: `secret`.
    #[serde(deserialize_with = "secrets")]
    pub secret: Secrets,
    /// Express: `store`.
    pub store: StoreKind,
    /// The MongoDB collection. connect-mongo: `collectionName`.
    pub collection: String,
    /// New documents hold the session as JSON text, connect-mongo's default (`stringify: true`),
    /// or as an object one can query. Existing documents keep the form they have.
    pub stringify: bool,
    /// Writes the session at the end of each request even if nothing changed. Costs a write each
    /// time, for stores that cannot touch; ours can. Express: `resave`.
    pub resave: bool,
    /// Stores a session, and sends its cookie, before there is anything in it: a document for
    /// each bot. Express: `saveUninitialized`.
    pub save_uninitialized: bool,
    /// Sends the cookie anew with each answer, so that the browser's clock slides as well.
    /// Express: `rolling`.
    pub rolling: bool,
    /// How old the last write may be before an unchanged session's end is moved: fewer writes
    /// against a less exact idle timeout. connect-mongo: `touchAfter`.
    #[serde(deserialize_with = "duration")]
    pub touch_after: Duration,
    /// A session that nobody used for so long has ended. Express: `cookie.maxAge`.
    #[serde(deserialize_with = "duration")]
    pub idle_timeout: Duration,
    /// A session has ended so long after its beginning, however much it was used (OWASP ASVS
    /// 7.3.2). Express has nothing like it.
    #[serde(deserialize_with = "duration")]
    pub absolute_timeout: Duration,
    /// The attributes of the cookie.
    pub cookie: CookieOptions,
}

/// Attributes of a new session's cookie; Express: `cookie.*`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CookieOptions {
    /// No script in the page can read it.
    pub http_only: bool,
    /// Whether requests that other sites start carry it.
    pub same_site: SameSiteOption,
    /// Sent over https only. `"auto"`: exactly when the request that got it came over https.
    pub secure: Secure,
    /// The part of the site that gets it.
    pub path: String,
    /// Absent: this host only, the safest. Given: its subdomains get the cookie as well.
    pub domain: Option<String>,
}

/// What `secure` may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Secure {
    Always(bool),
    Auto(Auto),
}

/// What `same_site` may be: a name; `"auto"`, which is `"none"` over https and `"lax"` otherwise;
/// true for strict; false to leave the attribute out, which is the browser's choice then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum SameSiteOption {
    Flag(bool),
    Name(SameSiteName),
}

/// The words that `same_site` takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SameSiteName {
    Lax,
    Strict,
    None,
    Auto,
}

impl SameSiteOption {
    /// As express-session writes it into the session: "auto" decided, the others as they were set.
    fn record(self, https: bool) -> Value {
        match self {
            Self::Flag(strict) => strict.into(),
            Self::Name(SameSiteName::Strict) => "strict".into(),
            Self::Name(SameSiteName::None) => "none".into(),
            Self::Name(SameSiteName::Auto) if https => "none".into(),
            Self::Name(SameSiteName::Lax | SameSiteName::Auto) => "lax".into(),
        }
    }
}

/// The one word that `secure` takes besides true and false.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Auto {
    Auto,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            name: "connect.sid".to_owned(),
            secret: Secrets::new(vec![DEVELOPMENT_SECRET.to_owned()]).expect("one secret"),
            store: StoreKind::Mongodb,
            collection: "sessions".to_owned(),
            stringify: true,
            resave: false,
            save_uninitialized: false,
            rolling: false,
            touch_after: Duration::from_secs(5 * 60),
            idle_timeout: Duration::from_secs(24 * 60 * 60),
            absolute_timeout: Duration::from_secs(14 * 24 * 60 * 60),
            cookie: CookieOptions::default(),
        }
    }
}

impl Default for CookieOptions {
    fn default() -> Self {
        Self {
            http_only: true,
            same_site: SameSiteOption::Name(SameSiteName::Lax),
            secure: Secure::Auto(Auto::Auto),
            path: "/".to_owned(),
            domain: None,
        }
    }
}

impl CookieOptions {
    /// Browsers refuse it otherwise (RFC 6265bis, 4.1.3.2).
    fn fits_host_prefix(&self) -> bool {
        self.path == "/" && self.domain.is_none() && self.secure != Secure::Always(false)
    }
}

impl Options {
    /// Refuses what no session could live with.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub fn check(&self) -> Result<(), &'static str> {
        // RFC 6265, 4.1.1: a cookie's name is a token.
        let is_token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
        let attributes = [Some(&self.cookie.path), self.cookie.domain.as_ref()];
        if self.name.is_empty() || !self.name.chars().all(is_token) {
            Err("the name of a cookie is letters, digits and signs such as . - _")
        } else if self.name.starts_with("__Host-") && !self.cookie.fits_host_prefix() {
            Err("a cookie called __Host-… has the path /, no domain, and is not secure = false")
        } else if self.collection.is_empty() {
            Err("the collection needs a name")
        } else if self.idle_timeout.is_zero() || self.absolute_timeout.is_zero() {
            Err("a session that ends at once is none: idle_timeout and absolute_timeout are over 0")
        } else if !attributes.into_iter().flatten().all(|text| is_attribute_value(text)) {
            Err("cookie.path or cookie.domain has a character that no cookie can have")
        } else {
            Ok(())
        }
    }

    /// The cookie of a new session, for a request that came over https or did not.
    pub fn new_cookie(&self, https: bool) -> CookieRecord {
        let secure = match self.cookie.secure {
            Secure::Always(secure) => secure,
            Secure::Auto(Auto::Auto) => https,
        };
        // The end is set when the session is saved.
        CookieRecord::new([
            ("originalMaxAge", Some(json!(millis(self.idle_timeout)))),
            ("expires", Some(Value::Null)),
            ("secure", Some(json!(secure))),
            ("httpOnly", Some(json!(self.cookie.http_only))),
            ("domain", self.cookie.domain.as_ref().map(|domain| json!(domain))),
            ("path", Some(json!(self.cookie.path))),
            ("sameSite", Some(self.cookie.same_site.record(https))),
        ])
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

fn secrets<'de, D: Deserializer<'de>>(from: D) -> Result<Secrets, D::Error> {
    let list = match OneOrMany::deserialize(from)? {
        OneOrMany::One(text) => text.split(',').map(|part| part.trim().to_owned()).collect(),
        OneOrMany::Many(list) => list,
    };
    Secrets::new(list).ok_or_else(|| de::Error::custom("a secret is missing or empty"))
}

#[derive(Deserialize)]
#[serde(untagged)]
enum SecondsOrWords {
    Seconds(u64),
    Words(String),
}

fn duration<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
    let duration = match SecondsOrWords::deserialize(from)? {
        SecondsOrWords::Seconds(seconds) => Duration::from_secs(seconds),
        SecondsOrWords::Words(words) => humantime::parse_duration(&words).map_err(|_| {
            de::Error::custom(format!("{words:?} is no duration, write \"5 minutes\""))
        })?,
    };
    Ok(duration)
}

#[cfg(test)]
mod tests {
    use cookie::SameSite;

    use super::*;

    #[test]
    fn durations_are_words_or_seconds() {
        let check = |json: &str, seconds: u64| {
            let options: Options = serde_json::from_str(json).unwrap();
            assert_eq!(options.touch_after, Duration::from_secs(seconds), "{json}");
        };
        check(r#"{"touch_after":"5 minutes"}"#, 300);
        check(r#"{"touch_after":"1 day"}"#, 86_400);
        check(r#"{"touch_after":90}"#, 90);
        assert!(serde_json::from_str::<Options>(r#"{"touch_after":"soon"}"#).is_err());
    }

    #[test]
    fn several_secrets_are_a_list_or_a_text_with_commas() {
        for json in [r#"{"secret":"new, old"}"#, r#"{"secret":["new","old"]}"#] {
            let options: Options = serde_json::from_str(json).unwrap();
            assert_eq!(options.secret.iter().collect::<Vec<_>>(), ["new", "old"]);
        }
        assert!(serde_json::from_str::<Options>(r#"{"secret":"new,"}"#).is_err());
        assert!(serde_json::from_str::<Options>(r#"{"secret":[]}"#).is_err());
    }

    #[test]
    fn a_misspelt_option_is_refused() {
        assert!(serde_json::from_str::<Options>(r#"{"idle_timeuot":"1 day"}"#).is_err());
        assert!(serde_json::from_str::<Options>(r#"{"cookie":{"secure":"maybe"}}"#).is_err());
    }

    #[test]
    fn secure_auto_follows_the_request() {
        let options = Options::default();
        assert!(options.new_cookie(true).is_secure());
        assert!(!options.new_cookie(false).is_secure());
    }

    #[test]
    fn same_site_takes_express_sessions_words() {
        let check = |json: &str, http: Option<SameSite>, https: Option<SameSite>| {
            let json = format!(r#"{{"cookie":{{"same_site":{json}}}}}"#);
            let options: Options = serde_json::from_str(&json).unwrap();
            assert_eq!(options.new_cookie(false).same_site(), http, "{json}");
            assert_eq!(options.new_cookie(true).same_site(), https, "{json}");
        };
        check("false", None, None);
        check("true", Some(SameSite::Strict), Some(SameSite::Strict));
        check(r#""none""#, Some(SameSite::None), Some(SameSite::None));
        check(r#""auto""#, Some(SameSite::Lax), Some(SameSite::None));
        assert!(serde_json::from_str::<Options>(r#"{"cookie":{"same_site":"Lax"}}"#).is_err());
    }
}
