//! What holds for any text in the place of a cookie or of a document.

use proptest::prelude::*;
use rocket_express_session::{CookieRecord, Secrets, SessionData, SessionId, cookie};

fn secrets(list: &[&str]) -> Secrets {
    Secrets::new(list.iter().map(|secret| (*secret).to_owned())).unwrap()
}

proptest! {
    #[test]
    fn a_value_that_was_sent_is_read_back(value in "\\PC*", name in "[a-z.]{1,20}") {
        let line = cookie::set_line(&name, &value, &CookieRecord::default());
        prop_assert!(line.is_ascii() && !line.contains(';'));
        let sent = cookie::find_all([line.as_str()].into_iter(), &name).next().unwrap();
        prop_assert_eq!(cookie::decode(sent), value);
    }

    #[test]
    fn no_header_makes_a_reader_panic_and_none_is_signed_by_chance(header in any::<String>()) {
        let headers = [header.as_str(), "connect.sid=", &header];
        if let Some(sent) = cookie::find_all(headers.into_iter(), "connect.sid").next() {
            prop_assert!(secrets(&["secret"]).verify(&cookie::decode(sent)).is_none());
        }
        let header = format!("connect.sid=s:{header}");
        let sent = cookie::find_all([header.as_str()].into_iter(), "connect.sid").next().unwrap();
        prop_assert!(secrets(&["secret"]).verify(&cookie::decode(sent)).is_none());
    }

    #[test]
    fn a_changed_character_breaks_the_signature(at in 0..76_usize, by in 1..127_u8) {
        let good = secrets(&["secret"]).sign(&SessionId::generate());
        let mut bytes = good.clone().into_bytes();
        bytes[at] ^= by;
        if let Ok(bad) = String::from_utf8(bytes) {
            prop_assert!(secrets(&["secret"]).verify(&bad).is_none(), "{} {}", good, bad);
        }
    }

    #[test]
    fn no_text_makes_a_session_panic(text in any::<String>()) {
        let _ = SessionData::from_json(&text);
        let _ = SessionData::from_json(&format!(r#"{{"cookie":{text}}}"#));
        let _ = SessionData::from_json(&format!(r#"{{"cookie":{{"expires":{text:?}}}}}"#));
    }

    #[test]
    fn what_can_be_read_is_written_back_the_same(
        values in proptest::collection::btree_map("[a-z]{1,8}x", any::<i64>(), 0..8),
        age in proptest::option::of(0..i64::from(u32::MAX)),
    ) {
        let mut session = serde_json::json!({ "cookie": { "originalMaxAge": age, "expires": null } });
        for (key, value) in values {
            session[key] = value.into();
        }
        let text = session.to_string();
        prop_assert_eq!(SessionData::from_json(&text).unwrap().to_json(), text);
    }
}
