//! A Rocket app that shares the sessions of an Express app:
//! `cargo run --example beside_express --features mongodb`.
//!
//! The Express app uses the packages express-session and connect-mongo, and passport for the login:
//!
//! ```js
//! const express = require('express'), session = require('express-session');
//! const { MongoStore } = require('connect-mongo');
//! const app = express();
//! app.use(session({
//!   secret: 'some secret', resave: false, saveUninitialized: false,
//!   store: MongoStore.create({ mongoUrl: 'mongodb://localhost:27017/tutorial_db' }),
//! }));
//! app.get('/', (req, res) => {
//!   req.session.viewCount = (req.session.viewCount || 0) + 1;
//!   res.send(`Express has counted ${req.session.viewCount} visits`);
//! });
//! app.listen(3000);
//! ```
//!
//! Open <http://localhost:3000> and <http://localhost:8000> in one browser: both count the same visits. Cookies
//! do not tell ports apart, so both apps get the same cookie. What must be equal: the database, the
//! collection, the secret, and the cookie's name.

use std::env;

use mongodb::Client;
use rocket::{get, launch, routes};
use rocket_express_session::mongodb::MongoStore;
use rocket_express_session::{Session, Sessions, SetError};

#[get("/")]
fn index(session: &Session) -> Result<String, SetError> {
    session.increment("viewCount")?;
    // passport stores the `_id` of a user of mongoose as 24 hexadecimal digits.
    let user = session.login::<String>().unwrap_or_else(|| "no user".to_owned());
    let views = session.get::<u64>("viewCount").unwrap_or(0);
    Ok(format!("Rocket has counted {views} visits. Logged in with passport: {user}\n"))
}

#[launch]
async fn rocket() -> _ {
    let uri = env::var("MONGODB_URI")
        .unwrap_or_else(|_| "mongodb://localhost:27017/tutorial_db".to_owned());
    let client = Client::with_uri_str(uri).await.expect("a connection string");
    let database = client.default_database().expect("the connection string names a database");
    let store = MongoStore::new(&database).collection("sessions").beside_express();
    store.ensure_indexes().await.expect("MongoDB answers");
    let sessions = Sessions::builder(store).secret("some secret").build().expect("valid options");
    rocket::build().attach(sessions).mount("/", routes![index])
}
