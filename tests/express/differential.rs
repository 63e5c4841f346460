//! The same steps to both, with the same settings: the same answers, cookies and documents.

use mongodb::bson::{Bson, Document, doc};

use crate::peer::Peer;
use crate::support::{Answer, Browser, Lab};

/// Settings, ours and theirs. Express stores sessions without `touchAfter` in these, so ours is 0.
const SETTINGS: [(&str, &str); 7] = [
    ("{}", "{}"),
    (r#"{"resave":true}"#, r#"{"resave":true}"#),
    (r#"{"save_uninitialized":true}"#, r#"{"saveUninitialized":true}"#),
    (r#"{"rolling":true,"stringify":false}"#, r#"{"rolling":true,"store":{"stringify":false}}"#),
    (
        r#"{"cookie":{"same_site":true,"http_only":false,"secure":false,"domain":"example.org"}}"#,
        r#"{"cookie":{"maxAge":86400000,"sameSite":true,"httpOnly":false,"secure":false,"domain":"example.org"}}"#,
    ),
    (
        // Not "none", which differs on purpose over plain http: Express sends a useless cookie.
        r#"{"rolling":true,"cookie":{"same_site":"strict","path":"/do"}}"#,
        r#"{"rolling":true,"cookie":{"maxAge":86400000,"sameSite":"strict","path":"/do","secure":"auto"}}"#,
    ),
    (
        r#"{"stringify":false,"cookie":{"same_site":"auto","domain":"example.org"}}"#,
        r#"{"store":{"stringify":false},"cookie":{"maxAge":86400000,"sameSite":"auto","domain":"example.org","secure":"auto"}}"#,
    ),
];

/// Requests of one browser, one after the other. What Express does differently and we not, because
/// it is a fault (SESSIONS.md, "D"), is not among them.
const STORIES: [&[&str]; 12] = [
    &["", "", ""],
    &["set:a=1", "", ""],
    &["set:a=1", "set:a=1", "set:a=2", ""],
    &["set:a=1,set:b=2", "remove:a", "remove:a", ""],
    &["set:a=1", "set:a=2,set:a=1", "set:c=3,remove:c"],
    &["count:n", "count:n,count:n", ""],
    &["set:a=1", "regenerate,set:b=2", ""],
    &["set:a=1,save", "set:a=2,save", ""],
    &["set:a=1", "set:a=2,reload", ""],
    &["set:a=1", "touch", ""],
    &["set:a=é\"\\\u{1}🎩", "set:b=</script>", ""],
    &["fill:a=20000", "set:b=1", ""],
];

/// What one request did, as far as both programs should agree.
#[derive(Debug, PartialEq)]
struct Outcome {
    status: u16,
    /// The attributes of the `Set-Cookie` line, `Expires` without its moment.
    set_cookie: Option<String>,
    /// The session that the handler saw.
    session: serde_json::Value,
    /// Documents, with ids left out and moments told by their distance from now, in minutes.
    documents: Vec<Document>,
}

#[rocket::async_test]
async fn the_same_steps_have_the_same_outcomes() {
    for (ours, theirs) in SETTINGS {
        let ours = with(ours, r#""touch_after":0,"secret":"keyboard cat""#);
        let cookie = r#""cookie":{"maxAge":86400000,"secure":"auto","sameSite":"lax"}"#;
        let theirs = with(theirs, &format!(r#""saveUninitialized":false,{cookie}"#));
        let our_lab = Lab::on_mongodb(&ours).await;
        let their_lab = Lab::on_mongodb(&ours).await;
        let peer = Peer::start(their_lab.uri(), "keyboard cat", &theirs);
        for story in STORIES {
            let (mut here, mut there) = (our_lab.browser(), peer.browser());
            for (number, steps) in story.iter().enumerate() {
                let ours_was = outcome(here.steps(steps).await, &our_lab, &here).await;
                let theirs_was = outcome(there.steps(steps).await, &their_lab, &there).await;
                assert_eq!(ours_was, theirs_was, "{ours}: {story:?}, request {number}");
            }
            for lab in [&our_lab, &their_lab] {
                let sessions = lab.database().collection::<Document>("sessions");
                sessions.delete_many(doc! {}).await.unwrap();
            }
        }
    }
}

/// Adds members to a JSON object in text; those it has already win.
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
    // Read from an object, the absent members are null there and absent here; the documents, which
    // are compared to the byte, have them both times.
    session["cookie"]
        .as_object_mut()
        .unwrap()
        .retain(|key, value| key == "originalMaxAge" || !value.is_null());
    session["cookie"].as_object_mut().unwrap().remove("expires");
    session = serde_json::from_str(&without_drift(&session.to_string())).unwrap();
    let set_cookie = answer.session_cookie().map(|line| {
        let attributes = line.split("; ").skip(1);
        let without_moment = attributes.map(|text| text.split(", ").next().unwrap_or_default());
        without_moment
            .map(|text| text.split('=').take(2).collect::<Vec<_>>().join("="))
            .map(|text| if text.starts_with("Expires") { "Expires".to_owned() } else { text })
            .collect::<Vec<_>>()
            .join("; ")
    });
    if let Some(sid) = browser.sid() {
        let known = documents.iter().any(|document| document.get_str("_id").ok() == Some(&sid));
        assert!(known, "the browser's ticket is for a document");
    }
    Outcome {
        status: answer.status,
        set_cookie,
        session,
        documents: documents.into_iter().map(normal).collect(),
    }
}

/// Without the id and without our own fields; moments in minutes from now.
fn normal(mut document: Document) -> Document {
    document.remove("_id");
    document.remove("createdAt");
    let minutes = |moment: i64| {
        let now = mongodb::bson::DateTime::now().timestamp_millis();
        Bson::Int64((moment - now + 30_000).div_euclid(60_000))
    };
    let expires = document.get_datetime("expires").unwrap().timestamp_millis();
    document.insert("expires", minutes(expires));
    match document.get("session").unwrap().clone() {
        Bson::String(text) => {
            let session: serde_json::Value = serde_json::from_str(&text).unwrap();
            let moment = session["cookie"]["expires"].as_str().unwrap_or("no moment");
            let text = text.replace(moment, "MOMENT");
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

/// Express reads the clock twice when it resets the maximum age, and loses a millisecond where the
/// clock has moved on in between. Ours stays what it is.
fn without_drift(json: &str) -> String {
    (86_399_990..86_400_000)
        .fold(json.to_owned(), |json, drifted: u32| json.replace(&drifted.to_string(), "86400000"))
}
