//! What of a value may be kept: enough to tell two apart, never enough to be somebody.
//!
//! Texts are left out unless their key is on a short list. So a field that nobody has thought of
//! is shown by its length, rather than by what stands in it.

use mongodb::bson::{Bson, Document};

/// Of an id: as many characters as `Sid::start` shows.
const SHOWN: usize = 6;

/// Keys whose texts may be shown: names that a page shows as well.
const OPEN_KEYS: [&str; 3] = ["username", "username_key", "why"];

/// Keys whose texts are ids of sessions, or as good as that.
const ID_KEYS: [&str; 3] = ["_id", "sids", "user"];

/// How deep, and how many of one list: a command is to fit a line or three.
const DEPTH: usize = 4;
const LONGEST_LIST: usize = 3;

/// The first characters of an id, and dots if there are more.
pub fn start(id: &str) -> String {
    let start: String = id.chars().take(SHOWN).collect();
    if start.len() < id.len() { start + "…" } else { start }
}

/// The start of the session id in a cookie's value; `None` when it holds none.
pub(super) fn sid_in(value: &str) -> Option<String> {
    let value = value.replace("%3A", ":");
    Some(start(value.strip_prefix("s:")?.rsplit_once('.')?.0))
}

/// A document as one would type it, without its secrets.
pub(super) fn document(document: &Document) -> String {
    nested(document, 0)
}

fn nested(document: &Document, depth: usize) -> String {
    let pairs: Vec<_> = document
        .iter()
        .map(|(key, value)| format!("{key}: {}", shown(key, value, depth)))
        .collect();
    if pairs.is_empty() { "{}".to_owned() } else { format!("{{ {} }}", pairs.join(", ")) }
}

fn shown(key: &str, value: &Bson, depth: usize) -> String {
    match value {
        Bson::String(text) => text_shown(key, text),
        Bson::Document(_) if depth >= DEPTH || key == "session" => "{ … }".to_owned(),
        // An operator says something about the key that it stands under.
        Bson::Document(inner) if inner.keys().all(|inner| inner.starts_with('$')) => {
            let pairs = inner.iter().map(|(operator, value)| {
                let key = if is_comparison(operator) { key } else { operator };
                format!("{operator}: {}", shown(key, value, depth + 1))
            });
            format!("{{ {} }}", pairs.collect::<Vec<_>>().join(", "))
        }
        Bson::Document(inner) => nested(inner, depth + 1),
        Bson::Array(list) => array(key, list, depth),
        Bson::ObjectId(id) => format!("ObjectId(\"{}\")", start(&id.to_hex())),
        Bson::DateTime(moment) => moment.try_to_rfc3339_string().unwrap_or_default(),
        Bson::Int32(_) | Bson::Int64(_) | Bson::Double(_) | Bson::Boolean(_) | Bson::Null => {
            value.to_string()
        }
        _ => "…".to_owned(),
    }
}

fn is_comparison(operator: &str) -> bool {
    matches!(operator, "$eq" | "$ne" | "$in" | "$not" | "$lte" | "$gt")
}

fn array(key: &str, list: &[Bson], depth: usize) -> String {
    if depth >= DEPTH {
        return "[ … ]".to_owned();
    }
    let mut items: Vec<_> =
        list.iter().take(LONGEST_LIST).map(|item| shown(key, item, depth + 1)).collect();
    if list.len() > LONGEST_LIST {
        items.push("…".to_owned());
    }
    format!("[{}]", items.join(", "))
}

fn text_shown(key: &str, text: &str) -> String {
    // Field references of an aggregation are no data.
    if OPEN_KEYS.contains(&key) || text.starts_with('$') && text.len() < 20 && key.starts_with('$')
    {
        format!("{text:?}")
    } else if ID_KEYS.contains(&key) {
        format!("{:?}", start(text))
    } else {
        format!("\"…\" ({} characters)", text.chars().count())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mongodb::bson::doc;

    #[test]
    fn only_what_is_known_to_be_harmless_is_shown() {
        let check = |value: Document, expected: &str| assert_eq!(document(&value), expected);
        check(doc! { "_id": "owHENQ0123456789" }, r#"{ _id: "owHENQ…" }"#);
        check(doc! { "username_key": "rosa", "n": 1 }, r#"{ username_key: "rosa", n: 1 }"#);
        check(doc! { "password": "$argon2id$x" }, r#"{ password: "…" (11 characters) }"#);
        check(doc! { "anything": "hunter2" }, r#"{ anything: "…" (7 characters) }"#);
        check(doc! { "session": { "a": "b" } }, "{ session: { … } }");
        check(doc! { "session": { "$eq": "{}" } }, "{ session: { … } }");
        check(doc! { "$set": { "session": "{}" } }, r#"{ $set: { session: "…" (2 characters) } }"#);
        let many: Vec<_> = (0..5).map(|n| format!("secret-id-{n}")).collect();
        check(
            doc! { "_id": { "$in": many } },
            r#"{ _id: { $in: ["secret…", "secret…", "secret…", …] } }"#,
        );
        check(doc! {}, "{}");
    }

    #[test]
    fn of_a_ticket_the_start_of_its_number_is_kept() {
        assert_eq!(sid_in("s%3AowHENQ0123.sig+nature"), Some("owHENQ…".to_owned()));
        assert_eq!(sid_in("registered"), None);
    }
}
