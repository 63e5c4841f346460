//! Twenty-five documents that are no sessions, each with a genuine cookie.

use std::time::{Duration, Instant};

use mongodb::bson::oid::ObjectId;
use mongodb::bson::{Binary, Bson, DateTime, Document, doc, spec::BinarySubtype};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use rocket_express_session::{Secrets, SessionId};

use crate::alone;
use crate::cluster::Cluster;
use crate::instance::Instance;
use crate::support::{Browser, SECRET};
use crate::world::DATABASE;

/// Documents in place of a session, each with what is wrong about it.
fn documents() -> Vec<(&'static str, Document)> {
    let later = DateTime::from_millis(DateTime::now().timestamp_millis() + 3_600_000);
    let user = ObjectId::new().to_hex();
    let session = |text: &str| doc! { "expires": later, "session": text };
    let json = |user: &str| {
        format!(r#"{{"cookie":{{"originalMaxAge":null}},"passport":{{"user":{user}}}}}"#)
    };
    let object = |session: Bson| doc! { "expires": later, "session": session };
    let whole = json(&format!("{user:?}"));
    let bytes = Bson::Binary(Binary { subtype: BinarySubtype::Generic, bytes: vec![0xff; 40] });
    let deep = format!("{}1{}", "[".repeat(5_000), "]".repeat(5_000));
    let nested = doc! { "cookie": { "originalMaxAge": "ten" }, "passport": { "user": &user } };
    vec![
        ("nothing but an id", doc! {}),
        ("no session", doc! { "expires": later }),
        ("null", object(Bson::Null)),
        ("a number", object(5.into())),
        ("a list", object(vec![1, 2].into())),
        ("bytes", object(bytes)),
        ("an empty text", session("")),
        ("no JSON", session("{\"cookie\":")),
        ("JSON null", session("null")),
        ("a JSON list", session("[]")),
        ("a JSON number", session("1e400")),
        ("no cookie", session(r#"{"passport":{"user":"x"}}"#)),
        ("a cookie that is a text", session(r#"{"cookie":"x","passport":{"user":"x"}}"#)),
        (
            "an odd maxAge",
            session(r#"{"cookie":{"originalMaxAge":"ten"},"passport":{"user":"x"}}"#),
        ),
        ("a user who is a number", session(&json("5"))),
        ("a user who is null", session(&json("null"))),
        ("a user who is an object", session(&json(r#"{"$ne":null}"#))),
        ("a user whose id is none", session(&json(r#""not an id""#))),
        ("an unknown user", session(&whole)),
        ("an unknown user in an object", object(nested.into())),
        ("5,000 brackets", session(&format!(r#"{{"cookie":{{}},"deep":{deep}}}"#))),
        ("15 MB of text", session(&"x".repeat(15_000_000))),
        (
            "15 MB of JSON",
            session(&format!(r#"{{"cookie":{{}},"x":"{}"}}"#, "x".repeat(15_000_000))),
        ),
        ("an end that is a text", doc! { "expires": "tomorrow", "session": &whole }),
        ("an end that is a number", doc! { "expires": 1, "session": &whole }),
    ]
}

#[rocket::async_test]
async fn a_document_that_is_no_session_logs_no_user_in() {
    let _alone = alone().await;
    let cluster = Cluster::start(1).await;
    let instance = Instance::start(&cluster.uri(DATABASE)).await;
    let mut rosa = Browser::new(&instance.url);
    rosa.sign_up("rosa").await;
    let secrets = Secrets::new([SECRET.to_owned()]).unwrap();
    let sessions = cluster.database(DATABASE).collection::<Document>("sessions");
    let all = documents();
    assert_eq!(all.len(), 25);
    let mut slowest = Duration::ZERO;
    for (what, mut document) in all {
        let sid = SessionId::generate();
        document.insert("_id", sid.as_str());
        sessions.insert_one(document).await.unwrap();
        let mut stranger = Browser::new(&instance.url);
        let ticket = utf8_percent_encode(&secrets.sign(&sid), NON_ALPHANUMERIC).to_string();
        stranger.jar.insert("connect.sid".to_owned(), ticket);
        let asked = Instant::now();
        let answer = stranger.copy().get("/dashboard").await;
        slowest = slowest.max(asked.elapsed());
        assert_eq!((answer.status, what), (303, what), "{}", answer.body);
        assert!(answer.header("location").unwrap().starts_with("/login"), "{what}");
        stranger.copy().get("/login").await.expect_page(200, "Log in");
        // It does not prevent a login, either.
        stranger.log_in("rosa").await;
        assert!(rosa.is_logged_in().await, "{what}: others are unaffected");
    }
    println!("25 corrupt documents: the login page after {slowest:.2?} at most");
    assert!(slowest < Duration::from_millis(500), "{slowest:?}");
    rosa.get("/account").await.expect_page(200, "Where you are logged in");
}
