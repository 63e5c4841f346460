//! The coat: what a session holds, as the JSON that express-session writes.
//!
//! `{"cookie":{…},"passport":{…},…}`. The cookie object is for `record.rs`; everything else stays raw
//! text under its key, so that what another program put there survives our save byte for byte.
//! How this is wrapped into a MongoDB document is for `store/document.rs`.

use indexmap::IndexMap;
use serde::Serialize;
use serde_json::value::RawValue;

use super::record::CookieRecord;

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
    /// Who is logged in: see [`login_id`].
    pub fn login(&self) -> Option<String> {
        login_id(self.values.get(LOGIN_KEY)?)
    }

    /// Reads session JSON. Without a `cookie` object it is no session (Express answers 500 there).
    pub fn parse(json: &str) -> Result<Self, Unreadable> {
        let mut values: Values =
            serde_json::from_str(json).map_err(|_| Unreadable("no JSON object"))?;
        let cookie = values.shift_remove("cookie").ok_or(Unreadable("no cookie object"))?;
        let members = serde_json::from_str(cookie.get());
        let members = members.map_err(|_| Unreadable("the cookie is no object"))?;
        Ok(Self { cookie: CookieRecord::read(members)?, values })
    }

    /// The session as JSON, `cookie` first, without any white space of ours.
    pub fn to_json(&self) -> String {
        let cookie = to_raw(self.cookie.members()).expect("raw JSON is JSON");
        let mut all: IndexMap<&str, &RawValue> = IndexMap::with_capacity(self.values.len() + 1);
        all.insert("cookie", &cookie);
        all.extend(self.values.iter().map(|(key, value)| (key.as_str(), &**value)));
        serde_json::to_string(&all).expect("raw JSON is JSON")
    }
}

/// The user ID in what stands under [`LOGIN_KEY`], in lower case. `{"user":"<24 hex>"}` is passport's
/// usual form; an app may also store an object that holds the ID as `_id` or `id`. All else is anonymous.
pub fn login_id(passport: &RawValue) -> Option<String> {
    let passport: serde_json::Value = serde_json::from_str(passport.get()).ok()?;
    let user = passport.get("user")?;
    [Some(user), user.get("_id"), user.get("id")].into_iter().flatten().find_map(|id| {
        let id = id.as_str()?;
        let is_id = id.len() == 24 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_id.then(|| id.to_ascii_lowercase())
    })
}

/// A value as raw JSON text. Fails for what JSON cannot say (a map whose keys are no strings).
pub fn to_raw<T: Serialize + ?Sized>(value: &T) -> serde_json::Result<Box<RawValue>> {
    serde_json::value::to_raw_value(value)
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
            r#"{"cookie":{"originalMaxAge":true}}"#,
            r#"{"cookie":{"path":"/; Domain=evil"}}"#,
            r#"{"cookie":{"domain":"a\r\nb"}}"#,
        ] {
            assert!(Content::parse(json).is_err(), "{json}");
        }
    }

    #[test]
    fn a_login_is_read_in_each_form_that_apps_store() {
        let check = |user: &str, expected: Option<&str>| {
            let passport = RawValue::from_string(format!(r#"{{"user":{user}}}"#)).unwrap();
            assert_eq!(login_id(&passport).as_deref(), expected, "{user}");
        };
        let id = Some("507f1f77bcf86cd799439011");
        check(r#""507f1f77bcf86cd799439011""#, id);
        check(r#""507F1F77BCF86CD799439011""#, id);
        check(r#""507F1f77bcf86cd799439011""#, id);
        check(r#"{"_id":"507f1f77bcf86cd799439011","id":7,"hash":"x"}"#, id);
        check(r#"{"id":"507F1F77BCF86CD799439011","username":"vera"}"#, id);
        for user in ["null", "7", r#""vera""#, r#"["507f1f77bcf86cd799439011"]"#, r#"{"id":7}"#] {
            check(user, None);
        }
    }
}
