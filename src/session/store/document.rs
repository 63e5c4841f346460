//! A session as a MongoDB document, in both forms that connect-mongo writes.
//!
//! `{_id, expires, lastModified, createdAt, userAgent, user, session}`, where `session` is JSON text
//! (`stringify: true`, its default) or an object. The rest of the engine knows JSON only; here
//! the object form is turned into it and back, and what a request did not change goes back as the
//! very BSON that was there.

use mongodb::bson::{self, Bson, Document, RawBsonRef, RawDocument};
use serde_json::value::RawValue;

use super::Record;
use super::json::{from_json, from_raw, to_json, to_raw};
use crate::session::content::{Content, CookieRecord, Unreadable, Values};
use crate::session::timestamp::Timestamp;

/// Which of the two forms a document has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// JSON text.
    Json,
    /// An object that can be queried.
    Object,
}

/// The `session` field as it was read.
#[derive(Clone, Debug, PartialEq)]
pub enum Stored {
    /// The text, to the byte.
    Json(String),
    /// The object, with the types it has in MongoDB.
    Object(Document),
}

impl Stored {
    /// Its form, in which it is written back.
    pub fn shape(&self) -> Shape {
        match self {
            Stored::Json(_) => Shape::Json,
            Stored::Object(_) => Shape::Object,
        }
    }

    /// The field as it stands in the document, for a filter.
    pub fn to_bson(&self) -> Bson {
        match self {
            Stored::Json(text) => Bson::String(text.clone()),
            Stored::Object(document) => Bson::Document(document.clone()),
        }
    }
}

impl Timestamp {
    pub(super) fn to_bson(self) -> Bson {
        Bson::DateTime(bson::DateTime::from_millis(self.as_millis()))
    }
}

/// Reads a whole document.
///
/// # Errors
/// [`Unreadable`] when it is no session that connect-mongo could have written.
pub fn read_record(document: &RawDocument) -> Result<Record, Unreadable> {
    let stored = match document.get("session") {
        Ok(Some(RawBsonRef::String(text))) => Stored::Json(text.to_owned()),
        Ok(Some(RawBsonRef::Document(raw))) => Stored::Object(
            Document::try_from(raw).map_err(|_| Unreadable("a damaged session object"))?,
        ),
        _ => {
            return Err(Unreadable("no session, or one that is no text and no object"));
        }
    };
    let content = match &stored {
        Stored::Json(text) => Content::parse(text)?,
        Stored::Object(object) => read_object(object)?,
    };
    Ok(Record {
        content,
        expires: date(document, "expires")?,
        last_modified: date(document, "lastModified").unwrap_or(None),
        created: date(document, "createdAt").unwrap_or(None),
        user_agent: document.get_str("userAgent").ok().map(str::to_owned),
        stored,
    })
}

fn date(document: &RawDocument, key: &str) -> Result<Option<Timestamp>, Unreadable> {
    match document.get(key) {
        Ok(None) => Ok(None),
        Ok(Some(RawBsonRef::DateTime(date))) => {
            Ok(Some(Timestamp::from_millis(date.timestamp_millis())))
        }
        _ => Err(Unreadable("a date that is no date")),
    }
}

fn read_object(object: &Document) -> Result<Content, Unreadable> {
    let cookie = match object.get("cookie") {
        Some(Bson::Document(cookie)) => to_json(&Bson::Document(cookie.clone())),
        _ => return Err(Unreadable("no cookie object")),
    };
    let cookie: CookieRecord =
        serde_json::from_value(cookie).map_err(|_| Unreadable("a cookie with wrong types"))?;
    let values = object.iter().filter(|(key, _)| *key != "cookie");
    let values: Values = values.map(|(key, value)| (key.clone(), to_raw(value))).collect();
    Content::new(cookie, values)
}

impl Shape {
    /// The `session` field for `content`; `old` is the record it takes the place of.
    pub fn write(self, content: &Content, old: Option<&Record>) -> Stored {
        match self {
            Shape::Json => Stored::Json(content.to_json()),
            Shape::Object => Stored::Object(write_object(content, old)),
        }
    }
}

fn write_object(content: &Content, old: Option<&Record>) -> Document {
    let mut object = Document::new();
    object.insert("cookie", write_cookie(&content.cookie));
    for (key, value) in &content.values {
        object.insert(key, unchanged(key, value, old).unwrap_or_else(|| from_raw(value)));
    }
    object
}

