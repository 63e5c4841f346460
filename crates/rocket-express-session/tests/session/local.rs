//! Rocket's local client, with which an app tests itself: it has a cookie jar and no headers.

use rocket::local::asynchronous::Client;
use rocket::{get, routes};
use rocket_express_session::store::MemoryStore;
use rocket_express_session::{Session, Sessions, SetError};

use crate::support::{builder, rocket};

#[get("/count")]
fn count(session: &Session) -> Result<String, SetError> {
    session.increment("n")?;
    Ok(session.get::<u32>("n").unwrap_or(0).to_string())
}

#[get("/log-out")]
fn log_out(session: &Session) {
    session.destroy();
}

#[rocket::async_test]
async fn the_local_client_keeps_its_session_until_it_logs_out() {
    let sessions: Sessions = builder("{}", MemoryStore::default()).build().unwrap();
    let app = rocket().attach(sessions.clone()).mount("/", routes![count, log_out]);
    let client = Client::tracked(app).await.unwrap();
    let get = async |path: &'static str| {
        client.get(path).dispatch().await.into_string().await.unwrap_or_default()
    };
    assert_eq!((get("/count").await, get("/count").await), ("1".to_owned(), "2".to_owned()));
    get("/log-out").await;
    assert!(client.cookies().get("connect.sid").is_none());
    assert_eq!(get("/count").await, "1");
}

#[rocket::async_test]
async fn an_untracked_client_has_a_new_session_for_each_request() {
    let sessions = builder("{}", MemoryStore::default()).build().unwrap();
    let app = rocket().attach(sessions).mount("/", routes![count]);
    let client = Client::untracked(app).await.unwrap();
    for _ in 0..2 {
        let response = client.get("/count").dispatch().await;
        assert_eq!(response.into_string().await.as_deref(), Some("1"));
    }
}
