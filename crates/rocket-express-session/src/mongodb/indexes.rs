//! Makes the indexes that are missing, beside those that other programs have made.
//!
//! An index that serves is taken, whatever its name and whichever program made it. None is replaced.

use std::time::Duration;

use mongodb::bson::{Bson, Document, doc};
use mongodb::error::{Error, ErrorKind};
use mongodb::{Collection, Database};
use rocket::futures::TryStreamExt as _;
use rocket::tokio::time::timeout;

use super::{Gate, Lane};
use crate::error::Unavailable;

/// How long MongoDB may take to list the indexes of a collection.
const LISTING: Duration = Duration::from_millis(2500);

/// How long the indexes of a large collection may take: 70,000 sessions a second, measured.
const INDEX_BUILD: Duration = Duration::from_secs(60);

/// Why an index could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IndexError {
    /// MongoDB does not answer, or refuses.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
    /// Another program's index does not serve, and stands in the way. The fields: the collection, the index's
    /// name, and two commands that replace it.
    #[error(
        "the index {name:?} of the collection {collection:?} is not the one that this program needs, and \
         both cannot exist. If no other program needs it, run in mongosh: {drop}; {create}"
    )]
    #[expect(missing_docs, reason = "the line above says what they are")]
    Conflict { collection: String, name: String, drop: String, create: String },
    /// Several documents have a value that must be unique. The fields: the collection, the index's name, the
    /// field, and a command that lists the documents.
    #[error(
        "the unique index {name:?} of the collection {collection:?} cannot be created, because several \
         documents have the same {field:?}. List them in mongosh, and remove the field from all but one: {list}"
    )]
    #[expect(missing_docs, reason = "the line above says what they are")]
    Duplicates { collection: String, name: String, field: String, list: String },
}

/// Makes the `wanted` indexes that are missing. Each is a document as the command `createIndexes` takes it.
///
/// # Errors
/// [`IndexError`].
pub async fn ensure<T: Send + Sync + 'static>(
    gate: &Gate,
    collection: &Collection<T>,
    wanted: Vec<Document>,
) -> Result<(), IndexError> {
    let existing = list(gate, collection).await?;
    let is_missing = |wanted: &Document| !existing.iter().any(|existing| serves(existing, wanted));
    for wanted in wanted.into_iter().filter(is_missing) {
        match create(gate, collection, &wanted).await? {
            Created::Done => continue,
            Created::Duplicates => return Err(duplicates(collection.name(), &wanted)),
            Created::Conflict => {}
        }
        // Another instance or program may have made it at the same moment.
        let existing = list(gate, collection).await?;
        if !existing.iter().any(|existing| serves(existing, &wanted)) {
            return Err(conflict(collection.name(), &existing, &wanted));
        }
    }
    Ok(())
}

/// All indexes of the collection; none when it does not exist.
///
/// # Errors
/// MongoDB does not answer.
pub async fn list<T: Send + Sync + 'static>(
    gate: &Gate,
    collection: &Collection<T>,
) -> Result<Vec<Document>, Unavailable> {
    const NAMESPACE_NOT_FOUND: i32 = 26;
    let (database, name) = (database(collection), collection.name().to_owned());
    let listed = gate.run(Lane::Background, async move {
        let command = doc! { "listIndexes": name };
        match database.run_cursor_command(command).await {
            Ok(cursor) => cursor.try_collect::<Vec<Document>>().await,
            Err(error) if code(&error) == Some(NAMESPACE_NOT_FOUND) => Ok(vec![]),
            Err(error) => Err(error),
        }
    });
    timeout(LISTING, listed).await.map_err(|_| Unavailable::late())?
}

/// The result of a command that makes an index.
enum Created {
    Done,
    Conflict,
    Duplicates,
}

async fn create<T: Send + Sync + 'static>(
    gate: &Gate,
    collection: &Collection<T>,
    wanted: &Document,
) -> Result<Created, Unavailable> {
    const DUPLICATE_KEY: i32 = 11000;
    const SECOND_TEXT_INDEX: i32 = 67;
    const OPTIONS_CONFLICT: i32 = 85;
    const KEY_SPECS_CONFLICT: i32 = 86;
    let command = doc! { "createIndexes": collection.name(), "indexes": [wanted] };
    let (database, is_of_text) = (database(collection), is_text(wanted));
    let created = gate.run(Lane::Background, async move {
        match database.run_command(command).await {
            Err(error) => match code(&error) {
                Some(OPTIONS_CONFLICT | KEY_SPECS_CONFLICT) => Ok(Created::Conflict),
                Some(SECOND_TEXT_INDEX) if is_of_text => Ok(Created::Conflict),
                Some(DUPLICATE_KEY) => Ok(Created::Duplicates),
                _ => Err(error),
            },
            Ok(_) => Ok(Created::Done),
        }
    });
    timeout(INDEX_BUILD, created).await.map_err(|_| Unavailable::late())?
}

