//! What a session holds, as the JSON that express-session writes: `{"cookie":{…},"passport":{…},…}`.
//!
//! `cookie_record.rs` reads the cookie object. Every other value stays raw text under its key, so that what
//! another program stored survives our save byte for byte.

use indexmap::IndexMap;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};

use crate::cookie_record::CookieRecord;
use crate::error::{SetError, Unreadable};

/// The values of a session by their keys, without `cookie`, in the order in which they were set.
pub type Values = IndexMap<String, Box<RawValue>>;

/// The key under which passport keeps who is logged in.
///
/// Only a session with a new ID takes a login ([`Session::regenerate`](crate::Session::regenerate)).
/// Otherwise an attacker who planted an ID in the user's browser would share the login (session fixation,
/// OWASP ASVS 7.2.4).
pub const LOGIN_KEY: &str = "passport";

/// Keys that mean something else on the session object of Express, which drops values under them.
pub const RESERVED_KEYS: [&str; 19] = [
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

/// Whether a handler may set a value under this key.
pub(crate) fn check_key(key: &str) -> Result<(), SetError> {
    if key == LOGIN_KEY {
        return Err(SetError::LoginOnly(key.to_owned()));
    }
    if RESERVED_KEYS.contains(&key) {
        return Err(SetError::Reserved(key.to_owned()));
    }
    Ok(())
}

/// The JSON of a value that a handler may set under this key.
pub(crate) fn checked_raw<T: Serialize + ?Sized>(
    key: &str,
    value: &T,
) -> Result<Box<RawValue>, SetError> {
    check_key(key)?;
    to_raw(key, value)
}

/// The data of a session: the attributes of its cookie, and its values.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SessionData {
    /// The attributes that its cookie is sent with.
    pub cookie: CookieRecord,
    /// Everything else.
    pub values: Values,
}

impl SessionData {
    pub(crate) fn new(cookie: CookieRecord, values: Values) -> Self {
        Self { cookie, values }
    }

    /// Reads session JSON.
    ///
    /// # Errors
    /// Without a `cookie` object it is no session (Express answers 500 there).
    ///
    /// ```
    /// use rocket_express_session::SessionData;
    ///
    /// let json = r#"{"cookie":{"originalMaxAge":60000},"passport":{"user":7}}"#;
    /// let data = SessionData::from_json(json)?;
    /// assert_eq!((data.login(), data.to_json().as_str()), (Some(7), json));
    /// # Ok::<(), rocket_express_session::Unreadable>(())
    /// ```
    pub fn from_json(json: &str) -> Result<Self, Unreadable> {
        let mut values: Values =
            serde_json::from_str(json).map_err(|_| Unreadable("no JSON object"))?;
        let cookie = values.shift_remove("cookie").ok_or(Unreadable("no cookie object"))?;
        let members = serde_json::from_str(cookie.get());
        let members = members.map_err(|_| Unreadable("the cookie is no object"))?;
        Ok(Self { cookie: CookieRecord::read(members)?, values })
    }

    /// The session as JSON: `cookie` first, then the values in the order in which they were set.
    pub fn to_json(&self) -> String {
        let cookie = to_raw_value(self.cookie.members()).expect("raw JSON is JSON");
        let mut all: IndexMap<&str, &RawValue> = IndexMap::with_capacity(self.values.len() + 1);
        all.insert("cookie", &cookie);
        all.extend(self.values.iter().map(|(key, value)| (key.as_str(), &**value)));
        serde_json::to_string(&all).expect("raw JSON is JSON")
    }

    /// The ID of the user who is logged in, as the app's own type: passport's `session.passport.user`.
    ///
    /// `None`: the session is anonymous, or the ID is no `T`. An app of passport may store an object for
    /// the user; then the ID is its member `_id` or `id`.
    pub fn login<T: DeserializeOwned>(&self) -> Option<T> {
        login(self.values.get(LOGIN_KEY)?)
    }

    /// The user's ID as text, by which a store finds the sessions of a user: see [`user_key`].
    pub fn user_key(&self) -> Option<String> {
        user_key_of(self.values.get(LOGIN_KEY)?)
    }
}

/// The ID of a user as text, however an app stored it. `None` for an ID that is no text and no number.
///
/// Text stays as it is, but for the 24 hexadecimal digits of an `ObjectId`, which are in lower case. A number
/// is written in digits. So a user's sessions are found whether an app stored `7` or `"7"`.
pub fn user_key<T: Serialize + ?Sized>(id: &T) -> Option<String> {
    let UserKey(key) = serde_json::from_value(serde_json::to_value(id).ok()?).ok()?;
    Some(key)
}

/// The [`user_key`] in what stands under [`LOGIN_KEY`].
pub(crate) fn user_key_of(passport: &RawValue) -> Option<String> {
    login::<UserKey>(passport).map(|UserKey(key)| key)
}

