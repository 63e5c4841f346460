//! Both take the same steps with the same settings: responses, cookies and documents are equal.

use mongodb::bson::{Bson, Document, doc};

use crate::peer::Peer;
use crate::support::{Answer, Browser, Lab};

/// Whether new documents hold JSON text, and the settings, ours and theirs. Express stores sessions without
/// `touchAfter` in these, so ours is 0.
const SETTINGS: [(bool, &str, &str); 7] = [
    (true, "{}", "{}"),
    (true, r#"{"resave":true}"#, r#"{"resave":true}"#),
    (true, r#"{"save_uninitialized":true}"#, r#"{"saveUninitialized":true}"#),
    (false, r#"{"rolling":true}"#, r#"{"rolling":true,"store":{"stringify":false}}"#),
    (
        true,
        r#"{"cookie":{"same_site":true,"http_only":false,"secure":false,"domain":"example.org"}}"#,
        r#"{"cookie":{"maxAge":86400000,"sameSite":true,"httpOnly":false,"secure":false,"domain":"example.org"}}"#,
    ),
    (
        true,
        // Not "none", which differs on purpose over plain http: Express sends a useless cookie.
        r#"{"rolling":true,"cookie":{"same_site":"strict","path":"/do"}}"#,
        r#"{"rolling":true,"cookie":{"maxAge":86400000,"sameSite":"strict","path":"/do","secure":"auto"}}"#,
    ),
    (
        false,
        r#"{"cookie":{"same_site":"auto","domain":"example.org"}}"#,
        r#"{"store":{"stringify":false},"cookie":{"maxAge":86400000,"sameSite":"auto","domain":"example.org","secure":"auto"}}"#,
    ),
];

/// Requests of one browser, one after the other. What Express does differently by a fault is not among them.
const STORIES: [&[&str]; 13] = [
    &["", "", ""],
    &["set:a=1", "", ""],
    &["set:a=1", "set:a=1", "set:a=2", ""],
    &["set:a=1,set:b=2", "remove:a", "remove:a", ""],
    &["set:a=1", "set:a=2,set:a=1", "set:c=3,remove:c"],
    &["count:n", "count:n,count:n", ""],
    &["set:a=1", "regenerate,set:b=2", ""],
    &["set:a=1", "login:rosa", "", "set:b=2"],
    &["set:a=1,save", "set:a=2,save", ""],
    &["set:a=1", "set:a=2,reload", ""],
    &["set:a=1", "touch", ""],
    &["set:a=é\"\\\u{1}🎩", "set:b=</script>", ""],
    &["fill:a=20000", "set:b=1", ""],
];

/// The effects of one request on which both programs should agree.
#[derive(Debug, PartialEq)]
struct Outcome {
    status: u16,
    /// The attributes of the `Set-Cookie` line, `Expires` without its date.
    set_cookie: Option<String>,
    /// The session that the handler saw.
    session: serde_json::Value,
    /// Documents, without IDs, and with dates as minutes from now.
    documents: Vec<Document>,
}

#[rocket::async_test]
async fn the_same_steps_have_the_same_outcomes() {
    for (stringify, ours, theirs) in SETTINGS {
        let ours = with(ours, r#""touch_after":0,"secret":"keyboard cat""#);
        let cookie = r#""cookie":{"maxAge":86400000,"secure":"auto","sameSite":"lax"}"#;
        let theirs = with(theirs, &format!(r#""saveUninitialized":false,{cookie}"#));
        let our_lab = Lab::on_mongodb_as(stringify, &ours).await;
        let their_lab = Lab::on_mongodb_as(stringify, &ours).await;
        let peer = Peer::start(their_lab.uri(), "keyboard cat", &theirs);
        // passport loads the user of each request, so there must be one.
        let users = their_lab.database().collection::<Document>("users");
        let rosa = users.insert_one(doc! { "username": "rosa" }).await.unwrap().inserted_id;
        let rosa = rosa.as_object_id().unwrap().to_hex();
        for story in STORIES {
            let (mut here, mut there) = (our_lab.browser(), peer.browser());
            for (number, steps) in story.iter().enumerate() {
                let steps = &steps.replace("rosa", &rosa);
                let ours_was = outcome(here.steps(steps).await, &our_lab, &here).await;
                let theirs_was = outcome(there.steps(steps).await, &their_lab, &there).await;
                assert_eq!(ours_was, theirs_was, "{ours} {stringify}: {story:?}, request {number}");
            }
            clear(&our_lab).await;
            clear(&their_lab).await;
        }
    }
}

async fn clear(lab: &Lab) {
    let sessions = lab.database().collection::<Document>("sessions");
    sessions.delete_many(doc! {}).await.unwrap();
}

/// Adds members to a JSON object in text. Those that it has stay.
fn with(object: &str, members: &str) -> String {
    let mut all: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(&format!("{{{members}}}")).unwrap();
    let own: serde_json::Map<_, _> = serde_json::from_str(object).unwrap();
    all.extend(own);
    serde_json::to_string(&all).unwrap()
}

async fn outcome(answer: Answer, lab: &Lab, browser: &Browser) -> Outcome {
    let documents = lab.documents().await.unwrap();
    let mut session = answer.session();
    // Read from an object, the absent members are null there and absent here. The documents have them in both
    // cases, and are compared to the byte.
    session["cookie"]
        .as_object_mut()
        .unwrap()
        .retain(|key, value| key == "originalMaxAge" || !value.is_null());
    session["cookie"].as_object_mut().unwrap().remove("expires");
    session = serde_json::from_str(&without_drift(&session.to_string())).unwrap();
    let set_cookie = answer.session_cookie().map(|line| {
        let attributes = line.split("; ").skip(1);
        let without_date = attributes.map(|text| text.split(", ").next().unwrap_or_default());
        without_date
            .map(|text| text.split('=').take(2).collect::<Vec<_>>().join("="))
            .map(|text| if text.starts_with("Expires") { "Expires".to_owned() } else { text })
            .collect::<Vec<_>>()
            .join("; ")
    });
    if let Some(id) = browser.session_id() {
        let known = documents.iter().any(|document| document.get_str("_id").ok() == Some(&id));
        assert!(known, "the browser's cookie names a document");
    }
    Outcome {
        status: answer.status,
        set_cookie,
        session,
        documents: documents.into_iter().map(normal).collect(),
    }
}

/// Without the ID and without our own fields; dates in minutes from now.
fn normal(mut document: Document) -> Document {
    document.remove("_id");
    document.remove("createdAt");
    document.remove("user");
    let minutes = |date: i64| {
        let now = mongodb::bson::DateTime::now().timestamp_millis();
        Bson::Int64((date - now + 30_000).div_euclid(60_000))
    };
    let expires = document.get_datetime("expires").unwrap().timestamp_millis();
    document.insert("expires", minutes(expires));
    match document.get("session").unwrap().clone() {
        Bson::String(text) => {
            let session: serde_json::Value = serde_json::from_str(&text).unwrap();
            let date = session["cookie"]["expires"].as_str().unwrap_or("no date");
            let text = text.replace(date, "DATE");
            document.insert("session", without_drift(&text));
        }
        Bson::Document(mut session) => {
            let cookie = session.get_document_mut("cookie").unwrap();
            let expires = cookie.get_datetime("expires").unwrap().timestamp_millis();
            cookie.insert("expires", minutes(expires));
            let age = cookie.get_i32("originalMaxAge").unwrap().to_string();
            cookie.insert("originalMaxAge", without_drift(&age));
            document.insert("session", session);
        }
        other => panic!("{other}"),
    }
    document
}

/// Express reads the clock twice when it resets the maximum age, and loses a millisecond when the clock has
/// advanced in between. Ours stays what it is.
fn without_drift(json: &str) -> String {
    (86_399_990..86_400_000)
        .fold(json.to_owned(), |json, drifted: u32| json.replace(&drifted.to_string(), "86400000"))
}
