//! Any `Cookie` headers: never a panic, and no session without our signature.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use rocket_express_session::{CookieRecord, Secrets, cookie};

static SECRETS: LazyLock<Secrets> = LazyLock::new(|| {
    Secrets::new(["keyboard cat".to_owned(), "some secret".to_owned()]).expect("secrets")
});

fuzz_target!(|headers: (&str, &str)| {
    // The second header has our name, so that no time goes into guessing it.
    let ours = format!("connect.sid={}", headers.1);
    let sent = cookie::find_all([headers.0, &ours].into_iter(), "connect.sid").next().expect("a cookie");
    let value = cookie::decode(sent);
    let line = cookie::set_line("connect.sid", &value, &CookieRecord::default());
    assert!(line.is_ascii() && !line.contains([';', '\r', '\n', ' ']), "{line}");
    if let Some(verified) = SECRETS.verify(&value) {
        let signed = SECRETS.sign(&verified.id);
        // The first secret signs again what the second has signed.
        assert!(verified.is_outdated || signed == *value, "{value}");
    }
});
