//! Every step that can be noted has its sentence, and every sentence has a step.

use std::collections::BTreeSet;
use std::time::Duration;

use rocket::figment::Figment;

use super::diagram::rows;
use super::keys::FILES;
use super::sentences::{Sentence, Sentences};
use crate::trace::{Command, Cookie, Exchange, Noted, Redacted, Reply, Signature, Step, Write};

const TOOK: Duration = Duration::from_micros(30);

/// Every step but commands, in all its forms.
fn steps() -> Vec<Step> {
    let sid = || "owHENQ…".to_owned();
    let read = |name: &str, signature| {
        let name = name.to_owned();
        Step::CookieRead { name, bytes: 1, signature, took: TOOK }
    };
    let genuine = |outdated| Signature::Genuine { sid: sid(), outdated };
    let written = |write| Step::Written { name: "connect.sid".to_owned(), write, bytes: 2 };
    let form = |names: &[&str]| {
        let fields = names.iter().map(|name| ((*name).to_owned(), 4)).collect();
        Step::Form { fields }
    };
    vec![
        form(&[]),
        form(&["do"]),
        form(&["username", "password"]),
        Step::OriginChecked { by: None },
        Step::OriginChecked { by: Some("origin") },
        Step::OriginChecked { by: Some("sec-fetch-site") },
        Step::InputAccepted,
        read("connect.sid", genuine(false)),
        written(Write::Nothing),
        read("connect.sid", genuine(true)),
        read("connect.sid", Signature::NoCookie),
        read("connect.sid", Signature::Missing),
        read("connect.sid", Signature::Wrong),
        read("connect.sid", Signature::Ambiguous),
        Step::Revoked { reason: "by admin".to_owned() },
        Step::Revoked { reason: "revoked".to_owned() },
        Step::Memory { method: "load", sid: sid() },
        Step::Memory { method: "insert", sid: sid() },
        Step::Memory { method: "update", sid: sid() },
        Step::Memory { method: "touch", sid: sid() },
        Step::Memory { method: "destroy", sid: sid() },
        Step::MemoryUsers { method: "insert" },
        Step::Hashed { algorithm: "Argon2id".to_owned(), took: TOOK },
        Step::Verified { right: true, took: TOOK },
        Step::Verified { right: false, took: TOOK },
        Step::Regenerated { old: None, new: sid() },
        Step::Regenerated { old: Some(sid()), new: sid() },
        Step::Login { user: sid() },
        Step::User { id: sid() },
        Step::SessionInvalidated,
        Step::Destroyed,
        written(Write::SkipUndeliverable),
        Step::Rendered { template: "home" },
        Step::Lab { lesson: "two-stores", fact: "count".to_owned(), number: 1 },
    ]
}

fn command(collection: &str, name: &str, key: &str, reply: Option<Reply>) -> Step {
    let (collection, name, keys) = (collection.to_owned(), name.to_owned(), vec![key.to_owned()]);
    let text = Redacted::default();
    Step::Command(Command { request_id: 1, name, collection, text, keys, reply })
}

/// Commands for all purposes, and with all replies.
fn commands() -> Vec<Step> {
    let reply = |count| Some(Reply { took: TOOK, count, bytes: Some(90), failed: false });
    let failed = Reply { took: TOOK, count: None, bytes: None, failed: true };
    let unknown = Step::UnknownSession { sid: "owHENQ…".to_owned() };
    vec![
        command("users", "find", "", Some(failed)),
        command("users", "insert", "username", reply(Some(1))),
        command("users", "update", "password", reply(Some(1))),
        command("users", "delete", "", reply(Some(1))),
        command("sessions", "find", "", reply(Some(1))),
        unknown.clone(),
        command("sessions", "find", "", reply(Some(0))),
        unknown,
        command("sessions_ended", "find", "", reply(Some(2))),
        command("sessions", "insert", "session", reply(Some(1))),
        command("sessions", "update", "session", reply(Some(1))),
        command("sessions", "update", "expires", reply(Some(1))),
        command("sessions", "delete", "", reply(Some(1))),
        command("throttle", "findAndModify", "", reply(None)),
        command("progress", "find", "", reply(Some(1))),
        command("elsewhere", "aggregate", "", None),
    ]
}

