//! What is noted of a request: to which request a note belongs, how much of it, and nothing secret.

use std::sync::Arc;

use cloakroom::in_flight;
use cloakroom::trace::{self, BrowserKey, Command, Cookie, Exchange, Noted, Recorder, Step};
use get_size2::GetSize as _;
use mongodb::bson::{Document, doc};
use rocket::http::{Cookie as SetCookie, CookieJar};
use rocket::local::asynchronous::Client;
use rocket::response::Redirect;
use rocket::tokio::task::yield_now;
use rocket::tokio::{join, spawn};
use rocket::{Rocket, get, routes};

use crate::rows::{expect_in_order, rows};
use crate::support::PASSWORD;
use crate::{class, exchanges};

/// A coat takes four bytes.
fn long() -> String {
    "\u{1f9e5}".repeat(1_000)
}

/// Notes the name again and again, while other requests do so. The response says what it has noted.
#[get("/name/<name>")]
async fn name(name: String) -> String {
    trace::assign_to(BrowserKey::of_session(&name));
    let mut noted = String::new();
    for _ in 0..3 {
        trace::note(|| Step::Login { user: name.clone() });
        noted.extend(trace::so_far().and_then(|exchange| exchange.user));
        yield_now().await;
    }
    noted
}

/// Notes as much as a client, or this program, could make it note.
#[get("/long/<_>")]
fn much(jar: &CookieJar<'_>) -> Redirect {
    trace::assign_to(BrowserKey::of_session("long"));
    trace::link_to(&long());
    for _ in 0..100 {
        let set = doc! { "username": long(), long(): [long(), long()] };
        let update = doc! { "q": { "username": long() }, "u": { "$set": set } };
        let command = doc! { "update": long(), "updates": [update] };
        trace::note(|| Step::Command(Command::sent(1, "update", &command)));
        trace::note(|| Step::Form { fields: vec![(long(), 1)] });
        trace::note(|| Step::Lab { lesson: "", fact: "a".repeat(40), number: 1 });
    }
    for number in 0..30 {
        jar.add(SetCookie::build((format!("{number}{}", "n".repeat(99)), "v")).path(long()));
    }
    Redirect::to(format!("/{}", "to".repeat(999)))
}

/// An app with both pages.
async fn app(recorder: Option<Recorder>) -> Arc<Client> {
    let app = rocket::build().attach(in_flight::arrivals()).attach(trace::openings());
    let app = app.mount("/", routes![name, much]).attach(trace::stage());
    let app = recorder.into_iter().fold(app, Rocket::manage);
    Arc::new(Client::untracked(app).await.unwrap())
}

/// Sends a request with many cookies, and returns the response's body. The request runs in a task of its own,
/// as those do that come over the network.
async fn send(app: &Arc<Client>, path: String) -> String {
    let app = app.clone();
    let sent = spawn(async move {
        let value = format!("s%3A{}.signature", long());
        let names = (0..30).map(|number| format!("{number}{}", "n".repeat(99)));
        let cookies = names.map(|name| SetCookie::new(name, value.clone()));
        app.get(path).cookies(cookies).dispatch().await.into_string().await
    });
    sent.await.unwrap().unwrap_or_default()
}

fn of(recorder: &Recorder, session_id: &str) -> Arc<Exchange> {
    recorder.of_browser(BrowserKey::of_session(session_id))[0].clone()
}

#[rocket::async_test]
async fn a_note_belongs_to_the_request_that_runs_in_its_task() {
    let recorder = Recorder::default();
    let (with, without) = (app(Some(recorder.clone())).await, app(None).await);
    let path = |name| format!("/name/{name}");
    let responses =
        join!(send(&with, path("rosa")), send(&with, path("oskar")), send(&without, path("ruth")));
    let expected = ("rosa".repeat(3), "oskar".repeat(3), String::new());
    assert_eq!(responses, expected, "without a recorder, nothing is noted");
    for name in ["rosa", "oskar"] {
        let exchange = of(&recorder, name);
        assert_eq!((&*exchange.path, exchange.status), (&*path(name), 200));
        let step = |noted: &Noted| matches!(&noted.step, Step::Login { user } if user == name);
        assert!(exchange.steps.len() == 3 && exchange.steps.iter().all(step), "{exchange:?}");
    }
    trace::note(|| Step::Login { user: "too late".to_owned() });
    assert!(trace::so_far().is_none());
}

