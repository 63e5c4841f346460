//! Any document in the collection: never a panic, no value is lost, and none adds an attribute to the cookie.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mongodb::bson::{Document, RawDocument, RawDocumentBuf, doc};
use rocket_express_session::mongodb::read_record;
use rocket_express_session::{SessionData, cookie};

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
    check_line(record.data());
    // The tests of `mongodb/document.rs` write the object form.
    let again = document(&doc! { "_id": "x", "session": record.json() });
    let again = read_record(&again).expect("what we wrote can be read");
    assert_eq!(again.data().to_json(), record.data().to_json());
}

fn check_line(data: &SessionData) {
    let line = cookie::set_line("connect.sid", "s:sid.signature", &data.cookie);
    let attributes = ["Domain", "Path", "Expires", "HttpOnly", "Secure", "Partitioned", "Priority", "SameSite"];
    for attribute in line.split("; ").skip(1) {
        let name = attribute.split('=').next().unwrap_or_default();
        assert!(attributes.contains(&name), "{line}");
    }
    assert!(!line.contains(['\r', '\n']) && line.is_ascii(), "{line}");
}