fn database<T: Send + Sync + 'static>(collection: &Collection<T>) -> Database {
    collection.client().database(&collection.namespace().db)
}

fn code(error: &Error) -> Option<i32> {
    match &*error.kind {
        ErrorKind::Command(error) => Some(error.code),
        _ => None,
    }
}

/// Whether the `existing` index does all that is wanted of `wanted`. Both are documents as `listIndexes`
/// returns them.
pub fn serves(existing: &Document, wanted: &Document) -> bool {
    let (is, same) = (|key| is_true(existing, key), |key| same(existing, wanted, key));
    let is_unique = same("unique") || is("unique") && !is_true(wanted, "unique");
    // A TTL index ignores documents without the field, and so does a sparse one.
    let is_whole = !is("sparse") || wanted.contains_key("expireAfterSeconds");
    keys(existing) == keys(wanted)
        && is_unique
        && is_whole
        && !is("hidden")
        && same("partialFilterExpression")
        && same("expireAfterSeconds")
        && has_collation(existing, wanted)
        && same_if_wanted(existing, wanted, &["default_language", "language_override"])
}

/// The keys with their directions; of a text index the fields that it is over.
fn keys(index: &Document) -> Vec<(String, String)> {
    let key = index.get_document("key").cloned().unwrap_or_default();
    if key.contains_key("_fts") {
        let fields = index.get_document("weights").cloned().unwrap_or_default();
        return fields.keys().map(|field| (field.clone(), "text".to_owned())).collect();
    }
    let kind = |value: &Bson| value.as_str().map_or_else(|| text(value), str::to_owned);
    key.iter().map(|(field, value)| (field.clone(), kind(value))).collect()
}

fn has_collation(existing: &Document, wanted: &Document) -> bool {
    let of = |index: &Document| index.get_document("collation").cloned().ok();
    match (of(existing), of(wanted)) {
        // A collection may have a collation of its own, which an index of ours then has as well.
        (Some(_), None) => same(existing, wanted, "name"),
        (None, None) => true,
        (None, Some(wanted)) => wanted.get_str("locale").is_ok_and(|locale| locale == "simple"),
        (Some(has), Some(wants)) => same_if_wanted(
            &has,
            &wants,
            &["locale", "strength", "normalization", "alternate", "maxVariable"],
        ),
    }
}

fn same_if_wanted(existing: &Document, wanted: &Document, keys: &[&str]) -> bool {
    keys.iter().all(|key| !wanted.contains_key(key) || same(existing, wanted, key))
}

/// The values are equal, in whatever type of number; a missing one is false.
fn same(existing: &Document, wanted: &Document, key: &str) -> bool {
    let value = |index: &Document| index.get(key).map_or_else(|| "false".to_owned(), text);
    value(existing) == value(wanted)
}

fn is_true(index: &Document, key: &str) -> bool {
    index.get(key).is_some_and(|value| !["false", "0", "null"].contains(&text(value).as_str()))
}

/// The value as JSON, with whole numbers as such: mongosh writes 1.0, a driver 1.
fn text(value: &Bson) -> String {
    match value {
        Bson::Double(number) => number.to_string(),
        Bson::Document(members) => {
            let members = members.iter().map(|(key, value)| format!("{key:?}:{}", text(value)));
            format!("{{{}}}", members.collect::<Vec<_>>().join(","))
        }
        other => serde_json::to_string(other).unwrap_or_default(),
    }
}

fn is_text(index: &Document) -> bool {
    keys(index).iter().any(|(_, kind)| kind == "text")
}

