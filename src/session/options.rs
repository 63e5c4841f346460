//! `[default.session]` of Rocket.toml: the options of express-session that make sense here.
//!
//! Each field says what it does and when one wants it otherwise; the defaults stand in one place,
//! `Options::default`. Durations are words ("5 minutes") or a whole number of seconds.

mod check;

use std::time::Duration;

use rocket::figment::providers::{Format as _, Toml};
use serde::{Deserialize, Deserializer, de};
use serde_json::{Value, json};

use super::record::CookieRecord;
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
    /// A text that begins with `[` is a list in TOML. Express: `secret`.
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

impl Options {
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
    let list = match OneOrMany::deserialize(from) {
        // serde's own words name types of ours.
        Err(_) => return Err(de::Error::custom("must be a text or a list of texts")),
        Ok(OneOrMany::One(text)) if text.trim_start().starts_with('[') => toml_list(&text)
            .ok_or_else(|| {
                de::Error::custom("begins with [ but is not a list: write [\"new, 1\", \"old\"]")
            })?,
        Ok(OneOrMany::One(text)) => text.split(',').map(|part| part.trim().to_owned()).collect(),
        Ok(OneOrMany::Many(list)) => list,
    };
    Secrets::new(list).ok_or_else(|| de::Error::custom("a secret is missing or empty"))
}

/// A secret with a comma can only be written in a list. A variable has nothing but text.
fn toml_list(text: &str) -> Option<Vec<String>> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Line {
        list: Vec<String>,
    }
    // The error would repeat the text.
    Toml::from_str::<Line>(&format!("list = {}", text.trim())).ok().map(|line| line.list)
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
        let list = r#"{"secret":" [\"a,b\", \"older\"] "}"#;
        let options: Options = serde_json::from_str(list).unwrap();
        assert_eq!(options.secret.iter().collect::<Vec<_>>(), ["a,b", "older"]);
        for bad in
            [r#""new,""#, "[]", "5", r#""[]""#, r#""[hunter2""#, r#""[1]""#, r#""[\"a\"]\nx=1""#]
        {
            let error = serde_json::from_str::<Options>(&format!("{{\"secret\":{bad}}}"));
            assert!(!error.unwrap_err().to_string().contains("hunter2"), "{bad}");
        }
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
