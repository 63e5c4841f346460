//! A login ID of any type: read back as that type, and found by `user_sessions`.

use mongodb::bson::oid::ObjectId;
use mongodb::bson::{Binary, Bson, DateTime, Document, doc};
use mongodb::{Collection, Database};
use rocket::{get, routes};
use rocket_express_session::mongodb::MongoStore;
use rocket_express_session::store::{MemoryStore, Store};
use rocket_express_session::{Session, SessionId, SetError, Unavailable};
use uuid::Uuid;

use crate::handlers::REVOKED;
use crate::support::{Browser, SECRET, builder, client, fresh_database, rocket, serve};

const UUID: &str = "67e55044-10b1-426f-9247-bb680e5fe0c8";
const OBJECT_ID: &str = "65a1b2c3d4e5f60718293a4b";

/// IDs by their type, and as the type's own `Debug` shows them.
const IDS: [(&str, &str, &str); 8] = [
    ("number", "7", "7"),
    ("number", "0", "0"),
    ("number", "-3", "-3"),
    ("number", "9007199254740993", "9007199254740993"),
    ("uuid", UUID, UUID),
    ("text", "rosa", r#""rosa""#),
    ("text", OBJECT_ID, r#""65a1b2c3d4e5f60718293a4b""#),
    ("text", "rosa@example.org", r#""rosa@example.org""#),
];

#[get("/log-in/<kind>/<id>")]
fn log_in(session: &Session, kind: &str, id: &str) -> Result<&'static str, SetError> {
    match kind {
        "number" => session.regenerate().log_in(&id.parse::<i64>().expect("a number"))?,
        "uuid" => session.regenerate().log_in(&id.parse::<Uuid>().expect("a UUID"))?,
        _ => session.regenerate().log_in(id)?,
    }
    Ok("logged in")
}

/// The ID as this type.
#[get("/user/<kind>")]
fn user(session: &Session, kind: &str) -> String {
    let id = match kind {
        "number" => session.login::<i64>().map(|id| format!("{id:?}")),
        "uuid" => session.login::<Uuid>().map(|id| format!("{id:?}")),
        _ => session.login::<String>().map(|id| format!("{id:?}")),
    };
    id.unwrap_or_else(|| "none".to_owned())
}

/// The handles of the user's sessions, the current one first.
#[get("/sessions")]
async fn list(session: &Session) -> Result<String, Unavailable> {
    let sessions = session.user_sessions().list().await?;
    assert!(sessions.iter().skip(1).all(|session| !session.is_current));
    Ok(sessions.iter().map(|session| format!("{}\n", session.handle)).collect())
}

#[get("/revoke/<handle>")]
async fn revoke(session: &Session, handle: &str) -> Result<String, Unavailable> {
    Ok(session.user_sessions().revoke(handle, REVOKED).await?.to_string())
}

#[get("/revoke-others")]
async fn revoke_others(session: &Session) -> Result<String, Unavailable> {
    Ok(session.user_sessions().revoke_others(REVOKED).await?.to_string())
}

/// The app on this store; returns its address.
async fn app_on(store: impl Store) -> String {
    let sessions = builder("{}", store).build().expect("options");
    let routes = routes![log_in, user, list, revoke, revoke_others];
    serve(rocket().attach(sessions).mount("/", routes)).await
}

async fn logged_in(url: &str, kind: &str, id: &str) -> Browser {
    let mut browser = Browser::new(url);
    assert_eq!(browser.get(&format!("/log-in/{kind}/{id}")).await.status, 200, "{kind} {id}");
    browser
}

async fn handles(browser: &mut Browser) -> Vec<String> {
    let answer = browser.get("/sessions").await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.body.lines().map(str::to_owned).collect()
}

/// The app on memory, and on MongoDB in both forms of documents.
async fn apps() -> [String; 3] {
    let (uri, database) = fresh_database().await;
    let database = client(&uri).await.database(database.name());
    let objects = MongoStore::new(&database).collection("objects").stringify(false);
    [
        app_on(MemoryStore::default()).await,
        app_on(MongoStore::new(&database)).await,
        app_on(objects).await,
    ]
}

#[rocket::async_test]
async fn an_id_is_read_back_as_its_type_and_its_sessions_are_listed_and_revoked() {
    for url in apps().await {
        let mut vera = logged_in(&url, "text", "vera").await;
        for (kind, id, shown) in IDS {
            let mut first = logged_in(&url, kind, id).await;
            let mut second = logged_in(&url, kind, id).await;
            let mut third = logged_in(&url, kind, id).await;
            assert_eq!(first.get(&format!("/user/{kind}")).await.body, shown, "{url}");
            let all = handles(&mut first).await;
            assert_eq!(all.len(), 3, "{kind} {id}: {all:?}");
            let handle = SessionId::stored(&second.session_id().unwrap()).handle();
            assert_eq!(first.get(&format!("/revoke/{handle}")).await.body, "true");
            assert_eq!(second.get(&format!("/user/{kind}")).await.body, "none");
            assert_eq!(third.get(&format!("/user/{kind}")).await.body, shown);
            assert_eq!(first.get("/revoke-others").await.body, "1", "{kind} {id}");
            assert_eq!(third.get(&format!("/user/{kind}")).await.body, "none");
            assert_eq!(first.get(&format!("/user/{kind}")).await.body, shown);
        }
        assert_eq!(vera.get("/user/text").await.body, r#""vera""#, "no session of another user");
        let anonymous = handles(&mut Browser::new(&url)).await;
        assert_eq!(anonymous, [""; 0], "an anonymous session has no list");
    }
}

#[rocket::async_test]
async fn an_id_is_none_as_another_type() {
    for url in apps().await {
        let mut number = logged_in(&url, "number", "7").await;
        assert_eq!(number.get("/user/text").await.body, "none");
        let mut text = logged_in(&url, "text", "7").await;
        assert_eq!(text.get("/user/number").await.body, "none");
        assert_eq!(text.get("/user/uuid").await.body, "none");
    }
}

/// A session as an Express app stores it: no field of ours beside it.
async fn store(sessions: &Collection<Document>, session: Bson) -> SessionId {
    let id = SessionId::generate();
    let expires = DateTime::from_millis(DateTime::now().timestamp_millis() + 3_600_000);
    let document = doc! { "_id": id.as_str(), "expires": expires, "session": session };
    sessions.insert_one(document).await.unwrap();
    id
}

/// The forms in which passport keeps a user: the ID alone, and the objects of some apps.
fn passports(user: &Bson) -> [Document; 3] {
    let with = |user: Document| doc! { "user": user };
    [
        doc! { "user": user },
        with(doc! { "id": user, "username": "x" }),
        with(doc! { "_id": user, "username": "x" }),
    ]
}

/// Stores sessions of this user, checks that each is read, listed and revoked, and that no other is.
async fn check(url: &str, database: &Database, kind: &str, sessions: Vec<Bson>, shown: &str) {
    let collection = database.collection::<Document>("sessions");
    let mut browsers = vec![];
    for session in sessions {
        let told = session.to_string();
        let id = store(&collection, session).await;
        browsers.push((Browser::new(url).with_cookie_for(&id, SECRET), id, told));
    }
    for (browser, _, told) in &mut browsers {
        assert_eq!(browser.get(&format!("/user/{kind}")).await.body, shown, "{told}");
    }
    let (mut first, current, told) = browsers.remove(0);
    let listed = handles(&mut first).await;
    assert_eq!(listed[0], current.handle(), "{told}");
    for (_, id, told) in &browsers {
        assert!(listed.contains(&id.handle()), "not listed: {told}");
    }
    assert_eq!(listed.len(), browsers.len() + 1, "{told}");
    let revoked = browsers.len().to_string();
    assert_eq!(first.get("/revoke-others").await.body, revoked, "{told}");
    for (browser, _, told) in &mut browsers {
        assert_eq!(browser.get(&format!("/user/{kind}")).await.body, "none", "{told}");
    }
    collection.delete_one(doc! { "_id": current.as_str() }).await.unwrap();
}

#[rocket::async_test]
async fn the_sessions_of_an_express_app_are_read_listed_and_revoked_in_each_form() {
    let (uri, database) = fresh_database().await;
    let url =
        app_on(MongoStore::new(&client(&uri).await.database(database.name())).beside_express())
            .await;
    let mut vera = logged_in(&url, "text", "vera").await;
    let cookie = doc! { "originalMaxAge": 3_600_000_i32, "expires": null, "path": "/" };
    let object = |passport: Document| doc! { "cookie": cookie.clone(), "passport": passport };
    let uuid: mongodb::bson::Uuid = UUID.parse().unwrap();
    let object_id = ObjectId::parse_str(OBJECT_ID).unwrap();
    for (kind, shown, users) in [
        ("number", "7", vec![Bson::Int32(7), Bson::Int64(7), Bson::Double(7.0)]),
        ("number", "0", vec![Bson::Int32(0), Bson::Int64(0), Bson::Double(0.0)]),
        ("uuid", UUID, vec![Bson::from(UUID), Bson::Binary(Binary::from(uuid))]),
        ("text", r#""rosa""#, vec![Bson::from("rosa")]),
        ("text", r#""65a1b2c3d4e5f60718293a4b""#, vec![OBJECT_ID.into(), object_id.into()]),
    ] {
        let passports = users.iter().flat_map(passports);
        let sessions = passports.map(|passport| object(passport).into());
        check(&url, &database, kind, sessions.collect(), shown).await;
    }
    for (kind, shown, user) in [
        ("number", "7", "7"),
        ("number", "0", "0"),
        ("uuid", UUID, r#""67e55044-10b1-426f-9247-bb680e5fe0c8""#),
        ("text", r#""rosa""#, r#""rosa""#),
        ("text", r#""65a1b2c3d4e5f60718293a4b""#, r#""65a1b2c3d4e5f60718293a4b""#),
    ] {
        let forms = [
            format!(r#"{{"user":{user}}}"#),
            format!(r#"{{"user":{{"id":{user},"username":"x"}}}}"#),
            format!(r#"{{"user":{{"_id":{user},"username":"x"}}}}"#),
        ];
        let cookie = r#"{"originalMaxAge":3600000,"expires":null,"path":"/"}"#;
        let texts = forms.map(|form| format!(r#"{{"cookie":{cookie},"passport":{form}}}"#).into());
        check(&url, &database, kind, texts.to_vec(), shown).await;
    }
    assert_eq!(vera.get("/user/text").await.body, r#""vera""#, "no session of another user");
}

#[rocket::async_test]
async fn a_list_has_our_sessions_and_those_of_the_express_app() {
    let (uri, database) = fresh_database().await;
    let url =
        app_on(MongoStore::new(&client(&uri).await.database(database.name())).beside_express())
            .await;
    let collection = database.collection::<Document>("sessions");
    for (kind, id, as_object, as_text) in [
        ("number", "7", Bson::Int32(7), "7"),
        ("uuid", UUID, Bson::Binary(UUID.parse::<mongodb::bson::Uuid>().unwrap().into()), ""),
    ] {
        let mut ours = logged_in(&url, kind, id).await;
        let cookie = doc! { "originalMaxAge": null, "expires": null };
        let object = doc! { "cookie": cookie, "passport": { "user": as_object } };
        store(&collection, object.into()).await;
        let as_text = if as_text.is_empty() { format!("{id:?}") } else { as_text.to_owned() };
        let cookie = r#"{"originalMaxAge":null,"expires":null}"#;
        let text = format!(r#"{{"cookie":{cookie},"passport":{{"user":{as_text}}}}}"#);
        store(&collection, text.into()).await;
        assert_eq!(handles(&mut ours).await.len(), 3, "{kind} {id}");
        assert_eq!(ours.get("/revoke-others").await.body, "2", "{kind} {id}");
        assert_eq!(handles(&mut ours).await.len(), 1, "{kind} {id}");
    }
}
