//! Any cookie object that express-session accepts is accepted here, and stays as it was.
//!
//! Each case is a document. Both apps get a copy of it, for a request that reads and one that writes.

use std::cell::{Cell, RefCell};

use mongodb::bson::{Bson, DateTime, Document, doc, serialize_to_bson};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use rocket::tokio::runtime::Runtime;
use rocket_express_session::SessionId;
use serde_json::Value;

use crate::peer::Peer;
use crate::support::{Answer, Browser, Lab};

const SECRET: &str = "a secret that is long enough for any app";
const DAY: i64 = 24 * 60 * 60 * 1000;

/// Values for any member, as JSON text.
const ODD: [&str; 16] = [
    "null",
    "false",
    "true",
    "0",
    "1",
    "-1",
    "1.50",
    "1e3",
    r#""""#,
    r#""0""#,
    r#""true""#,
    r#""auto""#,
    r#""abc""#,
    "{}",
    "[ ]",
    r#"{"a": [1, null]}"#,
];

/// The members, and the values that mean something in each.
const MEMBERS: [(&str, &[&str]); 14] = [
    (
        "originalMaxAge",
        &[
            "null",
            "false",
            "0",
            r#""""#,
            "86400000",
            "8.64e7",
            "3600000.75",
            "1.50",
            "3000000000",
            "-1000",
            "1e300",
        ],
    ),
    ("partitioned", &[]),
    ("priority", &[r#""low""#, r#""HIGH""#]),
    (
        "expires",
        &[
            r#""2030-01-02T03:04:05.678Z""#,
            r#""2020-01-02T03:04:05.678Z""#,
            r#""2030-01-02""#,
            r#""+012020-04-05T00:00:00.000Z""#,
            r#""soon""#,
        ],
    ),
    ("secure", &[]),
    ("httpOnly", &[]),
    ("domain", &[r#""example.org""#, r#"".example.org""#, r#""no domain""#, r#""é""#]),
    ("path", &[r#""/""#, r#""/app""#, r#""/é""#, "7"]),
    ("sameSite", &[r#""lax""#, r#""Strict""#, r#""NONE""#, "true"]),
    ("maxAge", &["1000"]),
    ("data", &[]),
    ("theirs", &[]),
    ("7", &[]),
    ("\u{e9}", &[]),
];

type Members = Vec<(&'static str, &'static str)>;

/// Some of the members in any order, each with one of its own values or an odd one.
fn members() -> impl Strategy<Value = Members> {
    let member = |(name, own): (&'static str, &'static [&'static str])| {
        // An Express process exits when the maximum age is text, an object or `true`.
        let odd = if name == "originalMaxAge" { vec![] } else { ODD.to_vec() };
        let values = [own, &odd].concat();
        let pick = prop_oneof![
            u32::try_from(own.len()).unwrap() * 3 + 1 => prop::sample::select([own, &values].concat()),
            8 => prop::sample::select(values),
        ];
        (prop::bool::weighted(0.6), pick)
            .prop_map(move |(there, value)| there.then_some((name, value)))
    };
    let all: Vec<_> = MEMBERS.into_iter().map(member).collect();
    all.prop_map(|members| members.into_iter().flatten().collect::<Members>()).prop_shuffle()
}

/// Both apps on one database, with one user.
struct World {
    lab: Lab,
    peer: RefCell<Peer>,
    user: String,
    stringify: bool,
    /// How many cases express-session has accepted, to read and to write.
    accepted: [Cell<u32>; 2],
}

/// A document with the cookie of a case.
struct Seed {
    id: SessionId,
    cookie: Bson,
}

impl World {
    async fn new(stringify: bool) -> Self {
        let settings = serde_json::json!({ "secret": SECRET }).to_string();
        let lab = Lab::on_mongodb_as(stringify, &settings).await;
        let peer = Self::start_peer(&lab, stringify);
        let user = peer.register("rosa", lab.database()).await;
        Self { lab, peer: RefCell::new(peer), user, stringify, accepted: Default::default() }
    }

    fn start_peer(lab: &Lab, stringify: bool) -> Peer {
        let settings = format!(r#"{{"store":{{"stringify":{stringify}}}}}"#);
        Peer::with(lab.uri(), SECRET, &settings, r#"{"quiet":true}"#)
    }

    async fn seed(&self, members: &Members) -> Seed {
        let id = SessionId::generate();
        let (session, cookie) = if self.stringify {
            let members: Vec<_> =
                members.iter().map(|(name, value)| format!("{name:?}:{value}")).collect();
            let cookie = format!("{{{}}}", members.join(","));
            let text = format!(r#"{{"cookie":{cookie},"passport":{{"user":"{}"}}}}"#, self.user);
            (Bson::String(text), Bson::String(cookie))
        } else {
            let cookie: Document = members
                .iter()
                .map(|(name, value)| ((*name).to_owned(), bson(name, value)))
                .collect();
            let session = doc! { "cookie": cookie.clone(), "passport": { "user": &self.user } };
            (Bson::Document(session), Bson::Document(cookie))
        };
        let expires = DateTime::from_millis(DateTime::now().timestamp_millis() + DAY);
        let document = doc! { "_id": id.as_str(), "expires": expires, "session": session };
        self.sessions().insert_one(document).await.unwrap();
        Seed { id, cookie }
    }

    fn sessions(&self) -> mongodb::Collection<Document> {
        self.lab.database().collection("sessions")
    }

    /// `None` when the Express app does not answer.
    async fn ask_express(&self, seed: &Seed, path: &str) -> Option<Answer> {
        let mut browser = self.peer.borrow().browser().with_cookie_for(&seed.id, SECRET);
        let request = browser.request(reqwest::Method::GET, path);
        let answer = browser.try_send(request).await.ok();
        if self.peer.borrow_mut().has_ended() {
            self.peer.replace(Self::start_peer(&self.lab, self.stringify));
        }
        answer
    }

    fn here(&self, seed: &Seed) -> Browser {
        self.lab.browser().with_cookie_for(&seed.id, SECRET)
    }

    /// The cookie in the document, and the number of visits.
    async fn stored(&self, seed: &Seed) -> (Bson, i64) {
        let document =
            self.sessions().find_one(doc! { "_id": seed.id.as_str() }).await.unwrap().unwrap();
        match document.get("session").unwrap() {
            Bson::String(text) => {
                let count = serde_json::from_str::<Value>(text).unwrap()["viewCount"].as_i64();
                let cookie = text.strip_prefix(r#"{"cookie":"#).unwrap();
                let end = cookie.find(r#","passport""#).unwrap();
                (Bson::String(cookie[..end].to_owned()), count.unwrap_or(0))
            }
            Bson::Document(session) => {
                let count = session.get_i32("viewCount").unwrap_or(0);
                (session.get("cookie").unwrap().clone(), count.into())
            }
            other => panic!("{other}"),
        }
    }
}

/// A member as the JavaScript driver may have stored it.
fn bson(name: &str, value: &str) -> Bson {
    let now = DateTime::now().timestamp_millis();
    match (name, value) {
        ("expires", r#""2030-01-02T03:04:05.678Z""#) | ("originalMaxAge", "1.50") => {
            DateTime::from_millis(now + DAY).into()
        }
        _ => serialize_to_bson(&serde_json::from_str::<Value>(value).unwrap()).unwrap(),
    }
}

/// The attributes of a `Set-Cookie` line, with the day of `Expires` alone. Not the `Path` of an object, for
/// which JavaScript has a text of its own.
fn attributes(answer: &Answer) -> Option<Vec<String>> {
    let line = answer.session_cookie()?;
    let attributes = line.split("; ").skip(1).map(|attribute| {
        let words = if attribute.starts_with("Expires") { 4 } else { 1 };
        attribute.split(' ').take(words).collect()
    });
    let is_of_object = |text: &String| text == "Path=" || text.starts_with("Path=[");
    Some(attributes.filter(|text| !is_of_object(text)).collect())
}

async fn check(world: &World, members: &Members) -> Result<(), TestCaseError> {
    let read = world.ask_express(&world.seed(members).await, "/protected-route").await;
    if read.is_some_and(|answer| (answer.status, answer.body.as_str()) == (200, "rosa")) {
        let answer = world.here(&world.seed(members).await).steps("").await;
        let user = &answer.session()["passport"]["user"];
        prop_assert_eq!(user.as_str(), Some(&*world.user), "express-session reads it");
        world.accepted[0].update(|number| number + 1);
    }
    let seed = world.seed(members).await;
    let Some(theirs) = world.ask_express(&seed, "/").await.filter(|answer| answer.status == 200)
    else {
        return Ok(());
    };
    if world.stored(&seed).await.1 != 1 {
        return Ok(());
    }
    world.accepted[1].update(|number| number + 1);
    let seed = world.seed(members).await;
    let ours = world.here(&seed).steps("count:viewCount").await;
    prop_assert_eq!(ours.status, 200, "{}", ours.body);
    let (cookie, count) = world.stored(&seed).await;
    prop_assert_eq!(count, 1, "express-session counts it");
    prop_assert_eq!(without_expires(&cookie), without_expires(&seed.cookie), "it stays as it was");
    let again = world.ask_express(&seed, "/protected-route").await;
    prop_assert!(again.is_some_and(|answer| answer.body == "rosa"), "Express reads it still");
    if let Some(theirs) = attributes(&theirs) {
        // This differs on purpose: what a browser refuses over plain http is not sent.
        let is_refused = |text: &String| text == "Partitioned" || text == "SameSite=None";
        let expected = Some(theirs).filter(|theirs| !theirs.iter().any(is_refused));
        prop_assert_eq!(attributes(&ours), expected);
    }
    Ok(())
}

fn without_expires(cookie: &Bson) -> String {
    match cookie {
        Bson::String(text) => {
            let raw: indexmap::IndexMap<String, Box<serde_json::value::RawValue>> =
                serde_json::from_str(text).unwrap();
            let kept = raw.iter().filter(|(name, _)| *name != "expires");
            kept.map(|(name, value)| format!("{name:?}:{value}\n")).collect()
        }
        Bson::Document(document) => {
            let kept = document.iter().filter(|(name, _)| *name != "expires");
            kept.map(|(name, value)| format!("{name:?}:{value:?}\n")).collect()
        }
        other => panic!("{other}"),
    }
}

fn check_all(stringify: bool) {
    let runtime = Runtime::new().unwrap();
    let world = runtime.block_on(World::new(stringify));
    let config = Config { cases: 250, failure_persistence: None, ..Config::default() };
    let result = TestRunner::new(config)
        .run(&members(), |members| runtime.block_on(check(&world, &members)));
    if let Err(error) = result {
        panic!("{error}");
    }
    let [read, written] = world.accepted.map(Cell::into_inner);
    assert!(read > 100 && written > 40, "too few to tell: {read} read, {written} written");
}

#[test]
fn any_cookie_that_express_session_accepts_is_accepted_and_kept_as_json() {
    check_all(true);
}

#[test]
fn any_cookie_that_express_session_accepts_is_accepted_and_kept_as_an_object() {
    check_all(false);
}
