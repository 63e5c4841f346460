//! A session as a MongoDB document, in both forms that connect-mongo writes.
//!
//! `{_id, expires, lastModified, createdAt, userAgent, address, user, session}`, where `session` is JSON
//! text (`stringify: true`, its default) or an object. The rest of the engine knows JSON only. Here the
//! object form is turned into it and back, and what a request did not change goes back as the same BSON.

use mongodb::bson::{self, Bson, Document, RawBsonRef, RawDocument};
use serde_json::value::RawValue;

use super::json::{from_raw, to_raw, value_to_raw};
use crate::cookie_record::{CookieRecord, Members};
use crate::data::{SessionData, Values};
use crate::error::Unreadable;
use crate::javascript::Timestamp;
use crate::store::{Record, Times};

/// The `session` object of a document, with the types that it has in MongoDB. A record in the object form has
/// it as its source.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Object(pub Document);

/// The `session` field of a record as it stands in the document, for a filter or an insert.
pub(super) fn session_field(record: &Record) -> Bson {
    match record.source::<Object>() {
        Some(Object(document)) => Bson::Document(document.clone()),
        None => Bson::String(record.json().to_owned()),
    }
}

impl Timestamp {
    pub(super) fn to_bson(self) -> Bson {
        Bson::DateTime(bson::DateTime::from_millis(self.as_millis()))
    }
}

/// Reads a whole document, as the store does.
///
/// # Errors
/// The document is no session that connect-mongo could have written.
pub fn read_record(document: &RawDocument) -> Result<Record, Unreadable> {
    let times = Times {
        created: date(document, "createdAt").unwrap_or(None).filter(|_| is_ours(document)),
        last_modified: date(document, "lastModified").unwrap_or(None),
        expires: date(document, "expires")?,
    };
    let text = |key| document.get_str(key).ok().map(str::to_owned);
    let (user_agent, address) = (text("userAgent"), text("address"));
    let record = match document.get("session") {
        Ok(Some(RawBsonRef::String(text))) => Record::from_json(text, times, user_agent)?,
        Ok(Some(RawBsonRef::Document(raw))) => {
            let object = Document::try_from(raw).map_err(|_| Unreadable("a damaged object"))?;
            Record::new(read_object(&object)?, times, user_agent).with_source(Object(object))
        }
        _ => return Err(Unreadable("no session, or one that is no text and no object")),
    };
    Ok(record.with_address(address).with_stored_bytes(document.as_bytes().len()))
}

