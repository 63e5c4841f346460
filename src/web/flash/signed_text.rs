//! A text in the cookie of a flash message, with a signature: only this app can write it. It is valid for a
//! few minutes, so a copied cookie is of no use later.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rocket_express_session::{Secrets, Timestamp};

/// The purpose of the signature: see [`Secrets::sign_for`].
const PURPOSE: &str = "cloakroom flash";

/// The browser keeps the cookie for one minute.
const MINUTES_VALID: i64 = 2;

/// The text in base64, the minute of Unix time, and the signature. `name` is that of the message: the text is
/// of no use in another one.
pub(super) fn write(name: &str, text: &str, secrets: &Secrets) -> String {
    write_at(this_minute(), name, text, secrets)
}

fn write_at(minute: i64, name: &str, text: &str, secrets: &Secrets) -> String {
    let signature = secrets.sign_for(PURPOSE, &message(name, minute, text));
    format!("{}.{minute}.{signature}", URL_SAFE_NO_PAD.encode(text))
}

/// The text, if the signature is genuine and new.
pub(super) fn read(name: &str, value: &str, secrets: &Secrets) -> Option<String> {
    let mut parts = value.splitn(3, '.');
    let (encoded, minute, signature) = (parts.next()?, parts.next()?, parts.next()?);
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(encoded).ok()?).ok()?;
    let minute: i64 = minute.parse().ok()?;
    let is_new =
        this_minute().checked_sub(minute).is_some_and(|age| (0..=MINUTES_VALID).contains(&age));
    let is_ours = secrets.verify_for(PURPOSE, &message(name, minute, &text), signature);
    (is_new && is_ours).then_some(text)
}

fn this_minute() -> i64 {
    Timestamp::now().as_millis() / 60_000
}

fn message(name: &str, minute: i64, text: &str) -> String {
    format!("{name} {minute} {text}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_counts_in_its_own_message_under_our_secret_and_for_two_minutes() {
        let secrets = |text: &str| Secrets::new([text.to_owned()]).unwrap();
        let ours = secrets("ours");
        let rosa = write("registered", "rosa", &ours);
        assert_eq!(read("registered", &rosa, &ours).as_deref(), Some("rosa"));
        assert_eq!(read("logged-out", &rosa, &ours), None);
        assert_eq!(read("registered", &rosa, &secrets("theirs")), None);
        let minutes_ago = |age| write_at(this_minute() - age, "registered", "rosa", &ours);
        assert!(read("registered", &minutes_ago(1), &ours).is_some());
        assert_eq!(read("registered", &minutes_ago(4), &ours), None);
        assert_eq!(read("registered", &minutes_ago(-2), &ours), None);
        for garbled in ["", "cm9zYQ", "cm9zYQ.1", "cm9zYQ.1.x", "cm9zYQ.x.y", "?.1.x"] {
            assert_eq!(read("registered", garbled, &ours), None, "{garbled}");
        }
        let extreme = format!("cm9zYQ.{}.x", i64::MIN);
        assert_eq!(read("registered", &extreme, &ours), None);
    }
}
