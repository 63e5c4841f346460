//! The documents in the database, field by field. Sessions are those of connect-mongo, and accounts have no
//! readable password.

use mongodb::bson::{Bson, DateTime, Document, doc};

use crate::support::{App, Browser};

async fn only_session(app: &App) -> Document {
    let sessions = app.database().collection::<Document>("sessions");
    assert_eq!(sessions.count_documents(doc! {}).await.unwrap(), 1);
    sessions.find_one(doc! {}).await.unwrap().unwrap()
}

async fn signed_up(app: &App) -> Browser {
    let mut rosa = app.browser();
    rosa.sign_up("Rosa").await;
    rosa
}

#[rocket::async_test]
async fn a_session_is_what_connect_mongo_would_have_written() {
    let app = App::on_mongodb().await;
    let mut rosa = signed_up(&app).await;
    let fields = [("username", "rosa"), ("password", crate::support::PASSWORD), ("remember", "on")];
    let answer = rosa.post("/login", &fields).await;
    let document = only_session(&app).await;
    let users = app.database().collection::<Document>("users");
    let user = users.find_one(doc! {}).await.unwrap().unwrap().get_object_id("_id").unwrap();

    assert_eq!(document.get_str("_id").unwrap(), rosa.session_id().unwrap());
    let expires = *document.get_datetime("expires").unwrap();
    let two_weeks = 14 * 86_400_000;
    let life = expires.timestamp_millis() - DateTime::now().timestamp_millis();
    assert!((two_weeks - 10_000..=two_weeks).contains(&life), "{life}");
    assert!(document.get_datetime("lastModified").is_ok());
    let iso = expires.try_to_rfc3339_string().unwrap();
    let text = document.get_str("session").unwrap();
    let session: serde_json::Value = serde_json::from_str(text).unwrap();
    let written = session["cookie"]["expires"].as_str().unwrap();
    assert_eq!(
        written.trim_end_matches('Z').trim_end_matches('0'),
        iso.trim_end_matches('Z').trim_end_matches('0')
    );
    let expected = format!(
        r#"{{"cookie":{{"originalMaxAge":1209600000,"expires":"{written}","secure":false,"httpOnly":true,"path":"/","sameSite":"lax"}},"passport":{{"user":"{user}"}}}}"#
    );
    assert_eq!(text, expected);
    let seconds = expires.timestamp_millis() / 1000;
    let date = time::OffsetDateTime::from_unix_timestamp(seconds).unwrap();
    let time = format!("{:02}:{:02}:{:02} GMT", date.hour(), date.minute(), date.second());
    let line = answer.session_cookie().unwrap();
    assert!(line.contains(&time) && line.ends_with("; HttpOnly; SameSite=Lax"), "{line} {time}");
}

