//! Sessions of another program in the collection: read with the same meaning, and not rewritten.

use cloakroom::config::DEVELOPMENT_SECRET;
use indexmap::IndexMap;
use mongodb::bson::{Bson, DateTime, Document, doc, serialize_to_bson};
use rocket_express_session::SessionId;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::support::{App, Browser};

const MINUTE: i64 = 60 * 1000;
const DAY: i64 = 24 * 60 * MINUTE;

fn from_now(millis: i64) -> DateTime {
    DateTime::from_millis(DateTime::now().timestamp_millis() + millis)
}

pub fn sessions(app: &App) -> mongodb::Collection<Document> {
    app.database().collection("sessions")
}

/// The ID of a new account.
pub async fn register(app: &App) -> String {
    app.browser().register("rosa").await;
    let users = app.database().collection::<Document>("users");
    let user = users.find_one(doc! {}).await.unwrap().unwrap();
    user.get_object_id("_id").unwrap().to_hex()
}

/// Stores a session of another program, and gives a browser the cookie for it.
pub async fn with_session(app: &App, session: Bson, fields: Document) -> (Browser, SessionId) {
    let sid = SessionId::generate();
    let mut document = doc! { "_id": sid.as_str(), "session": session };
    document.extend(fields);
    sessions(app).insert_one(document).await.unwrap();
    (app.browser().with_cookie_for(&sid, DEVELOPMENT_SECRET), sid)
}

pub async fn stored(app: &App, sid: &SessionId) -> Document {
    sessions(app).find_one(doc! { "_id": sid.as_str() }).await.unwrap().expect("a session")
}