/// The BSON that stood under `key`, if this request left it alone: JSON cannot tell a date from a
/// text or 1 from 1.0, but the document can.
fn unchanged(key: &str, value: &RawValue, old: Option<&Record>) -> Option<Bson> {
    let old = old?;
    let same = old.content.values.get(key)?.get() == value.get();
    match &old.stored {
        Stored::Object(object) if same => object.get(key).cloned(),
        _ => None,
    }
}

/// All members, the absent ones null, and the date as a date: as connect-mongo stores the object.
fn write_cookie(cookie: &CookieRecord) -> Document {
    let members = [
        "originalMaxAge",
        "partitioned",
        "priority",
        "expires",
        "secure",
        "httpOnly",
        "domain",
        "path",
        "sameSite",
    ];
    let json = serde_json::to_value(cookie).unwrap_or_default();
    let mut object = Document::new();
    for member in members {
        object.insert(member, json.get(member).map_or(Bson::Null, from_json));
    }
    if let Some(expires) = cookie.expires {
        object.insert("expires", expires.to_bson());
    }
    object
}

#[cfg(test)]
mod tests {
    use mongodb::bson::{RawDocumentBuf, doc};

    use super::*;

    fn read(document: &Document) -> Result<Record, Unreadable> {
        read_record(&RawDocumentBuf::try_from(document).unwrap())
    }

    fn object() -> Document {
        let cookie = doc! {
            "originalMaxAge": 86_400_000_i32, "partitioned": null, "priority": null,
            "expires": bson::DateTime::from_millis(1_767_323_045_678), "secure": null,
            "httpOnly": true, "domain": null, "path": "/", "sameSite": null,
        };
        doc! { "cookie": cookie, "n": 3.0, "when": bson::DateTime::from_millis(0), "deep": { "id": 1_i64 } }
    }

    #[test]
    fn the_object_form_reads_as_the_text_form_does() {
        let record = read(&doc! { "_id": "x", "session": object() }).unwrap();
        assert_eq!(
            record.content.to_json(),
            r#"{"cookie":{"originalMaxAge":86400000,"expires":"2026-01-02T03:04:05.678Z","httpOnly":true,"path":"/"},"n":3,"when":"1970-01-01T00:00:00.000Z","deep":{"id":1}}"#
        );
    }

    #[test]
    fn what_was_not_changed_goes_back_as_the_same_bson() {
        let mut record = read(&doc! { "_id": "x", "session": object() }).unwrap();
        assert_eq!(Shape::Object.write(&record.content, Some(&record)), Stored::Object(object()));
        record.content.values.insert("n".to_owned(), to_raw(&Bson::Int32(4)));
        let old = read(&doc! { "_id": "x", "session": object() }).unwrap();
        let mut expected = object();
        expected.insert("n", 4_i32);
        assert_eq!(Shape::Object.write(&record.content, Some(&old)), Stored::Object(expected));
    }

    #[test]
    fn corrupt_documents_are_unreadable_and_say_nothing_of_their_content() {
        let corrupt = [
            doc! { "_id": "x" },
            doc! { "_id": "x", "session": 1 },
            doc! { "_id": "x", "session": null },
            doc! { "_id": "x", "session": "secret, no JSON" },
            doc! { "_id": "x", "session": { "passport": { "user": "secret" } } },
            doc! { "_id": "x", "session": { "cookie": "secret" } },
            doc! { "_id": "x", "session": object(), "expires": "tomorrow" },
            doc! { "_id": "x", "session": object(), "expires": null },
        ];
        for document in corrupt {
            let error = read(&document).expect_err("corrupt").to_string();
            assert!(!error.contains("secret"), "{error}");
        }
    }

    #[test]
    fn a_document_without_expires_is_valid_and_one_of_the_past_is_not() {
        let now = Timestamp::now();
        assert!(read(&doc! { "session": object() }).unwrap().is_valid(now));
        let at = |date: Timestamp| doc! { "session": object(), "expires": date.to_bson() };
        assert!(read(&at(now.plus_millis(1))).unwrap().is_valid(now));
        assert!(!read(&at(now)).unwrap().is_valid(now), "strictly later than now");
    }
}
