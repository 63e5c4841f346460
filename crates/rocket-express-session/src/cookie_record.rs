//! The `cookie` object in a session: the attributes that its cookie is sent with.
//!
//! What we do not change is written back byte for byte, by `data.rs` and by `mongodb/document.rs`, because
//! another program may have written it. Each method reads one member as express-session 1.19 does.

use cookie::SameSite;
use indexmap::IndexMap;
use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};

use crate::error::Unreadable;
use crate::javascript::{self as js, Timestamp, is_true};

/// The members of the object, in their order.
pub type Members = IndexMap<String, Box<RawValue>>;

const MAX_AGE: &str = "originalMaxAge";
const EXPIRES: &str = "expires";

/// The `cookie` object of a session: the attributes that its cookie is sent with.
#[derive(Clone, Debug)]
pub struct CookieRecord(Members);

/// A cookie without any attribute.
impl Default for CookieRecord {
    fn default() -> Self {
        Self::new([("httpOnly", Some(Value::Bool(false))), ("path", Some(Value::Null))])
    }
}

impl CookieRecord {
    /// The record of a new cookie, with the members that have a value.
    pub fn new<const N: usize>(members: [(&str, Option<Value>); N]) -> Self {
        let member = |(name, value): (&str, _)| Some((name.to_owned(), raw(&value?)));
        Self(members.into_iter().filter_map(member).collect())
    }

    /// The record of a stored cookie.
    ///
    /// # Errors
    /// A maximum age that makes express-session throw, or a domain or path that would end the attribute
    /// and begin another: others can write into the document.
    pub fn read(members: Members) -> Result<Self, Unreadable> {
        let cookie = Self(members);
        let has_age = cookie.member(MAX_AGE).is_some_and(is_true);
        if has_age && cookie.max_age().is_none() {
            return Err(Unreadable("a maximum age that is no number"));
        }
        let texts = ["domain", "path"].map(|name| cookie.shown(name));
        if texts.into_iter().flatten().any(|text| breaks_header(&text)) {
            return Err(Unreadable("a cookie with an impossible attribute"));
        }
        Ok(cookie)
    }

    /// The members as they stand.
    pub fn members(&self) -> &Members {
        &self.0
    }

    /// Milliseconds from each save to the end, `originalMaxAge`. `None` for a cookie that ends with the
    /// browser.
    pub fn max_age(&self) -> Option<i64> {
        // JavaScript has one kind of number, and Express may have computed a fraction.
        #[expect(clippy::cast_possible_truncation, reason = "`as` saturates, and NaN is no JSON")]
        js::number(self.member(MAX_AGE)?).map(|number| number as i64)
    }

    /// When the browser drops its cookie. The document's own `expires` decides on the server.
    pub fn expires(&self) -> Option<Timestamp> {
        js::date(&js::text(self.member(EXPIRES)?)?)
    }

    /// Whether Express sends the cookie again after a change of the session. It does so for any maximum
    /// age but a missing one and null, so also for `false`.
    pub fn has_expiry(&self) -> bool {
        self.member(MAX_AGE).is_some_and(|raw| raw.get() != "null")
    }

    /// Sent over https only.
    pub fn is_secure(&self) -> bool {
        self.member("secure").is_some_and(is_true)
    }

    /// Hidden from scripts, unless the record says otherwise.
    pub fn is_http_only(&self) -> bool {
        self.member("httpOnly").is_none_or(is_true)
    }

    /// Kept apart for each site that embeds ours (CHIPS).
    pub fn is_partitioned(&self) -> bool {
        self.member("partitioned").is_some_and(is_true)
    }

    /// The host whose subdomains get the cookie as well.
    pub fn domain(&self) -> Option<String> {
        self.shown("domain").filter(|domain| is_host(domain))
    }

    /// The part of the site that gets the cookie: all of it, unless the record says otherwise.
    pub fn path(&self) -> Option<String> {
        if self.member("path").is_none() {
            return Some("/".to_owned());
        }
        self.shown("path").filter(|path| is_attribute_value(path))
    }

