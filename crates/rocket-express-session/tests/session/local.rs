//! Rocket's local client, with which an app tests itself: it has a cookie jar and no headers.

use rocket::http::Header;
use rocket::local::asynchronous::Client;
use rocket::{Request, get, routes};
use rocket_express_session::store::MemoryStore;
use rocket_express_session::{Session, Sessions, SetError, Unavailable};

use crate::support::{builder, rocket};

#[get("/count")]
fn count(session: &Session) -> Result<String, SetError> {
    session.increment("n")?;
    Ok(session.get::<u32>("n").unwrap_or(0).to_string())
}

/// The address that the store has of each session of the user.
#[get("/addresses")]
async fn addresses(session: &Session) -> Result<String, Unavailable> {
    let sessions = session.user_sessions().list().await?;
    Ok(format!("{:?}", sessions.into_iter().map(|one| one.address).collect::<Vec<_>>()))
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

#[rocket::async_test]
async fn a_session_has_the_address_that_the_app_gave_at_its_creation() {
    let builder = || builder("{}", MemoryStore::default());
    let header = |request: &Request<'_>| request.headers().get_one("x-address").map(str::to_owned);
    for (sessions, expected) in [
        (builder().address(header).build().unwrap(), r#"[Some("203.0.113.x")]"#),
        (builder().build().unwrap(), "[None]"),
    ] {
        let app = rocket().attach(sessions).mount("/", routes![count, addresses]);
        let client = Client::tracked(app).await.unwrap();
        for address in ["203.0.113.x", "198.51.100.x"] {
            client.get("/count").header(Header::new("x-address", address)).dispatch().await;
        }
        let response = client.get("/addresses").dispatch().await;
        assert_eq!(response.into_string().await.as_deref(), Some(expected));
    }
}
