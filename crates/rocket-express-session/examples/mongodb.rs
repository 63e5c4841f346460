//! Sessions in MongoDB, and users whose IDs are UUIDs: `cargo run --example mongodb --features mongodb`.
//!
//! `MONGODB_URI` says where MongoDB is; the default is this machine. Look at what is stored with mongosh:
//! `use session_example`, then `db.sessions.find()`.

use std::env;

use mongodb::Client;
use rocket::response::Redirect;
use rocket::{get, launch, post, routes};
use rocket_express_session::mongodb::MongoStore;
use rocket_express_session::{Session, Sessions, SetError, Unavailable};
use uuid::Uuid;

#[get("/")]
async fn index(session: &Session) -> Result<String, Unavailable> {
    let Some(user) = session.login::<Uuid>() else {
        return Ok("You are not logged in. To log in: curl -c jar -X POST localhost:8000/login\n"
            .to_owned());
    };
    let sessions = session.user_sessions().list().await?;
    Ok(format!("You are user {user}, logged in with {} browsers.\n", sessions.len()))
}

/// A real app finds the user in its database, and checks a password. A `Uuid` is text in the session, and
/// bytes in a document of MongoDB, unless you store it as text there as well.
#[post("/login")]
fn log_in(session: &Session) -> Result<Redirect, SetError> {
    session.regenerate().log_in(&Uuid::new_v4())?;
    Ok(Redirect::to("/"))
}

#[post("/logout")]
fn log_out(session: &Session) -> Redirect {
    session.destroy();
    Redirect::to("/")
}

#[launch]
async fn rocket() -> _ {
    let uri = env::var("MONGODB_URI").unwrap_or_else(|_| "mongodb://localhost:27017".to_owned());
    let client = Client::with_uri_str(uri).await.expect("a connection string");
    let store = MongoStore::new(&client.database("session_example"));
    store.ensure_indexes().await.expect("MongoDB answers");
    let sessions = Sessions::builder(store)
        .secret("an example's secret, which everyone can read")
        .build()
        .expect("valid options");
    rocket::build().attach(sessions).mount("/", routes![index, log_in, log_out])
}