    /// Which requests of other sites carry the cookie. Express takes `true` for strict.
    pub fn same_site(&self) -> Option<SameSite> {
        let raw = self.member("sameSite")?;
        if raw.get() == "true" {
            return Some(SameSite::Strict);
        }
        match js::text(raw)?.to_lowercase().as_str() {
            "strict" => Some(SameSite::Strict),
            "lax" => Some(SameSite::Lax),
            "none" => Some(SameSite::None),
            _ => None,
        }
    }

    /// Which cookies a full jar keeps, in the spelling of the `Set-Cookie` line.
    pub fn priority(&self) -> Option<&'static str> {
        match js::text(self.member("priority")?)?.to_lowercase().as_str() {
            "low" => Some("Low"),
            "medium" => Some("Medium"),
            "high" => Some("High"),
            _ => None,
        }
    }

    /// Gives the cookie another maximum age. What reads the same stays as it stands.
    pub fn set_max_age(&mut self, age: Option<i64>) {
        if age != self.max_age() {
            self.set(MAX_AGE, &age.into());
        }
    }

    /// Moves the browser's end. Without one, Express gives `expires` the value of `originalMaxAge`, which
    /// may be `false`. What reads the same stays as it stands.
    pub fn set_expires(&mut self, end: Option<Timestamp>) {
        if end == self.expires() {
            return;
        }
        match (end, self.member(MAX_AGE)) {
            (Some(end), _) => self.set(EXPIRES, &end.to_iso().into()),
            (None, Some(age)) => _ = self.0.insert(EXPIRES.to_owned(), age.to_owned()),
            (None, None) => self.set(EXPIRES, &Value::Null),
        }
    }

    fn set(&mut self, name: &str, value: &Value) {
        self.0.insert(name.to_owned(), raw(value));
    }

    fn member(&self, name: &str) -> Option<&RawValue> {
        self.0.get(name).map(|raw| &**raw)
    }

    /// A member as JavaScript puts it into a text. `None` for what is not sent: false values, and
    /// objects, which have no text of their own.
    fn shown(&self, name: &str) -> Option<String> {
        let raw = self.member(name).filter(|raw| is_true(raw))?;
        match js::number(raw) {
            Some(number) => Some(number.to_string()),
            None if raw.get() == "true" => Some("true".to_owned()),
            None => js::text(raw),
        }
    }
}

fn raw(value: &Value) -> Box<RawValue> {
    to_raw_value(value).expect("a JSON value is JSON")
}

/// Whether a text can be the value of a cookie attribute (RFC 6265, 4.1.1: no control characters,
/// no semicolon).
pub(crate) fn is_attribute_value(text: &str) -> bool {
    text.bytes().all(|byte| (b' '..=b'~').contains(&byte) && byte != b';')
}

/// Whether a text would end its attribute, or its header.
fn breaks_header(text: &str) -> bool {
    text.bytes().any(|byte| byte == b';' || byte.is_ascii_control())
}

