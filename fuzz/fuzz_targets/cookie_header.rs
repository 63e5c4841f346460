//! Any `Cookie` headers: never a panic, and nobody gets in without our signature.
#![no_main]

use std::sync::LazyLock;

use cloakroom::session::signature::Secrets;
use cloakroom::session::{CookieRecord, cookie};
use libfuzzer_sys::fuzz_target;

static SECRETS: LazyLock<Secrets> = LazyLock::new(|| {
    Secrets::new(vec!["keyboard cat".to_owned(), "some secret".to_owned()]).expect("secrets")
});

fuzz_target!(|headers: (&str, &str)| {
    // The second header is ours for sure, so that no time goes into guessing the name.
    let ours = format!("connect.sid={}", headers.1);
    let sent = cookie::find_all([headers.0, &ours].into_iter(), "connect.sid").next().expect("a cookie");
    let value = cookie::decode(sent);
    let line = cookie::set_line("connect.sid", &value, &CookieRecord::default());
    assert!(line.is_ascii() && !line.contains([';', '\r', '\n', ' ']), "{line}");
    if let Some(verified) = SECRETS.verify(&value) {
        let signed = SECRETS.sign(&verified.sid);
        // An id that the second secret has signed is signed anew by the first.
        assert!(verified.outdated || signed == *value, "{value}");
    }
});
