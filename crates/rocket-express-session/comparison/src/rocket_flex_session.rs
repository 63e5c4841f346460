//! rocket_flex_session with its storage in memory. The session is a map, which its docs have helpers for,
//! and the cookie is one of Rocket's private cookies, as always with this crate.

use std::collections::HashMap;
use std::sync::Arc;

use rocket::{State, get, post, routes};
use rocket_flex_session::{RocketFlexSession, Session, SessionHashMap};

use crate::server::{Error, Pause, Server, launch, list, rocket};

#[derive(Clone, Default)]
struct Values(HashMap<String, String>);

impl SessionHashMap for Values {
    type Value = String;

    fn get(&self, key: &str) -> Option<&String> {
        self.0.get(key)
    }

    fn insert(&mut self, key: String, value: String) {
        self.0.insert(key, value);
    }

    fn remove(&mut self, key: &str) {
        self.0.remove(key);
    }
}

pub async fn start() -> Result<Server, Error> {
    let pause = Pause::new();
    let rocket = rocket(&pause)?.attach(RocketFlexSession::<Values>::default());
    let address = launch(rocket.mount("/", routes![log_in, change, log_out, show])).await?;
    Ok(Server { name: "rocket_flex_session", address, pause, made_up, note: "" })
}

/// No ciphertext of the server's key.
fn made_up(round: u32) -> String {
    format!("rocket={round:0>64}")
}

#[post("/log-in")]
fn log_in(mut session: Session<'_, Values>) {
    session.set_key("user".to_owned(), "1".to_owned());
}

/// Rocket has loaded the session before it calls the handler.
#[post("/change/<key>")]
async fn change(key: &str, mut session: Session<'_, Values>, pause: &State<Arc<Pause>>) {
    pause.wait().await;
    session.set_key(key.to_owned(), "changed".to_owned());
}

#[post("/log-out")]
fn log_out(mut session: Session<'_, Values>) {
    session.delete();
}

#[get("/")]
fn show(session: Session<'_, Values>) -> String {
    list(|key| session.get_key(key).is_some())
}