/// A session in both forms, JSON text and object, with more members.
pub fn both_forms(cookie: &str, user: &str, members: &str) -> [Bson; 2] {
    let text = format!(r#"{{"cookie":{cookie},"passport":{{"user":"{user}"}}{members}}}"#);
    let object: Value = serde_json::from_str(&text).unwrap();
    [Bson::String(text), serialize_to_bson(&object).unwrap()]
}

#[rocket::async_test]
async fn a_cookie_object_of_another_program_is_accepted_and_written_back_as_it_was() {
    let app = App::on_mongodb().await;
    let user = register(&app).await;
    for cookie in [
        r#"{"originalMaxAge":false,"expires":false,"httpOnly":true,"path":"/"}"#, // Its README.
        r#"{"originalMaxAge":null,"expires":false}"#,
        r#"{"path":"/","expires":"soon","originalMaxAge":0}"#,
        r#"{"originalMaxAge":null,"expires":1767323045678,"secure":""}"#,
        r#"{"originalMaxAge":3.2e14,"expires":"+012020-04-05T00:00:00.000Z"}"#,
        r#"{"originalMaxAge":86400000.75,"expires":null,"secure":0}"#,
        r#"{"originalMaxAge":null,"secure":"true"}"#,
        r#"{"originalMaxAge":null,"secure":"auto","partitioned":1}"#,
        r#"{"originalMaxAge":"","secure":1,"httpOnly":1}"#,
        r#"{"originalMaxAge":null,"httpOnly":"","sameSite":"no such word"}"#,
        r#"{"originalMaxAge":null,"domain":false,"path":false,"priority":1}"#,
        r#"{"originalMaxAge":null,"domain":7,"path":7,"sameSite":{"a": 1}}"#,
        r#"{"originalMaxAge":null,"theirs":{"a": 1.50},"maxAge":null,"data":[ ]}"#,
        "{}",
    ] {
        for session in both_forms(cookie, &user, "") {
            let expires = doc! { "expires": from_now(DAY) };
            let (mut rosa, sid) = with_session(&app, session.clone(), expires).await;
            let answer = rosa.copy().get("/dashboard").await;
            assert_eq!(answer.status, 200, "{session}");
            rosa.post("/coat/count", &[]).await.expect_redirect("/dashboard#coat");
            expect_written_back(&session, stored(&app, &sid).await.get("session").unwrap());
        }
    }
}

/// Checks that only the counter has changed, and the expiry of a cookie that has a maximum age.
fn expect_written_back(before: &Bson, after: &Bson) {
    match (before, after) {
        (Bson::String(before), Bson::String(after)) => {
            assert!(after.ends_with(r#","viewCount":1}"#), "{after}");
            let (mut before, mut after) = (raw_cookie(before), raw_cookie(after));
            if before.get("originalMaxAge").is_some_and(|age| age.parse::<f64>().is_ok()) {
                for cookie in [&mut before, &mut after] {
                    cookie.shift_remove("expires");
                }
            }
            assert_eq!(before, after);
        }
        (Bson::Document(before), Bson::Document(after)) => {
            assert_eq!(after.get("viewCount"), Some(&Bson::Int32(1)));
            let mut expected = before.get_document("cookie").unwrap().clone();
            let cookie = after.get_document("cookie").unwrap();
            if let Some(end @ Bson::DateTime(_)) = cookie.get("expires") {
                expected.insert("expires", end);
            }
            assert_eq!(cookie, &expected);
        }
        _ => panic!("another form: {after}"),
    }
}

/// The members of the cookie in a session's text, each as it is written there.
fn raw_cookie(session: &str) -> IndexMap<String, String> {
    let mut session: IndexMap<String, Box<RawValue>> = serde_json::from_str(session).unwrap();
    let cookie = session.shift_remove("cookie").unwrap();
    let members: IndexMap<String, Box<RawValue>> = serde_json::from_str(cookie.get()).unwrap();
    members.into_iter().map(|(name, value)| (name, value.get().to_owned())).collect()
}

#[rocket::async_test]
async fn a_cookie_that_would_break_its_header_is_no_session_and_no_error() {
    let app = App::on_mongodb().await;
    let user = register(&app).await;
    for cookie in [
        r#"{"path":"/; Domain=evil.example"}"#,
        r#"{"domain":"a\r\nSet-Cookie: b=c"}"#,
        r#"{"originalMaxAge":"86400000"}"#,
        r#"{"originalMaxAge":true}"#,
    ] {
        for session in both_forms(cookie, &user, "") {
            let (mut rosa, _) = with_session(&app, session, doc! {}).await;
            rosa.get("/dashboard").await.expect_redirect("/login?next=/dashboard");
        }
    }
}

#[rocket::async_test]
async fn a_session_that_another_program_made_keeps_its_expiry() {
    let app = App::on_mongodb().await;
    let user = register(&app).await;
    let (month, far) = (from_now(30 * DAY), DateTime::from_millis(317_125_584_000_000));
    // As connect-mongo 6 writes them with `timestamps: true`.
    let stamps =
        |days: i64| doc! { "createdAt": from_now(-days * DAY / 10), "updatedAt": from_now(-DAY) };
    for (cookie, created, end) in [
        (r#"{"originalMaxAge":2592000000}"#, 139, Some(month)),
        (r#"{"originalMaxAge":86400000}"#, 139, Some(month)),
        (r#"{"originalMaxAge":null}"#, 139, Some(month)),
        (r#"{"originalMaxAge":86400000}"#, 400, Some(month)),
        (r#"{"originalMaxAge":0}"#, 1, Some(month)),
        (r#"{"originalMaxAge":3.2e14,"expires":"+012020-04-05T00:00:00.000Z"}"#, 139, Some(far)),
        (r#"{"originalMaxAge":false,"expires":false}"#, 139, None),
    ] {
        for session in both_forms(cookie, &user, "") {
            let mut fields = stamps(created);
            fields.extend(end.map(|end| ("expires".to_owned(), end.into())));
            let (mut rosa, sid) = with_session(&app, session, fields).await;
            let check = async |request: &str| {
                let now = stored(&app, &sid).await;
                let ends = now.get_datetime("expires").ok().copied();
                assert!(
                    ends >= end && ends.is_some() == end.is_some(),
                    "{request} {cookie}: {ends:?}"
                );
            };
            assert_eq!(rosa.copy().get("/dashboard").await.status, 200, "{cookie}");
            check("read").await;
            assert_eq!(rosa.post("/coat/count", &[]).await.status, 303, "{cookie}");
            check("write").await;
        }
    }
}

#[rocket::async_test]
async fn our_session_expires_at_its_absolute_timeout_whatever_another_program_wrote() {
    let app = App::on_mongodb().await;
    let mut rosa = app.browser();
    rosa.sign_up("rosa").await;
    let set = async |created: i64| {
        let fields = doc! {
            "createdAt": from_now(-created), "updatedAt": from_now(0),
            "lastModified": from_now(-DAY), "expires": from_now(30 * DAY),
        };
        sessions(&app).update_one(doc! {}, doc! { "$set": fields }).await.unwrap();
    };
    set(13 * DAY).await;
    assert!(rosa.is_logged_in().await);
    let session = sessions(&app).find_one(doc! {}).await.unwrap().unwrap();
    let end = *session.get_datetime("expires").unwrap();
    assert!(end <= from_now(DAY), "{end}");
    set(14 * DAY).await;
    assert!(!rosa.is_logged_in().await);
}

#[rocket::async_test]
async fn a_lost_session_has_ended_and_the_login_page_says_no_more() {
    let app = App::on_mongodb().await;
    let user = register(&app).await;
    let unreadable = Bson::String("no JSON".to_owned());
    let [text, object] = both_forms("{}", &user, "");
    let (logged_out, sid) = with_session(&app, text.clone(), doc! {}).await;
    logged_out.copy().post("/logout", &[]).await.expect_redirect("/login");
    assert!(sessions(&app).find_one(doc! { "_id": sid.as_str() }).await.unwrap().is_none());
    let (expired, _) = with_session(&app, text, doc! { "expires": from_now(-MINUTE) }).await;
    let (also_expired, _) = with_session(&app, object, doc! { "expires": from_now(-DAY) }).await;
    let (unreadable, _) = with_session(&app, unreadable, doc! {}).await;
    let foreign = app.browser().with_cookie_for(&SessionId::generate(), DEVELOPMENT_SECRET);
    for mut browser in [logged_out, expired, also_expired, unreadable, foreign] {
        browser.get("/dashboard").await.expect_redirect("/login?next=/dashboard");
        let page = browser.get("/login?next=/dashboard").await;
        page.expect_ended("unknown");
        for reason in ["not used", "logged out", "revoked", "expired", "too long"] {
            assert!(!page.body.contains(reason), "{reason}: {}", page.body);
        }
    }
    let page = app.browser().get("/login").await;
    assert!(!page.body.contains("data-ended"), "it never had one");
}
