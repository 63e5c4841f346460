//! The smallest app with a session: `cargo run --example counter`, then <http://localhost:8000>.
//!
//! Reload the page, and the counter goes up. Delete the cookie `connect.sid` in your browser, and it starts
//! again: the browser holds an ID, and the counter stays on the server.

use rocket::{get, launch, routes};
use rocket_express_session::{Session, Sessions, SetError, store::MemoryStore};

#[get("/")]
fn index(session: &Session) -> Result<String, SetError> {
    session.increment("views")?;
    Ok(format!("You have seen this page {} times.", session.get::<u64>("views").unwrap_or(0)))
}

#[launch]
fn rocket() -> _ {
    let sessions = Sessions::builder(MemoryStore::default())
        .secret("an example's secret, which everyone can read")
        .build()
        .expect("valid options");
    rocket::build().attach(sessions).mount("/", routes![index])
}
