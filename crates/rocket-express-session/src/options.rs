//! The options of express-session that make sense in Rocket, with its names.
//!
//! Each field says what it does and when to change it; the defaults stand in one place, `Options::default`.
//! In Rocket.toml, a duration is text ("5 minutes") or a whole number of seconds.

mod check;

use std::time::Duration;

use rocket::figment::providers::{Format as _, Toml};
use serde::{Deserialize, Deserializer, de};

use crate::signature::Secrets;

/// The options of one kind of session.
///
/// [`Sessions::builder`](crate::Sessions::builder) has a method for each. They can also be read from
/// Rocket.toml, where an unknown option is an error:
///
/// ```
/// use rocket::figment::{Figment, providers::{Format, Toml}};
/// use rocket_express_session::Options;
///
/// let toml = "[default.session]\ntouch_after = '1 minute'";
/// # let figment = Figment::new().merge(Toml::string(toml).nested());
/// // In an app: let figment = rocket::Config::figment();
/// let mut options: Options = figment.extract_inner("session")?;
/// options.rolling = true;
/// # assert_eq!(options.touch_after.as_secs(), 60);
/// # Ok::<(), rocket::figment::Error>(())
/// ```
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct Options {
    /// The cookie's name, `connect.sid`. Change it when several apps share a host name. Express: `name`.
    pub name: String,
    /// The secrets that sign the cookie. There is no default: the start fails without one. In Rocket.toml, a
    /// list rotates the secrets, and so does a text with commas (for environment variables): see [`Secrets`].
    /// Express: `secret`.
    #[serde(deserialize_with = "secrets")]
    pub secret: Secrets,
    /// Off. On: writes the session at the end of each request that asks for it, even if nothing changed. It
    /// costs a write each time, and is for stores that cannot touch; every [`Store`](crate::store::Store)
    /// can. Express: `resave`.
    pub resave: bool,
    /// Off. On: stores a session, and sends its cookie, before there is anything in it. Each bot then leaves
    /// a session. Express: `saveUninitialized`.
    pub save_uninitialized: bool,
    /// Off. On: sends the cookie with the response to each request that asks for its session, so that the
    /// browser's expiry is extended as well. Express: `rolling`.
    pub rolling: bool,
    /// Off. On: sends the cookie again whenever a request extends its session, so that a cookie with an
    /// expiry lasts as long as the session. It costs one `Set-Cookie` in each
    /// [`touch_after`](Self::touch_after), where `rolling` costs one in each response. Express has no such
    /// option. Set in code, not in Rocket.toml.
    #[serde(skip)]
    pub renew_cookie: bool,
    /// 5 minutes. The expiry of an unmodified session is extended only if its last write is older than this.
    /// Longer: fewer writes, and a less exact idle timeout. connect-mongo: `touchAfter`.
    #[serde(deserialize_with = "deserialize_duration")]
    pub touch_after: Duration,
    /// 1 day. A session expires in the store when no request has used it for this long. The browser deletes
    /// its cookie this long after the last *change* of the session, unless [`rolling`](Self::rolling) or
    /// [`renew_cookie`](Self::renew_cookie) is on, or the cookie has no expiry
    /// ([`end_with_browser`](crate::RegeneratedSession::end_with_browser)).
    /// Express: `cookie.maxAge`.
    #[serde(deserialize_with = "deserialize_duration")]
    pub idle_timeout: Duration,
    /// 14 days. A session expires this long after its creation, regardless of activity (OWASP ASVS 7.3.2).
    /// Express has no such option.
    #[serde(deserialize_with = "deserialize_duration")]
    pub absolute_timeout: Duration,
    /// The attributes of the cookie.
    pub cookie: CookieOptions,
}

/// The attributes of a new session's cookie; Express: `cookie.*`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct CookieOptions {
    /// On: no script in a page can read the cookie.
    pub http_only: bool,
    /// `"lax"`: which requests that other sites start carry the cookie.
    pub same_site: SameSiteOption,
    /// `"auto"`: the browser sends the cookie over https only, if the request that created the session came
    /// over https.
    pub secure: Secure,
    /// `"/"`: the part of the site that receives the cookie.
    pub path: String,
    /// None, the safest: only this host receives the cookie. With a domain, its subdomains do as well.
    pub domain: Option<String>,
}

/// A value of [`CookieOptions::secure`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Secure {
    /// `true`: over https only. `false`: over http as well.
    Always(bool),
    /// `"auto"`: as the request that creates the session came.
    Auto(Auto),
}

/// A value of [`CookieOptions::same_site`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum SameSiteOption {
    /// `true`: strict. `false`: no attribute, so that the browser's own default holds.
    Flag(bool),
    /// One of the names.
    Name(SameSiteName),
}

/// The names that [`CookieOptions::same_site`] takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SameSiteName {
    /// Links and GET forms on other sites carry the cookie, POST forms do not.
    Lax,
    /// No request that another site starts carries the cookie.
    Strict,
    /// All requests carry the cookie. Browsers require `Secure` with it.
    None,
    /// `None` over https, `Lax` otherwise.
    Auto,
}

/// The word that [`CookieOptions::secure`] takes besides true and false.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Auto {
    /// `"auto"`.
    Auto,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            name: "connect.sid".to_owned(),
            secret: Secrets::default(),
            resave: false,
            save_uninitialized: false,
            rolling: false,
            renew_cookie: false,
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

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

fn secrets<'de, D: Deserializer<'de>>(from: D) -> Result<Secrets, D::Error> {
    let list = match OneOrMany::deserialize(from) {
        Err(_) => return Err(de::Error::custom("must be a string or a list of strings")),
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

/// Reads a duration of the settings: text such as `"5 minutes"`, or a whole number of seconds. For serde's
/// `deserialize_with`, so that an app's own durations are written as those of [`Options`].
///
/// # Errors
/// The value is neither.
pub fn deserialize_duration<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
    let duration = match SecondsOrWords::deserialize(from)? {
        SecondsOrWords::Seconds(seconds) => Duration::from_secs(seconds),
        SecondsOrWords::Words(words) => humantime::parse_duration(&words).map_err(|_| {
            de::Error::custom(format!(
                "{words:?} is not a duration: write \"5 minutes\", or a number of seconds"
            ))
        })?,
    };
    Ok(duration)
}

#[cfg(test)]
mod tests {
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
}