#[rocket::async_test]
async fn the_largest_exchanges_together_keep_to_the_promised_memory() {
    let recorder = Recorder::default();
    let app = app(Some(recorder.clone())).await;
    send(&app, format!("/long/{}", "x".repeat(999))).await;
    let largest = of(&recorder, "long");
    assert_eq!(largest.follows, None, "this text is no ID");
    assert_eq!((largest.cookies.len(), largest.set_cookies.len()), (20, 10));
    let student = BrowserKey::of_session("a student");
    let small = Exchange { steps: vec![], ..Exchange::clone(&largest) };
    recorder.keep(Exchange { user: Some("rosa".to_owned()), ..small }, &[student]);
    for number in 0..2_500 {
        let key = BrowserKey::of_session(&number.to_string());
        recorder.keep(Exchange { id: number.to_string(), ..Exchange::clone(&largest) }, &[key]);
    }
    let kept = (0..2_500).filter_map(|number| recorder.get(&number.to_string()));
    let sizes: Vec<usize> = kept.map(|exchange| exchange.get_size()).collect();
    let (one, all) = (largest.get_size(), sizes.iter().sum::<usize>());
    println!("largest {one} bytes, {all} in all, {} kept", sizes.len());
    assert!(one > 20 * 1024, "the test fills an exchange: {one}");
    assert!(one <= 32 * 1024, "{one}");
    assert!(all <= 16 * 1024 * 1024 && all > 15 * 1024 * 1024, "{all}");
    assert_eq!(recorder.of_browser(student).len(), 1, "guests push out guests");
}

/// A command of one key and its value.
fn find(filter: &Document) -> Command {
    Command::sent(1, "find", &doc! { "find": "c", "filter": filter })
}

#[test]
fn a_command_is_shown_as_one_would_type_it() {
    let check = |name: &str, command: Document, text: &str, keys: &[&str]| {
        let command = Command::sent(1, name, &command);
        assert_eq!(command.text, text);
        assert_eq!(command.keys, keys);
    };
    check(
        "find",
        doc! { "find": "sessions", "filter": { "_id": "owHENQ0123" }, "lsid": "x" },
        r#"sessions.find({ _id: "owHENQ…" })"#,
        &[],
    );
    check(
        "insert",
        doc! { "insert": "sessions", "documents": [{ "_id": "owHENQ0123", "session": "{}" }] },
        r#"sessions.insert({ _id: "owHENQ…", session: "…" (2 characters) })"#,
        &["_id", "session"],
    );
    let update = doc! { "$set": { "session": "{}" } };
    check(
        "update",
        doc! { "update": "sessions", "updates": [{ "q": { "_id": "owHENQ0123" }, "u": update }] },
        r#"sessions.update({ _id: "owHENQ…" }, { $set: { session: "…" (2 characters) } })"#,
        &["session"],
    );
    check(
        "findAndModify",
        doc! { "findAndModify": "throttle", "query": { "_id": "0123456789" }, "update": [] },
        r#"throttle.findAndModify({ _id: "012345…" }, [ … ])"#,
        &[],
    );
    check(
        "findAndModify",
        doc! { "findAndModify": "sessions", "query": { "_id": "owHENQ0123" }, "remove": true },
        r#"sessions.findAndModify({ _id: "owHENQ…" }, { remove: true })"#,
        &[],
    );
    check(
        "delete",
        doc! { "delete": "sessions", "deletes": [{ "q": { "_id": "owHENQ0123" } }] },
        r#"sessions.delete({ _id: "owHENQ…" })"#,
        &[],
    );
}

