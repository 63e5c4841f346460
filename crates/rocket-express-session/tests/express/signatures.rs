//! A thousand cookies each way, through the very packages that express-session uses.

use rand::RngExt as _;
use rand::seq::IndexedRandom as _;
use rocket_express_session::{CookieRecord, Secrets, SessionId, cookie};

use crate::peer::sign;

/// A text of 1 to 40 characters, not all of them ASCII.
fn random_text(rng: &mut impl rand::Rng) -> String {
    const CHARACTERS: &[char] = &[
        'a', 'Z', '0', '9', '-', '_', '.', '!', '~', '*', '\'', '(', ')', '%', '+', '/', '=', ' ',
        ':', '"', '\\', '&', '#', 'é', 'ß', '中', '🎩', '\u{1}', '<',
    ];
    let length = rng.random_range(1..=40);
    (0..length).map(|_| *CHARACTERS.choose(rng).expect("a character")).collect()
}

#[test]
fn ours_are_accepted_there_and_theirs_here() {
    let mut rng = rand::rng();
    let mut cases = vec![];
    let mut lines = vec![];
    for number in 0..1000 {
        let secret = random_text(&mut rng);
        let secrets = Secrets::new([secret.clone()]).unwrap();
        // Every other ID is of another generator: any text that a program signed.
        let id = match number % 2 {
            0 => SessionId::generate().as_str().to_owned(),
            _ => random_text(&mut rng),
        };
        // An ID of another generator can only come from a cookie.
        lines.push(serde_json::to_string(&[&secret, &id, "sid=x"]).unwrap());
        cases.push((secret, id, secrets));
    }
    let theirs = sign(&lines);
    assert_eq!(theirs.len(), 1000);
    let mut lines = vec![];
    for ((secret, id, secrets), answer) in cases.iter().zip(&theirs) {
        let (theirs, _): (String, bool) = serde_json::from_str(answer).unwrap();
        let sent = cookie::find_all([theirs.as_str()].into_iter(), "sid").next().expect("a cookie");
        let verified = secrets.verify(&cookie::decode(sent)).unwrap_or_else(|| panic!("{theirs}"));
        assert_eq!(verified.id.as_str(), id);
        let ours = cookie::set_line("sid", &secrets.sign(&verified.id), &CookieRecord::default());
        assert_eq!(ours, theirs, "the same cookie to the byte");
        lines.push(serde_json::to_string(&[secret, id, &ours]).unwrap());
    }
    for (line, answer) in lines.iter().zip(sign(&lines)) {
        let case: [String; 3] = serde_json::from_str(line).unwrap();
        let (_, opened): (String, String) = serde_json::from_str(&answer).unwrap();
        assert_eq!(opened, case[1], "{line}");
    }
}