/// Whether a text is a domain to the npm package `cookie`, more or less. It throws for any other.
fn is_host(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<CookieRecord, Unreadable> {
        CookieRecord::read(serde_json::from_str(json).unwrap())
    }

    /// After a save that ends the cookie at this moment.
    fn saved(json: &str, end: Option<&str>) -> String {
        let mut cookie = read(json).unwrap();
        cookie.set_expires(end.map(|end| js::date(end).unwrap()));
        serde_json::to_string(cookie.members()).unwrap()
    }

    #[test]
    fn same_site_is_understood_in_every_spelling_of_express() {
        for (json, expected) in [
            ("true", Some(SameSite::Strict)),
            ("false", None),
            (r#""Lax""#, Some(SameSite::Lax)),
            (r#""none""#, Some(SameSite::None)),
            ("1", None),
        ] {
            let cookie = read(&format!(r#"{{"sameSite":{json}}}"#)).unwrap();
            assert_eq!(cookie.same_site(), expected, "{json}");
        }
    }

    #[test]
    fn flags_are_read_by_their_truth_and_missing_members_as_express_session_does() {
        let falsy = (false, ["false", r#""""#, "0", "null"]);
        let truthy = (true, ["true", r#""auto""#, "1", "{}"]);
        for (expected, value) in [falsy, truthy].into_iter().flat_map(|(e, v)| v.map(|v| (e, v))) {
            let json = r#"{"secure":V,"httpOnly":V,"partitioned":V}"#;
            let cookie = read(&json.replace('V', value)).unwrap();
            let flags = [cookie.is_secure(), cookie.is_http_only(), cookie.is_partitioned()];
            assert_eq!(flags, [expected; 3], "{value}");
        }
        let none = read("{}").unwrap();
        assert_eq!((none.path().as_deref(), none.is_http_only()), (Some("/"), true));
        assert!(!none.is_secure() && !none.is_partitioned() && none.domain().is_none());
    }

    #[test]
    fn a_domain_or_path_is_sent_when_it_can_be() {
        let check = |json: &str, expected: Option<&str>| {
            let cookie = read(&format!(r#"{{"path":{json},"domain":{json}}}"#)).unwrap();
            assert_eq!(cookie.path().as_deref(), expected, "{json}");
        };
        check("7", Some("7"));
        check("true", Some("true"));
        check(r#""/app""#, Some("/app"));
        for json in ["false", "null", "0", r#""""#, "{}", r#"["/"]"#, r#""/é""#, r#""\ud800""#] {
            check(json, None);
        }
        assert_eq!(read(r#"{"domain":"no domain"}"#).unwrap().domain(), None);
        assert!(read(r#"{"domain":"a\r\nb"}"#).is_err());
        assert!(read(r#"{"path":"/; Domain=evil"}"#).is_err());
    }

    #[test]
    fn a_maximum_age_is_a_number_or_nothing() {
        let check = |json: &str, expected: Option<i64>| {
            let cookie = read(&format!(r#"{{"originalMaxAge":{json}}}"#)).unwrap();
            assert_eq!(cookie.max_age(), expected, "{json}");
        };
        check("1.5", Some(1));
        check("0", Some(0));
        check("1e999", Some(i64::MAX));
        check("null", None);
        check("false", None);
        check(r#""""#, None);
        for json in [r#""86400000""#, "true", "{}", "[]"] {
            assert!(read(&format!(r#"{{"originalMaxAge":{json}}}"#)).is_err(), "{json}");
        }
    }

    #[test]
    fn what_does_not_change_stays_as_it_stands() {
        for json in [
            r#"{"originalMaxAge":false,"expires":false,"secure":"","theirs":{"a": 1.50}}"#,
            r#"{"expires":"soon"}"#,
            r#"{"expires":12345,"path":7}"#,
            "{}",
        ] {
            assert_eq!(saved(json, None), json);
        }
        let far = r#"{"expires":"+012020-04-05T00:00:00.000Z","originalMaxAge":9e99}"#;
        assert_eq!(saved(far, Some("9999-12-31T23:59:59.999Z")), far);
    }

    #[test]
    fn an_end_moves_and_goes_as_express_moves_it() {
        let date = "2026-01-02T03:04:05.678Z";
        assert_eq!(
            saved(r#"{"originalMaxAge":1e3,"expires":false,"a":[ ]}"#, Some(date)),
            format!(r#"{{"originalMaxAge":1e3,"expires":"{date}","a":[ ]}}"#)
        );
        let ending = |age: &str| saved(&format!(r#"{{"expires":"{date}"{age}}}"#), None);
        assert_eq!(
            ending(r#","originalMaxAge":false"#),
            r#"{"expires":false,"originalMaxAge":false}"#
        );
        assert_eq!(ending(""), r#"{"expires":null}"#);
    }
}