#[test]
fn only_what_is_known_to_be_harmless_is_shown() {
    let check = |filter: Document, expected: &str| {
        assert_eq!(find(&filter).text, format!("c.find({expected})"));
    };
    check(doc! { "username_key": "rosa", "n": 1 }, r#"{ username_key: "rosa", n: 1 }"#);
    check(doc! { "password": "$argon2id$x" }, r#"{ password: "…" (11 characters) }"#);
    check(doc! { "anything": "hunter2" }, r#"{ anything: "…" (7 characters) }"#);
    check(doc! { "session": { "a": "b" } }, "{ session: { … } }");
    check(doc! { "session": { "$eq": "{}" } }, "{ session: { … } }");
    let many: Vec<_> = (0..5).map(|n| format!("secret-id-{n}")).collect();
    check(
        doc! { "_id": { "$in": many } },
        r#"{ _id: { $in: ["secret…", "secret…", "secret…", …] } }"#,
    );
    let nested = doc! { "a": { "b": { "c": { "d": { "e": { "f": 1 } } } } } };
    check(nested, "{ a: { b: { c: { d: { e: { … } } } } } }");
    check(doc! { "a": [[], {}, 1, 2] }, "{ a: [[], {}, 1, …] }");
    check(doc! {}, "{}");
}

#[test]
fn a_text_from_outside_stands_between_double_quotes_whatever_characters_it_has() {
    let outside_quotes = |filter: &Document| {
        let text = find(filter).text;
        text.split('"').step_by(2).collect::<Vec<_>>().join("\"\"")
    };
    for name in [
        "b\"INSULT",
        "\"INSULT",
        "INSULT\\",
        "\\\"INSULT",
        "`INSULT`",
        "{INSULT}",
        "$INSULT",
        "INSULT\", n: \"",
    ] {
        let found = doc! { "$or": [{ "username_key": name }, { "username": { "$in": [name, name] } }],
        "_id": "owHENQ0123456789", "user": "INSULT0123456789", "why": name, "n": 1 };
        let expected = "c.find({ $or: [{ username_key: \"\" }, { username: { $in: [\"\", \"\"] } }], \
            _id: \"\", user: \"\", why: \"\", n: 1 })";
        assert_eq!(outside_quotes(&found), expected, "{name}");
        let key = doc! { "$set": { format!("{name} x"): { "$literal": name } } };
        assert!(!outside_quotes(&key).contains("INSULT"), "{key}");
        // A command that is cut within the name.
        let long = doc! { "username": name.repeat(99) };
        assert!(!outside_quotes(&long).contains("INSULT"), "{long}");
    }
}

#[test]
fn a_long_command_is_cut() {
    let shown = |length| find(&doc! { "username": "r".repeat(length), "n": 1 }).text;
    let all = |length| format!("c.find({{ username: {:?}, n: 1 }})", "r".repeat(length));
    // 400 characters fit.
    assert_eq!(shown(370), all(370));
    assert_eq!(shown(371), all(371)[..400].to_owned() + "…");
}

#[test]
fn a_cookie_is_kept_without_its_value() {
    let line = "connect.sid=s%3AowHENQ0123.sig%2Bnature; Path=/; HttpOnly";
    let cookie = Cookie::set(line).unwrap();
    assert_eq!(cookie.sid.as_deref(), Some("owHENQ…"));
    assert_eq!(cookie.attributes, "Path=/; HttpOnly");
    assert!(!cookie.is_gone);
    assert!(!format!("{cookie:?}").contains("nature"));
    let gone = Cookie::set("connect.sid=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT").unwrap();
    assert!(gone.is_gone && gone.sid.is_none());
}

#[test]
fn a_text_is_cut_by_characters_and_by_bytes() {
    for (text, kept) in [("a", 40), ("é", 40), ("\u{1f9e5}", 20)] {
        let cut = |times| Cookie::set(&format!("{}=value", text.repeat(times))).unwrap().name;
        assert_eq!(cut(kept), text.repeat(kept));
        assert_eq!(cut(kept + 1), text.repeat(kept) + "…");
        assert_eq!(cut(9_999).capacity(), cut(9_999).len());
    }
}

#[rocket::async_test]
async fn twenty_fields_of_a_form_are_noted_and_forty_characters_of_each_name() {
    let app = class().await;
    let mut browser = app.browser();
    let names = (10..40).map(|number| format!("{number}{}", "n".repeat(99)));
    let names: Vec<String> =
        ["username", "password"].map(str::to_owned).into_iter().chain(names).collect();
    let fields: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), PASSWORD)).collect();
    let id = exchanges(&browser.post("/login", &fields).await)[0].clone();
    let rows = rows(&mut browser, &id).await;
    let form = expect_in_order(&rows, &["form"])[0];
    assert_eq!(form.words.iter().filter(|word| *word == "form-field").count(), 20);
    let noted = format!(", 27{} (", "n".repeat(38));
    assert!(form.dialects[1].contains(&noted), "{form:?}");
}

#[rocket::async_test]
async fn the_times_of_a_failed_login_are_rounded_up() {
    let app = class().await;
    let mut browser = app.browser();
    let page = browser.post("/login", &[("username", "rosa"), ("password", PASSWORD)]).await;
    let page = browser.get(&format!("/xray/{}?step=999", exchanges(&page)[0])).await.body;
    let last = page.rsplit_once("ray__time\">").unwrap().1.split('<').next().unwrap();
    // It takes at least 100 ms.
    assert!(["1000", "10000"].contains(&last), "{last}");
}
