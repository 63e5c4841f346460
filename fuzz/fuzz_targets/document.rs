//! Any document in the collection: never a panic, and nothing in it is lost or breaks out.
#![no_main]

use cloakroom::session::store::{Record, read_record};
use cloakroom::session::{Content, cookie};
use libfuzzer_sys::fuzz_target;
use mongodb::bson::{Document, RawDocument, RawDocumentBuf, doc};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(raw) = RawDocument::from_bytes(bytes) {
        check(raw);
        // As the object form.
        if let Ok(session) = Document::try_from(raw) {
            check(&document(&doc! { "_id": "x", "session": session }));
        }
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        check(&document(&doc! { "_id": "x", "session": text }));
    }
});

fn document(document: &Document) -> RawDocumentBuf {
    RawDocumentBuf::try_from(document).expect("a document")
}

fn check(raw: &RawDocument) {
    let Ok(record) = read_record(raw) else { return };
    check_line(&record.content);
    let written = record.stored.shape().write(&record.content, Some(&record));
    let again = document(&doc! { "_id": "x", "session": written.to_bson() });
    let again: Record = read_record(&again).expect("what we wrote can be read");
    assert_eq!(again.content.to_json(), record.content.to_json());
}

fn check_line(content: &Content) {
    let line = cookie::set_line("connect.sid", "s:sid.signature", &content.cookie);
    let attributes = ["Domain", "Path", "Expires", "HttpOnly", "Secure", "Partitioned", "Priority", "SameSite"];
    for attribute in line.split("; ").skip(1) {
        let name = attribute.split('=').next().unwrap_or_default();
        assert!(attributes.contains(&name), "{line}");
    }
    assert!(!line.contains(['\r', '\n']) && line.is_ascii(), "{line}");
}
