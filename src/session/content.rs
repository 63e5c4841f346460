//! The coat: what a session holds, as the JSON that express-session writes.
//!
//! `{"cookie":{…},"passport":{…},…}`. The cookie object is understood; everything else stays raw
//! text under its key, so that what another program put there survives our save byte for byte.
//! How this is wrapped into a MongoDB document is for `store/document.rs`.

use cookie::SameSite;
use indexmap::IndexMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

use super::timestamp::Timestamp;

/// The top-level values of a session except `cookie`, in the order they were set.
pub type Values = IndexMap<String, Box<RawValue>>;

/// The key under which passport keeps who is logged in. It can be set only on a session that has
/// just got a new id (`Session::regenerate`): an attacker who planted an id in somebody's
/// browser would otherwise share the login (session fixation, OWASP ASVS 7.2.4).
pub const LOGIN_KEY: &str = "passport";

/// Keys that mean something else on the session object of Express, which therefore drops them.
const RESERVED: [&str; 19] = [
    "id",
    "req",
    "cookie",
    "touch",
    "save",
    "reload",
    "destroy",
    "regenerate",
    "resetMaxAge",
    "lastModified",
    "constructor",
    "toString",
    "toLocaleString",
    "valueOf",
    "hasOwnProperty",
    "isPrototypeOf",
    "propertyIsEnumerable",
    "toJSON",
    "__proto__",
];

/// True for keys that a program cannot store in a session that Express may read.
pub fn is_reserved(key: &str) -> bool {
    RESERVED.contains(&key)
}

/// The `cookie` object in a session: the attributes its cookie was sent with.
///
/// The order of the fields is the order in which express-session writes them; absent ones are
/// left out of the JSON. A session that was loaded is sent with these, not with the settings.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct CookieRecord {
    /// Milliseconds from each save to the end; `null` for a cookie that ends with the browser.
    /// Always written, and always as a number or null: a string makes an Express process exit.
    #[serde(deserialize_with = "whole_number")]
    pub original_max_age: Option<i64>,
    /// Kept apart for each site that embeds ours (CHIPS).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partitioned: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) priority: Option<String>,
    /// When the browser will drop its cookie. The document's own `expires` decides on the server.
    #[serde(serialize_with = "iso_or_null", deserialize_with = "iso")]
    pub expires: Option<Timestamp>,
    /// Sent over https only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secure: Option<bool>,
    /// Hidden from scripts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http_only: Option<bool>,
    /// The host whose subdomains get it as well.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub domain: Option<String>,
    /// The part of the site that gets it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) same_site: Option<SameSiteRecord>,
}

/// Express takes `true` for strict and `false` for none at all, besides the names.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum SameSiteRecord {
    Flag(bool),
    Name(String),
}

impl CookieRecord {
    /// Which requests of other sites carry it; `None` for what no browser knows.
    pub fn same_site(&self) -> Option<SameSite> {
        match self.same_site.as_ref()? {
            SameSiteRecord::Flag(strict) => strict.then_some(SameSite::Strict),
            SameSiteRecord::Name(name) => match name.to_ascii_lowercase().as_str() {
                "strict" => Some(SameSite::Strict),
                "lax" => Some(SameSite::Lax),
                "none" => Some(SameSite::None),
                _ => None,
            },
        }
    }

    /// Which cookies a full jar keeps, in the spelling of the `Set-Cookie` line.
    pub fn priority(&self) -> Option<&'static str> {
        match self.priority.as_ref()?.to_ascii_lowercase().as_str() {
            "low" => Some("Low"),
            "medium" => Some("Medium"),
            "high" => Some("High"),
            _ => None,
        }
    }
}

/// All of a session: what the store reads and writes.
#[derive(Clone, Debug)]
pub struct Content {
    /// The attributes its cookie was sent with.
    pub cookie: CookieRecord,
    /// Everything else.
    pub values: Values,
}