/// Names the index that cannot be made, and the command that lists why.
fn duplicates(collection: &str, wanted: &Document) -> IndexError {
    let field = keys(wanted).into_iter().next().map_or_else(String::new, |(field, _)| field);
    let group = format!(r#"{{$group: {{_id: "${field}", ids: {{$push: "$_id"}}}}}}"#);
    let list = format!(
        r#"db.getCollection({collection:?}).aggregate([{group}, {{$match: {{_id: {{$ne: null}}, "ids.1": {{$exists: true}}}}}}])"#
    );
    let name = wanted.get_str("name").unwrap_or_default().to_owned();
    IndexError::Duplicates { collection: collection.to_owned(), name, field, list }
}

/// Names the index in the way, and the commands that mend it.
fn conflict(collection: &str, existing: &[Document], wanted: &Document) -> IndexError {
    let is_in_the_way = |index: &&Document| {
        same(index, wanted, "name")
            || keys(index) == keys(wanted)
            || is_text(index) && is_text(wanted)
    };
    let in_the_way = existing.iter().find(is_in_the_way);
    let name = in_the_way.and_then(|index| index.get_str("name").ok()).unwrap_or("?").to_owned();
    let mut options = wanted.clone();
    let key = options.remove("key").unwrap_or_default();
    let on = format!("db.getCollection({collection:?})");
    IndexError::Conflict {
        collection: collection.to_owned(),
        drop: format!("{on}.dropIndex({name:?})"),
        create: format!("{on}.createIndex({}, {})", text(&key), text(&Bson::Document(options))),
        name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_serves_if_it_finds_all_that_is_wanted() {
        let check = |existing: Document, wanted: Document, expected: bool| {
            assert_eq!(serves(&existing, &wanted), expected, "{existing} for {wanted}");
        };
        let ttl = doc! { "key": { "expires": 1 }, "name": "expires_1", "expireAfterSeconds": 0 };
        let other = |changes: Document| {
            let mut index = doc! { "v": 2, "key": { "expires": 1 }, "expireAfterSeconds": 0 };
            index.extend(changes);
            index
        };
        check(other(doc! {}), ttl.clone(), true);
        let of_mongosh = other(doc! { "key": { "expires": 1.0 }, "expireAfterSeconds": 0.0 });
        check(of_mongosh, ttl.clone(), true);
        check(other(doc! { "sparse": true, "background": 1 }), ttl.clone(), true);
        check(other(doc! { "expireAfterSeconds": 1_209_600 }), ttl.clone(), false);
        check(other(doc! { "key": { "expires": -1 } }), ttl.clone(), false);
        check(other(doc! { "key": { "expires": 1, "user": 1 } }), ttl.clone(), false);
        check(other(doc! { "partialFilterExpression": { "a": 1 } }), ttl.clone(), false);
        let plain = doc! { "key": { "username": 1 }, "name": "username_1" };
        let unique = doc! { "key": { "username": 1 }, "name": "username_1", "unique": 1 };
        check(unique.clone(), plain.clone(), true);
        check(plain.clone(), unique.clone(), false);
        let mut sparse = plain.clone();
        sparse.insert("sparse", true);
        check(sparse, plain.clone(), false);
        let mut any_case = plain.clone();
        any_case.insert("collation", doc! { "locale": "en", "strength": 2, "caseLevel": false });
        let wanted = doc! {
            "key": { "username": 1 }, "name": "any", "collation": { "locale": "en", "strength": 2 },
        };
        check(any_case.clone(), wanted.clone(), true);
        check(plain.clone(), wanted, false);
        check(any_case, doc! { "key": { "username": 1 }, "name": "other" }, false);
    }

    #[test]
    fn a_text_index_is_told_by_its_fields() {
        let wanted = doc! {
            "key": { "session": "text" }, "name": "ours", "default_language": "none",
            "collation": { "locale": "simple" }, "partialFilterExpression": { "user": null },
        };
        let mut existing = doc! {
            "key": { "_fts": "text", "_ftsx": 1 }, "name": "ours", "default_language": "none",
            "weights": { "session": 1 }, "partialFilterExpression": { "user": null },
        };
        assert!(serves(&existing, &wanted));
        existing.insert("default_language", "english");
        assert!(!serves(&existing, &wanted));
        let said = conflict("sessions", &[existing], &wanted).to_string();
        assert!(said.contains(r#"db.getCollection("sessions").dropIndex("ours")"#), "{said}");
        assert!(said.contains(r#"createIndex({"session":"text"}, {"name":"ours","#), "{said}");
    }
}