/// See [`user_key`].
#[derive(Deserialize)]
#[serde(try_from = "Value")]
struct UserKey(String);

impl TryFrom<Value> for UserKey {
    type Error = Unreadable;

    fn try_from(id: Value) -> Result<Self, Unreadable> {
        match id {
            Value::Number(number) => Ok(Self(number.to_string())),
            Value::String(text) if is_object_id(&text) => Ok(Self(text.to_ascii_lowercase())),
            Value::String(text) if !text.is_empty() => Ok(Self(text)),
            _ => Err(Unreadable("an ID that is no text and no number")),
        }
    }
}

fn is_object_id(text: &str) -> bool {
    text.len() == 24 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The user in what stands under [`LOGIN_KEY`], `{"user":…}`. passport 0.7 takes values that JavaScript
/// counts as false for no user, but for 0.
pub(crate) fn login<T: DeserializeOwned>(passport: &RawValue) -> Option<T> {
    let passport: Value = serde_json::from_str(passport.get()).ok()?;
    let user = passport.get("user")?;
    let ids = [Some(user), user.get("_id"), user.get("id")].into_iter().flatten();
    let mut ids = ids.filter(|id| !matches!(id, Value::Null | Value::Bool(false)) && *id != "");
    ids.find_map(|id| T::deserialize(id).ok())
}

/// A value for this key as JSON text. Fails for what JSON cannot express (a map whose keys are no strings).
pub(crate) fn to_raw<T: Serialize + ?Sized>(
    key: &str,
    value: &T,
) -> Result<Box<RawValue>, SetError> {
    to_raw_value(value).map_err(|_| SetError::NotJson(key.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TUTORIAL: &str = r#"{"cookie":{"originalMaxAge":86400000,"expires":"2026-01-02T03:04:05.678Z","httpOnly":true,"path":"/"},"passport":{"user":"507f1f77bcf86cd799439011"}}"#;

    #[test]
    fn what_express_wrote_is_written_back_as_it_was() {
        assert_eq!(SessionData::from_json(TUTORIAL).unwrap().to_json(), TUTORIAL);
    }

    #[test]
    fn unknown_values_survive_to_the_byte() {
        let odd = r#"{"cookie":{"originalMaxAge":null,"expires":null},"a":{"x": 1.50, "y":"\ud800"},"b":1e3,"c":[ ]}"#;
        assert_eq!(SessionData::from_json(odd).unwrap().to_json(), odd);
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
            assert!(SessionData::from_json(json).is_err(), "{json}");
        }
    }

    fn data(user: &str) -> SessionData {
        let json = format!(r#"{{"cookie":{{}},"passport":{{"user":{user}}}}}"#);
        SessionData::from_json(&json).unwrap()
    }

    #[test]
    fn a_login_has_a_key_in_each_form_that_apps_store() {
        let check = |user: &str, expected: Option<&str>| {
            assert_eq!(data(user).user_key().as_deref(), expected, "{user}");
        };
        let id = Some("507f1f77bcf86cd799439011");
        check(r#""507f1f77bcf86cd799439011""#, id);
        check(r#""507F1F77BCF86CD799439011""#, id);
        check(r#""507F1f77bcf86cd799439011""#, id);
        check(r#"{"_id":"507f1f77bcf86cd799439011","id":7,"hash":"x"}"#, id);
        check(r#"{"id":"507F1F77BCF86CD799439011","username":"vera"}"#, id);
        check("7", Some("7"));
        check(r#""7""#, Some("7"));
        check("0", Some("0"));
        check("-1.5", Some("-1.5"));
        check(r#""vera""#, Some("vera"));
        check(r#""Vera""#, Some("Vera"));
        let uuid = "550e8400-e29b-41d4-a716-446655440000";
        check(&format!("{uuid:?}"), Some(uuid));
        for user in ["null", "false", "true", r#""""#, "[7]", "{}", r#"{"id":null}"#] {
            check(user, None);
        }
        assert_eq!((user_key(&7), user_key("7")), (Some("7".to_owned()), Some("7".to_owned())));
        assert_eq!((user_key(""), user_key(&[7])), (None, None));
    }

    #[test]
    fn a_login_is_read_as_the_type_that_the_app_has() {
        assert_eq!(data("7").login::<i64>(), Some(7));
        assert_eq!(data("0").login::<u8>(), Some(0));
        assert_eq!(data(r#""7""#).login::<i64>(), None, "text is no number");
        assert_eq!(data(r#"{"_id":7}"#).login::<i64>(), Some(7));
        assert_eq!(data("[1,2]").login::<(i64, i64)>(), Some((1, 2)));
        assert_eq!(data(r#""""#).login::<String>(), None);
        assert_eq!(data("null").login::<Option<i64>>(), None);
        assert_eq!(data("false").login::<bool>(), None);
    }
}