/// Whether `createdAt` is our own. With its option `timestamps`, connect-mongo writes one as well, and always
/// `updatedAt` beside it. A document of ours gets that when Express saves it.
fn is_ours(document: &RawDocument) -> bool {
    let has = |field| matches!(document.get(field), Ok(Some(_)));
    has("user") || !has("updatedAt")
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

fn read_object(object: &Document) -> Result<SessionData, Unreadable> {
    let Some(Bson::Document(cookie)) = object.get("cookie") else {
        return Err(Unreadable("no cookie object"));
    };
    let members = cookie.iter().map(|(name, value)| (name.clone(), read_member(name, value)));
    let cookie = CookieRecord::read(members.collect::<Members>())?;
    let values = object.iter().filter(|(key, _)| *key != "cookie");
    let values: Values = values.map(|(key, value)| (key.clone(), value_to_raw(value))).collect();
    Ok(SessionData::new(cookie, values))
}

/// A date as the maximum age is the time that is left until then, as it is to express-session.
fn read_member(name: &str, value: &Bson) -> Box<RawValue> {
    match value {
        Bson::DateTime(date) if name == "originalMaxAge" => {
            to_raw(&Bson::Int64(date.timestamp_millis() - Timestamp::now().as_millis()))
        }
        _ => to_raw(value),
    }
}

/// The `session` object for `data`; `old` is the record that it replaces.
pub(super) fn write_object(data: &SessionData, old: Option<&Record>) -> Object {
    let stored =
        old.and_then(|old| old.source::<Object>().map(|Object(object)| (old.data(), object)));
    let mut object = Document::new();
    let cookie =
        match stored.and_then(|(old, object)| Some((old, object.get_document("cookie").ok()?))) {
            Some((old, document)) => cookie_again(&data.cookie, &old.cookie, document),
            None => new_cookie(&data.cookie),
        };
    object.insert("cookie", cookie);
    for (key, value) in &data.values {
        let same = stored.filter(|(old, _)| is_same(&old.values, key, value));
        let bson = same.and_then(|(_, object)| object.get(key).cloned());
        object.insert(key, bson.unwrap_or_else(|| from_raw(value)));
    }
    Object(object)
}

/// `record` as it will be loaded when its document holds this object.
pub(super) fn read_back(object: Object, record: Record) -> Record {
    match read_object(&object.0) {
        Ok(data) => record.updated(data, record.times).with_source(object),
        Err(_) => record.with_source(object),
    }
}

/// Whether a request left the value alone. Then the very BSON goes back: JSON cannot tell a date from a
/// text or 1 from 1.0, but the document can.
fn is_same(old: &Values, key: &str, value: &RawValue) -> bool {
    old.get(key).is_some_and(|old| old.get() == value.get())
}

/// The cookie as it stood in the document, but for the members that a request changed.
fn cookie_again(cookie: &CookieRecord, old: &CookieRecord, document: &Document) -> Document {
    let mut object = document.clone();
    for (name, value) in cookie.members() {
        if !is_same(old.members(), name, value) {
            object.insert(name, member(cookie, name, value));
        }
    }
    object
}

/// All members, the absent ones null: as connect-mongo stores the object.
fn new_cookie(cookie: &CookieRecord) -> Document {
    const MEMBERS: [&str; 9] = [
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
    let value = |name| {
        let value = cookie.members().get(name);
        value.map_or(Bson::Null, |value| member(cookie, name, value))
    };
    MEMBERS.into_iter().map(|name| (name.to_owned(), value(name))).collect()
}

/// A member that we write. The end is a date, as it is in Express.
fn member(cookie: &CookieRecord, name: &str, value: &RawValue) -> Bson {
    let end = cookie.expires().filter(|_| name == "expires");
    end.map_or_else(|| from_raw(value), Timestamp::to_bson)
}

#[cfg(test)]
mod tests {
    use mongodb::bson::{RawDocumentBuf, doc};
    use proptest::prelude::*;

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
    fn the_object_form_reads_as_express_shows_it() {
        let record = read(&doc! { "_id": "x", "session": object() }).unwrap();
        assert_eq!(
            record.data().to_json(),
            r#"{"cookie":{"originalMaxAge":86400000,"partitioned":null,"priority":null,"expires":"2026-01-02T03:04:05.678Z","secure":null,"httpOnly":true,"domain":null,"path":"/","sameSite":null},"n":3,"when":"1970-01-01T00:00:00.000Z","deep":{"id":1}}"#
        );
    }

    #[test]
    fn what_was_not_changed_goes_back_as_the_same_bson() {
        let old = read(&doc! { "_id": "x", "session": object() }).unwrap();
        let mut data = old.data().clone();
        assert_eq!(write_object(&data, Some(&old)), Object(object()));
        data.values.insert("n".to_owned(), to_raw(&Bson::Int32(4)));
        let mut expected = object();
        expected.insert("n", 4_i32);
        assert_eq!(write_object(&data, Some(&old)), Object(expected));
    }

    #[test]
    fn a_cookie_goes_back_as_it_was_but_for_what_a_request_changed() {
        let cookie = doc! {
            "originalMaxAge": 86_400_000_i64, "expires": bson::Bson::Undefined, "secure": "auto",
            "httpOnly": 1.0, "path": null, "theirs": { "when": bson::DateTime::from_millis(7) },
        };
        let old = read(&doc! { "session": { "cookie": cookie.clone() } }).unwrap();
        let mut data = old.data().clone();
        assert_eq!(write_object(&data, Some(&old)), Object(doc! { "cookie": cookie.clone() }));
        data.cookie.set_expires(Some(Timestamp::from_millis(1)));
        let mut expected = cookie;
        expected.insert("expires", bson::DateTime::from_millis(1));
        assert_eq!(write_object(&data, Some(&old)), Object(doc! { "cookie": expected }));
    }

    /// Any BSON that a session object may hold.
    fn bson() -> impl Strategy<Value = Bson> {
        let leaf = prop_oneof![
            Just(Bson::Null),
            Just(Bson::Undefined),
            any::<bool>().prop_map(Bson::Boolean),
            any::<i32>().prop_map(Bson::Int32),
            any::<i64>().prop_map(Bson::Int64),
            proptest::num::f64::NORMAL.prop_map(Bson::Double),
            any::<String>().prop_map(Bson::String),
            any::<i64>().prop_map(|millis| bson::DateTime::from_millis(millis).into()),
            any::<[u8; 12]>().prop_map(|bytes| bson::oid::ObjectId::from_bytes(bytes).into()),
            any::<[u8; 16]>().prop_map(|bytes| bson::Uuid::from_bytes(bytes).into()),
        ];
        leaf.prop_recursive(3, 16, 4, |inner| {
            let members = prop::collection::btree_map("[a-z$.]{0,3}", inner.clone(), 0..4);
            prop_oneof![
                prop::collection::vec(inner, 0..4).prop_map(Bson::Array),
                members.prop_map(|members| Bson::Document(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn any_object_that_can_be_read_is_written_back_as_the_same_bson(
            cookie in prop::collection::btree_map("[a-z]{1,3}|expires|path|secure", bson(), 0..4),
            values in prop::collection::btree_map("[a-z$.]{1,3}", bson(), 0..4),
        ) {
            let mut object = doc! { "cookie": cookie.into_iter().collect::<Document>() };
            object.extend(values);
            if let Ok(old) = read(&doc! { "session": object.clone() }) {
                let written = write_object(&old.data().clone(), Some(&old));
                prop_assert_eq!(written, Object(object));
            }
        }
    }

    #[test]
    fn a_document_of_connect_mongo_with_timestamps_has_no_beginning_of_ours() {
        let now = Timestamp::now();
        let began = |beside: Document| {
            let mut document = doc! { "session": object(), "createdAt": now.to_bson() };
            document.extend(beside);
            read(&document).unwrap().times.created
        };
        assert_eq!(began(doc! {}), Some(now));
        assert_eq!(began(doc! { "updatedAt": now.to_bson() }), None);
        let ours = doc! { "updatedAt": now.to_bson(), "user": "507f1f77bcf86cd799439011" };
        assert_eq!(began(ours), Some(now));
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
        assert!(read(&doc! { "session": object() }).unwrap().times.is_valid(now));
        let at = |date: Timestamp| doc! { "session": object(), "expires": date.to_bson() };
        assert!(read(&at(now.plus_millis(1))).unwrap().times.is_valid(now));
        assert!(!read(&at(now)).unwrap().times.is_valid(now));
    }
}
