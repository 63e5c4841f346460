//! The document of a session as JSON: the fields that the store holds beside the data, and the data itself.

use rocket_express_session::store::Record;
use rocket_express_session::{Session, Timestamp};
use serde_json::{Value, json};

/// The document of this request's session, on several lines.
pub fn stored_document(session: &Session) -> String {
    let data = session.data().to_json();
    match session.record() {
        Some(record) => document_of(&record, &session.id().prefix(), &data),
        None => pretty(&data),
    }
}

/// The document of this record, on several lines, with this JSON as the value of `session`. The `_id` is
/// shortened: all of it and the signature would be the login.
///
/// MongoDB has these fields in this order. The value of `session` is shown as JSON, also where it is stored
/// as text. The memory of the server holds the same values without a document.
pub fn document_of(record: &Record, short_id: &str, session: &str) -> String {
    let time = |time: Option<Timestamp>| time.map(|time| json!(time.to_iso()));
    let text = |text: Option<String>| text.map(|text| json!(text));
    let fields: [(&str, Option<Value>); 7] = [
        ("_id", text(Some(format!("{short_id}…")))),
        ("expires", time(record.times.expires)),
        ("lastModified", time(record.times.last_modified)),
        ("createdAt", time(record.times.created)),
        ("user", text(record.user_key())),
        ("userAgent", text(record.user_agent.clone())),
        ("address", text(record.address.clone())),
    ];
    let fields =
        fields.iter().filter_map(|(name, value)| Some(format!("\"{name}\":{},", value.as_ref()?)));
    pretty(&format!("{{{}\"session\":{session}}}", fields.collect::<String>()))
}

/// Adds line breaks to JSON. Text that `serde_json` cannot read is shown unchanged. JavaScript may write such
/// text: half a surrogate pair.
fn pretty(json: &str) -> String {
    let value: Result<Value, _> = serde_json::from_str(json);
    value.and_then(|value| serde_json::to_string_pretty(&value)).unwrap_or_else(|_| json.to_owned())
}