fn cookie(name: &str, sid: Option<&str>, is_gone: bool) -> Cookie {
    let (name, attributes) = (name.to_owned(), "Path=/".to_owned());
    Cookie { name, bytes: 90, sid: sid.map(str::to_owned), attributes, is_gone }
}

fn exchange(method: &str, cookies: Vec<Cookie>, steps: Vec<Step>) -> Exchange {
    let noted = |(millis, step)| Noted { elapsed: Duration::from_millis(millis), step };
    Exchange {
        method: method.to_owned(),
        path: "/".to_owned(),
        cookies,
        steps: (0..).zip(steps).map(noted).collect(),
        ..Exchange::new(String::new())
    }
}

fn exchanges() -> [Exchange; 4] {
    let sent = || vec![cookie("connect.sid", Some("owHENQ…"), false)];
    let write = |name: &str| Step::Written { name: name.to_owned(), write: Write::Touch, bytes: 2 };
    let redirect = exchange("POST", sent(), vec![write("connect.sid"), write("other.sid")]);
    let set_cookies = vec![
        cookie("connect.sid", Some("owHENQ…"), false),
        cookie("other.sid", Some("1sBcQT…"), false),
        cookie("lab.sid", Some("Zx1234…"), false),
        cookie("lab.note", None, false),
        cookie("notice", None, false),
        cookie("device", None, false),
        cookie("device", None, true),
        Cookie { bytes: 5_000, ..cookie("lab.sid", None, false) },
    ];
    let no_cookie = Step::CookieRead {
        name: "connect.sid".to_owned(),
        bytes: 0,
        signature: Signature::NoCookie,
        took: TOOK,
    };
    [
        exchange(
            "GET",
            vec![],
            vec![
                no_cookie.clone(),
                Step::Written { name: "connect.sid".to_owned(), write: Write::Nothing, bytes: 2 },
            ],
        ),
        exchange("GET", sent(), [steps(), commands(), vec![no_cookie]].concat()),
        exchange("POST", vec![cookie("lab.sid", Some("Zx1234…"), false)], vec![]),
        Exchange { location: Some("/login".to_owned()), bytes: Some(90), set_cookies, ..redirect },
    ]
}

/// Adds the keys of the sentence and of those in it. Fails when one lacks a value that its text may name.
fn collect(sentence: &Sentence, said: &mut BTreeSet<&'static str>) {
    let mut known = FILES.iter().flat_map(|(_, keys)| *keys);
    let (key, names) = known.find(|(key, _)| *key == sentence.key).expect(sentence.key);
    for name in *names {
        assert!(sentence.value(name).is_some(), "[{key}] is said without {{{name}}}");
    }
    said.insert(key);
    sentence.sentences().for_each(|sentence| collect(sentence, said));
}

#[test]
fn every_step_has_a_sentence_with_all_its_values_and_every_sentence_has_a_step() {
    let sentences = Sentences::read(&Figment::new());
    assert!(sentences.is_ok(), "{:?}", sentences.err());
    let mut said = BTreeSet::new();
    for row in exchanges().iter().flat_map(rows) {
        collect(&row.sentence, &mut said);
        let code = sentences.as_ref().unwrap().code(row.sentence.key);
        assert!(code.is_some(), "[{}] has no place in the source", row.sentence.key);
    }
    let all = FILES.iter().flat_map(|(_, keys)| *keys).map(|(key, _)| *key);
    let unsaid: Vec<&str> = all.filter(|key| !said.contains(key)).collect();
    // Only the driver makes the text of a command.
    let elsewhere =
        ["between-fields", "between-cookies", "find-user-by-name", "find-user-sessions"];
    assert_eq!(unsaid, elsewhere);
}