/// The text is no session that express-session could have written. Holds no content: a log line
/// may say why, never what.
#[derive(Debug, thiserror::Error)]
#[error("not a readable session: {0}")]
pub struct Unreadable(pub &'static str);

impl Content {
    /// Refuses a cookie whose attributes would break out of a `Set-Cookie` line: they stand in a
    /// document that others can write.
    pub fn new(cookie: CookieRecord, values: Values) -> Result<Self, Unreadable> {
        let texts = [&cookie.domain, &cookie.path];
        if texts.into_iter().flatten().all(|text| is_attribute_value(text)) {
            Ok(Self { cookie, values })
        } else {
            Err(Unreadable("a cookie with an impossible attribute"))
        }
    }

    /// Who is logged in: see [`login_id`].
    pub fn login(&self) -> Option<String> {
        login_id(self.values.get(LOGIN_KEY)?)
    }

    /// Reads session JSON. Without a `cookie` object it is no session (Express answers 500 there).
    pub fn parse(json: &str) -> Result<Self, Unreadable> {
        let mut values: Values =
            serde_json::from_str(json).map_err(|_| Unreadable("no JSON object"))?;
        let cookie = values.shift_remove("cookie").ok_or(Unreadable("no cookie object"))?;
        let cookie = cookie.get();
        if !cookie.starts_with('{') {
            return Err(Unreadable("the cookie is no object"));
        }
        let cookie: CookieRecord =
            serde_json::from_str(cookie).map_err(|_| Unreadable("a cookie with wrong types"))?;
        Self::new(cookie, values)
    }

    /// The session as JSON, `cookie` first, without any white space of ours.
    pub fn to_json(&self) -> String {
        let cookie = to_raw(&self.cookie).expect("a cookie record is plain data");
        let mut all: IndexMap<&str, &RawValue> = IndexMap::with_capacity(self.values.len() + 1);
        all.insert("cookie", &cookie);
        all.extend(self.values.iter().map(|(key, value)| (key.as_str(), &**value)));
        serde_json::to_string(&all).expect("raw JSON is JSON")
    }
}

/// The id in what stands under [`LOGIN_KEY`], passport's `{"user":"<24 hex>"}`. Whatever else
/// stands there is nobody.
pub fn login_id(passport: &RawValue) -> Option<String> {
    let passport: serde_json::Value = serde_json::from_str(passport.get()).ok()?;
    let id = passport.get("user")?.as_str()?;
    let is_id = id.len() == 24 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_id.then(|| id.to_owned())
}

/// Whether a text can be the value of a cookie attribute (RFC 6265, 4.1.1: no control characters,
/// no semicolon).
pub fn is_attribute_value(text: &str) -> bool {
    text.bytes().all(|byte| (b' '..=b'~').contains(&byte) && byte != b';')
}

/// A value as raw JSON text. Fails for what JSON cannot say (a map whose keys are no strings).
pub fn to_raw<T: Serialize + ?Sized>(value: &T) -> serde_json::Result<Box<RawValue>> {
    serde_json::value::to_raw_value(value)
}

fn whole_number<'de, D: Deserializer<'de>>(from: D) -> Result<Option<i64>, D::Error> {
    // JavaScript has one kind of number; Express may have computed a fraction.
    #[expect(clippy::cast_possible_truncation, reason = "`as` saturates, and NaN is no JSON")]
    Ok(Option::<f64>::deserialize(from)?.map(|number| number as i64))
}

fn iso<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Timestamp>, D::Error> {
    let Some(text) = Option::<String>::deserialize(from)? else {
        return Ok(None);
    };
    let date = Timestamp::from_iso(&text);
    date.map(Some).ok_or_else(|| serde::de::Error::custom("no date"))
}

fn iso_or_null<S: Serializer>(date: &Option<Timestamp>, to: S) -> Result<S::Ok, S::Error> {
    date.map(Timestamp::to_iso).serialize(to)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TUTORIAL: &str = r#"{"cookie":{"originalMaxAge":86400000,"expires":"2026-01-02T03:04:05.678Z","httpOnly":true,"path":"/"},"passport":{"user":"507f1f77bcf86cd799439011"}}"#;

    #[test]
    fn what_express_wrote_is_written_back_as_it_was() {
        assert_eq!(Content::parse(TUTORIAL).unwrap().to_json(), TUTORIAL);
    }

    #[test]
    fn unknown_values_survive_to_the_byte() {
        let odd = r#"{"cookie":{"originalMaxAge":null,"expires":null},"a":{"x": 1.50, "y":"\ud800"},"b":1e3,"c":[ ]}"#;
        assert_eq!(Content::parse(odd).unwrap().to_json(), odd);
    }

    #[test]
    fn what_is_no_session_is_unreadable() {
        for json in [
            "",
            "null",
            "[]",
            "{}",
            "{",
            r#"{"cookie":1}"#,
            r#"{"cookie":null}"#,
            r#"{"cookie":[]}"#,
            r#"{"cookie":{"originalMaxAge":"86400000"}}"#,
            r#"{"cookie":{"expires":"soon"}}"#,
            r#"{"cookie":{"path":7}}"#,
            r#"{"cookie":{"path":"/; Domain=evil"}}"#,
            r#"{"cookie":{"domain":"a\r\nb"}}"#,
        ] {
            assert!(Content::parse(json).is_err(), "{json}");
        }
    }

    #[test]
    fn same_site_is_understood_in_every_spelling_of_express() {
        let check = |json: &str, expected: Option<SameSite>| {
            let record: CookieRecord = serde_json::from_str(json).unwrap();
            assert_eq!(record.same_site(), expected, "{json}");
        };
        check(r#"{"sameSite":true}"#, Some(SameSite::Strict));
        check(r#"{"sameSite":false}"#, None);
        check(r#"{"sameSite":"Lax"}"#, Some(SameSite::Lax));
        check(r#"{"sameSite":"none"}"#, Some(SameSite::None));
        check("{}", None);
    }
}
