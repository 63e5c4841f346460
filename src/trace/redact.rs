//! Redaction: enough of a value to tell two apart, never enough to log in with. Texts are left out unless
//! their key is on a short list. So a field that we have not thought of is shown by its length.

use mongodb::bson::{Bson, Document};

/// Characters of an ID that are shown: as many as `SessionId::prefix` shows.
const SHOWN: usize = 6;

/// Keys whose texts may be shown: names that a page shows as well.
const OPEN_KEYS: [&str; 3] = ["username", "username_key", "why"];

/// Keys whose texts are IDs of sessions, or as secret as those.
const ID_KEYS: [&str; 3] = ["_id", "sids", "user"];

/// Levels of a document, and items of a list: a command should fit three lines.
const MAX_DEPTH: usize = 4;
const MAX_ITEMS: usize = 3;

/// The first characters of an ID, and dots if there are more.
pub fn short_id(id: &str) -> String {
    let start: String = id.chars().take(SHOWN).collect();
    if start.len() < id.len() { start + "…" } else { start }
}

/// The start of the session ID in a cookie's value; `None` when it holds none.
pub(super) fn sid_in(value: &str) -> Option<String> {
    let value = value.replace("%3A", ":");
    Some(short_id(value.strip_prefix("s:")?.rsplit_once('.')?.0))
}

/// A document as one would type it, without its secrets. All texts from outside stand in double quotes, and
/// so do the starts of IDs: the board of a class leaves both out.
pub(super) fn redacted(document: &Document) -> String {
    document_of("", document, 0)
}

/// A document that is the value of the key `above`.
fn document_of(above: &str, document: &Document, depth: usize) -> String {
    let fields = document.iter().map(|(key, value)| {
        // A comparison says something about the key above it.
        let about = if is_comparison(key) { above } else { key };
        format!("{}: {}", key_of(key), value_of(about, value, depth))
    });
    match document.is_empty() {
        true => "{}".to_owned(),
        false => format!("{{ {} }}", fields.collect::<Vec<_>>().join(", ")),
    }
}

/// A key. Our keys are words; any other text has come from outside.
fn key_of(key: &str) -> String {
    let is_word = |c: char| c.is_ascii_alphanumeric() || "_.$-".contains(c);
    if key.chars().all(is_word) { key.to_owned() } else { quoted(key) }
}

fn value_of(key: &str, value: &Bson, depth: usize) -> String {
    match value {
        Bson::String(text) => text_of(key, text),
        Bson::Document(_) if depth >= MAX_DEPTH || key == "session" => "{ … }".to_owned(),
        Bson::Document(inner) => document_of(key, inner, depth + 1),
        Bson::Array(_) if depth >= MAX_DEPTH => "[ … ]".to_owned(),
        Bson::Array(list) => list_of(key, list, depth + 1),
        Bson::ObjectId(id) => format!("ObjectId({})", quoted(&short_id(&id.to_hex()))),
        Bson::DateTime(date) => date.try_to_rfc3339_string().unwrap_or_default(),
        Bson::Int32(_) | Bson::Int64(_) | Bson::Double(_) | Bson::Boolean(_) | Bson::Null => {
            value.to_string()
        }
        _ => "…".to_owned(),
    }
}

fn list_of(key: &str, list: &[Bson], depth: usize) -> String {
    let items = list.iter().take(MAX_ITEMS).map(|item| value_of(key, item, depth));
    let more = (list.len() > MAX_ITEMS).then(|| "…".to_owned());
    format!("[{}]", items.chain(more).collect::<Vec<_>>().join(", "))
}

fn text_of(key: &str, text: &str) -> String {
    // A field reference of an aggregation is not data.
    let is_reference = text.starts_with('$') && text.len() < 20 && key.starts_with('$');
    if OPEN_KEYS.contains(&key) || is_reference {
        quoted(text)
    } else if ID_KEYS.contains(&key) {
        quoted(&short_id(text))
    } else {
        format!("\"…\" ({} characters)", text.chars().count())
    }
}

/// A text in double quotes. There are none in it.
fn quoted(text: &str) -> String {
    format!("{:?}", text.replace('"', "'"))
}

fn is_comparison(operator: &str) -> bool {
    matches!(operator, "$eq" | "$ne" | "$in" | "$not" | "$lte" | "$gt")
}
