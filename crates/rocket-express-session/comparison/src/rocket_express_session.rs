//! rocket-express-session with its `MemoryStore`. The cookie is signed, as always with this crate.

use std::sync::Arc;

use rocket::{State, get, post, routes};
use rocket_express_session::store::MemoryStore;
use rocket_express_session::{Session, Sessions, SetError};

use crate::server::{Error, Pause, Server, launch, list, rocket};

pub async fn start() -> Result<Server, Error> {
    let pause = Pause::new();
    let sessions = Sessions::builder(MemoryStore::default())
        .secret("a long random text that is in no repository")
        .build()?;
    let rocket = rocket(&pause)?.attach(sessions);
    let address = launch(rocket.mount("/", routes![log_in, change, log_out, show])).await?;
    Ok(Server { name: "rocket-express-session", address, pause, made_up, note: "" })
}

/// Signed with a secret that is not the server's.
fn made_up(round: u32) -> String {
    format!("connect.sid=s%3A{round:0>32}.{:A>43}", "")
}

#[post("/log-in")]
fn log_in(session: &Session) -> Result<(), SetError> {
    session.regenerate().log_in(&1)
}

/// Rocket has loaded the session before it calls the handler.
#[post("/change/<key>")]
async fn change(key: &str, session: &Session, pause: &State<Arc<Pause>>) -> Result<(), SetError> {
    pause.wait().await;
    session.set(key, "changed")
}

#[post("/log-out")]
fn log_out(session: &Session) {
    session.destroy();
}

#[get("/")]
fn show(session: &Session) -> String {
    list(|key| match key {
        "user" => session.login::<u32>().is_some(),
        _ => session.get::<String>(key).is_some(),
    })
}
