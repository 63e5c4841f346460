//! rocket-session-store with its `MemoryStore`, as in its README. The crate has no signed cookies.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use rocket::http::private::cookie::CookieBuilder;
use rocket::{State, get, post, routes};
use rocket_session_store::memory::MemoryStore;
use rocket_session_store::{Session, SessionResult, SessionStore};

use crate::server::{Error, Pause, Server, launch, list, rocket};

/// The crate keeps one value for each session. An app with several keys puts them into one.
type Values = HashMap<String, String>;

pub async fn start() -> Result<Server, Error> {
    let pause = Pause::new();
    let store = SessionStore::<Values> {
        store: Box::new(MemoryStore::default()),
        name: "token".into(),
        duration: Duration::from_secs(3600 * 24 * 3),
        cookie_builder: CookieBuilder::new("", "").path("/"),
    };
    let rocket = rocket(&pause)?.attach(store.fairing());
    let address = launch(rocket.mount("/", routes![log_in, change, log_out, show])).await?;
    let note = "it has no keys but one value for each session, which is a map here.";
    Ok(Server { name: "rocket-session-store", address, pause, made_up, note })
}

/// 24 letters and digits, as the crate makes its IDs.
fn made_up(round: u32) -> String {
    format!("token={round:0>24}")
}

#[post("/log-in")]
async fn log_in(mut session: Session<'_, Values>) -> SessionResult<()> {
    session.regenerate_token().await?;
    let mut values = session.get().await?.unwrap_or_default();
    values.insert("user".to_owned(), "1".to_owned());
    session.set(values).await
}

/// The crate loads the value when the handler asks for it, and stores it at once.
#[post("/change/<key>")]
async fn change(
    key: &str,
    session: Session<'_, Values>,
    pause: &State<Arc<Pause>>,
) -> SessionResult<()> {
    let mut values = session.get().await?.unwrap_or_default();
    pause.wait().await;
    values.insert(key.to_owned(), "changed".to_owned());
    session.set(values).await
}

#[post("/log-out")]
async fn log_out(session: Session<'_, Values>) -> SessionResult<()> {
    session.remove().await
}

#[get("/")]
async fn show(session: Session<'_, Values>) -> SessionResult<String> {
    let values = session.get().await?.unwrap_or_default();
    Ok(list(|key| values.contains_key(key)))
}
