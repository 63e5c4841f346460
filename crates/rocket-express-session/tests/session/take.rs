//! `take`: a value that is shown once.

use rocket::{get, routes};
use rocket_express_session::store::{MemoryStore, Store};
use rocket_express_session::{Session, SetError};

use crate::support::{Browser, builder, client, fresh_database, rocket, serve};
use crate::watched::Watched;
use rocket_express_session::mongodb::MongoStore;

#[get("/leave/<text>")]
fn leave(session: &Session, text: &str) -> Result<&'static str, SetError> {
    session.set("notice", text)?;
    Ok("left")
}

/// The notice, and whether the session has it still.
#[get("/notice")]
fn notice(session: &Session) -> String {
    let taken: Option<String> = session.take("notice");
    format!("{taken:?} {:?}", session.get::<String>("notice"))
}

/// Takes the notice as a number.
#[get("/number")]
fn number(session: &Session) -> String {
    format!("{:?}", session.take::<u32>("notice"))
}

#[get("/both")]
fn both(session: &Session) -> Result<String, SetError> {
    session.set("notice", "new")?;
    Ok(format!("{:?} {:?}", session.take::<String>("notice"), session.take::<String>("notice")))
}

/// The app on both stores, and a browser for each.
async fn apps() -> Vec<(Watched, Browser)> {
    let (uri, database) = fresh_database().await;
    let database = client(&uri).await.database(database.name());
    let stores = [Watched::new(MemoryStore::default()), Watched::new(MongoStore::new(&database))];
    let mut apps = vec![];
    for store in stores {
        let sessions = builder("{}", store.clone()).build().expect("options");
        let app = rocket().attach(sessions).mount("/", routes![leave, notice, number, both]);
        apps.push((store, Browser::new(&serve(app).await)));
    }
    apps
}

#[rocket::async_test]
async fn a_value_is_taken_once_and_no_longer_stored() {
    for (store, mut browser) in apps().await {
        browser.get("/leave/hello").await;
        let id = rocket_express_session::SessionId::stored(&browser.session_id().unwrap());
        assert_eq!(browser.get("/notice").await.body, r#"Some("hello") None"#);
        let stored = store.load(&id).await.unwrap().expect("a session");
        assert!(stored.data().values.is_empty(), "{}", stored.json());
        assert_eq!(browser.get("/notice").await.body, "None None");
    }
}

#[rocket::async_test]
async fn a_take_of_nothing_writes_nothing() {
    for (store, mut browser) in apps().await {
        let answer = browser.get("/notice").await;
        assert_eq!((answer.body.as_str(), answer.session_cookie()), ("None None", None));
        assert_eq!(store.take_operations(), [""; 0], "no session is made for it");
        browser.get("/leave/hello").await;
        browser.get("/notice").await;
        assert_eq!(store.take_operations(), ["insert", "load", "update"]);
        assert_eq!(browser.get("/notice").await.session_cookie(), None);
        assert_eq!(store.take_operations(), ["load"]);
    }
}

#[rocket::async_test]
async fn a_value_of_another_shape_is_removed_as_well() {
    for (_, mut browser) in apps().await {
        browser.get("/leave/hello").await;
        assert_eq!(browser.get("/number").await.body, "None");
        assert_eq!(browser.get("/notice").await.body, "None None");
    }
}

#[rocket::async_test]
async fn a_value_of_the_same_request_is_taken_once() {
    for (store, mut browser) in apps().await {
        assert_eq!(browser.get("/both").await.body, r#"Some("new") None"#);
        assert_eq!(store.take_operations(), [""; 0], "nothing is left to be stored");
    }
}