#[rocket::async_test]
async fn an_account_has_no_readable_password_and_can_live_beside_express() {
    let app = App::on_mongodb().await;
    signed_up(&app).await;
    let users = app.database().collection::<Document>("users");
    let user = users.find_one(doc! {}).await.unwrap().unwrap();
    let check = |field: &str, expected: Bson| assert_eq!(user.get(field), Some(&expected));
    check("username", "Rosa".into());
    check("username_key", "rosa".into());
    check("admin", false.into());
    check("salt", "".into());
    check("__v", 0.into());
    assert!(user.get_str("password").unwrap().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
    assert!(user.get_datetime("created_at").is_ok());
    // Documents of other programs are accepted, also two with one name. Garbage with our key is rejected.
    let tutorial = doc! { "username": "vera", "hash": "ab", "salt": "cd", "admin": true, "__v": 0 };
    users.insert_one(tutorial.clone()).await.unwrap();
    users.insert_one(tutorial).await.unwrap();
    let garbage = doc! { "username": "no password", "username_key": "no password" };
    users.insert_one(garbage).await.expect_err("the validator");
    let twice = doc! { "username": "ROSA", "username_key": "rosa", "password": "$argon2id$x", "admin": false, "created_at": DateTime::now() };
    users.insert_one(twice).await.expect_err("the unique index");
}

#[rocket::async_test]
async fn the_ttl_index_is_exactly_connect_mongos() {
    let app = App::on_mongodb().await;
    let indexes = app.database().run_command(doc! { "listIndexes": "sessions" }).await.unwrap();
    let indexes = indexes.get_document("cursor").unwrap().get_array("firstBatch").unwrap();
    let ttl = indexes
        .iter()
        .filter_map(Bson::as_document)
        .find(|index| index.get_str("name").ok() == Some("expires_1"));
    let ttl = ttl.expect("the index");
    assert_eq!(ttl.get_document("key").unwrap(), &doc! { "expires": 1 });
    assert_eq!(ttl.get("expireAfterSeconds"), Some(&Bson::Int32(0)));
}

#[rocket::async_test]
async fn fields_and_values_of_other_programs_survive_our_save() {
    let app = App::on_mongodb().await;
    let mut rosa = signed_up(&app).await;
    let sessions = app.database().collection::<Document>("sessions");
    let text = only_session(&app).await.get_str("session").unwrap().to_owned();
    let theirs = text.replace(r#","passport""#, r#","odd":{"a": 1.50,"b":"\ud800"},"passport""#);
    let set = doc! { "$set": { "session": &theirs, "theirField": { "deep": [1, 2] } } };
    sessions.update_one(doc! {}, set).await.unwrap();
    rosa.post("/coat", &[("item", "red scarf")]).await.expect_redirect("/dashboard#coat");
    let document = only_session(&app).await;
    let saved = document.get_str("session").unwrap();
    assert!(saved.contains(r#""odd":{"a": 1.50,"b":"\ud800"}"#), "{saved}");
    assert!(saved.ends_with(r#","coat":["red scarf"]}"#), "{saved}");
    assert_eq!(document.get_document("theirField").unwrap(), &doc! { "deep": [1, 2] });
    rosa.get("/dashboard").await.expect_page(200, "red scarf");
}

#[rocket::async_test]
async fn the_object_form_is_read_and_written_back_as_an_object() {
    let app = App::on_mongodb_with(|figment| figment.merge(("session.stringify", false))).await;
    let mut rosa = signed_up(&app).await;
    rosa.post("/coat", &[("item", "red scarf")]).await.expect_redirect("/dashboard#coat");
    let document = only_session(&app).await;
    let session = document.get_document("session").unwrap();
    assert_eq!(session.get_array("coat").unwrap(), &vec![Bson::String("red scarf".to_owned())]);
    let cookie = session.get_document("cookie").unwrap();
    assert_eq!(cookie.get("originalMaxAge"), Some(&Bson::Null), "ends with the browser");
    assert_eq!(cookie.get("domain"), Some(&Bson::Null), "absent members are null");
}

#[rocket::async_test]
async fn corrupt_documents_are_no_session_and_no_error() {
    let app = App::on_mongodb().await;
    let rosa = signed_up(&app).await;
    let sessions = app.database().collection::<Document>("sessions");
    let good = only_session(&app).await.get_str("session").unwrap().to_owned();
    let corrupt = [
        Bson::Null,
        Bson::Int32(1),
        Bson::String("no JSON".to_owned()),
        Bson::String("{}".to_owned()),
        Bson::String(good.replace("passport", "pass")),
        Bson::String(good.replace(r#""user":""#, r#""user":"not an id "#)),
        Bson::String(good.replace(r#"{"user""#, r#"[{"user""#)),
        Bson::String(format!("{good}x")),
        Bson::Document(doc! { "cookie": 1 }),
    ];
    for session in corrupt {
        let set = doc! { "$set": { "session": &session } };
        sessions.update_one(doc! {}, set).await.unwrap();
        rosa.copy().get("/dashboard").await.expect_redirect("/login?next=/dashboard");
        assert_eq!(rosa.copy().get("/login").await.status, 200, "{session:?}");
    }
}

#[rocket::async_test]
async fn the_session_of_a_deleted_user_is_anonymous_and_loses_its_login() {
    let app = App::on_mongodb().await;
    let mut rosa = signed_up(&app).await;
    app.database().collection::<Document>("users").delete_many(doc! {}).await.unwrap();
    rosa.get("/dashboard").await.expect_redirect("/login?next=/dashboard");
    assert!(!only_session(&app).await.get_str("session").unwrap().contains("passport"));
}

#[rocket::async_test]
async fn a_session_without_expires_is_valid_and_an_expired_one_is_not() {
    let app = App::on_mongodb().await;
    let mut rosa = signed_up(&app).await;
    let sessions = app.database().collection::<Document>("sessions");
    sessions.update_one(doc! {}, doc! { "$unset": { "expires": 1 } }).await.unwrap();
    assert!(rosa.is_logged_in().await);
    let past = DateTime::from_millis(DateTime::now().timestamp_millis() - 1);
    sessions.update_one(doc! {}, doc! { "$set": { "expires": past } }).await.unwrap();
    assert!(!rosa.is_logged_in().await);
}

#[rocket::async_test]
async fn a_thousand_anonymous_views_leave_no_document() {
    let app = App::on_mongodb().await;
    let view = async || {
        for _ in 0..50 {
            assert_eq!(app.browser().get("/").await.status, 200);
        }
    };
    rocket::futures::future::join_all((0..20).map(|_| view())).await;
    let sessions = app.database().collection::<Document>("sessions");
    assert_eq!(sessions.count_documents(doc! {}).await.unwrap(), 0);
}

#[rocket::async_test]
async fn an_account_of_ours_goes_before_its_namesakes_of_the_tutorial() {
    let app = App::on_mongodb().await;
    let users = app.database().collection::<Document>("users");
    for _ in 0..3 {
        let tutorial = doc! { "username": "Rosa", "hash": "ab", "salt": "cd", "admin": true };
        users.insert_one(tutorial).await.unwrap();
    }
    let ours = doc! { "username": "Rosa", "username_key": "rosa", "admin": false, "created_at": DateTime::now(), "password": "$argon2id$none" };
    users.insert_one(ours).await.unwrap();
    let mut vera = app.browser();
    vera.register("vera").await;
    let hash = users.find_one(doc! { "username_key": "vera" }).await.unwrap().unwrap();
    let set = doc! { "$set": { "password": hash.get_str("password").unwrap() } };
    users.update_one(doc! { "username_key": "rosa" }, set).await.unwrap();
    let mut rosa = app.browser();
    rosa.log_in("Rosa").await;
    assert_eq!(rosa.get("/admin").await.status, 403, "ours, not the tutorial's admin");
}

#[rocket::async_test]
async fn no_password_logs_in_to_a_corrupt_account() {
    let app = App::on_mongodb().await;
    let mut rosa = signed_up(&app).await;
    let users = app.database().collection::<Document>("users");
    let unchecked = doc! { "collMod": "users", "validationLevel": "off" };
    app.database().run_command(unchecked).await.unwrap();
    let corrupt = [
        doc! { "password": 7 },
        doc! { "password": "$argon2id$v=19$m=4194304,t=2,p=1$c29tZXNhbHQ$aGFzaGhhc2hoYXNo" },
        doc! { "username": 7 },
    ];
    for set in corrupt {
        users.update_one(doc! {}, doc! { "$set": set }).await.unwrap();
        let fields = [("username", "rosa"), ("password", crate::support::PASSWORD)];
        let answer = app.browser().post("/login", &fields).await;
        answer.expect_errors(422, 0);
    }
    rosa.get("/dashboard").await.expect_redirect("/login?next=/dashboard");
}
