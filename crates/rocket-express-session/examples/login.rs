//! Users, a login, a page behind it, and all sessions of a user: `cargo run --example login`.
//!
//! The users live in memory, with Argon2id hashes. The session holds the ID of the user, here a number, and
//! the guard `User` turns it back into the user. An app on the internet also limits the attempts at a
//! password, and checks that a form comes from its own site.

use std::sync::Mutex;

use argon2::password_hash::phc::PasswordHash;
use argon2::{Argon2, PasswordHasher, PasswordVerifier};
use rocket::form::Form;
use rocket::http::Status;
use rocket::outcome::try_outcome;
use rocket::request::{FromRequest, Outcome};
use rocket::response::Redirect;
use rocket::response::content::RawHtml;
use rocket::tokio::task::spawn_blocking;
use rocket::{FromForm, Request, State, catch, catchers, get, launch, post, routes};
use rocket_express_session::store::MemoryStore;
use rocket_express_session::{RevokeReason, Session, Sessions, SetError, Unavailable};

/// Why a session was revoked: an app has reasons of its own.
const BY_USER: RevokeReason = RevokeReason::new("by the user, from another browser");

/// The place of a user in the list is its ID.
#[derive(Default)]
struct Users(Mutex<Vec<User>>);

#[derive(Clone)]
struct User {
    name: String,
    hash: String,
}

#[derive(FromForm)]
struct Credentials {
    name: String,
    password: String,
}

/// A page behind the login takes `User` as an argument.
#[rocket::async_trait]
impl<'r> FromRequest<'r> for User {
    type Error = ();

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, ()> {
        let unavailable = |(status, _)| (status, ());
        let session = try_outcome!(request.guard::<&Session>().await.map_error(unavailable));
        let users: Option<&Users> = request.rocket().state();
        let find = |id: usize| users?.0.lock().ok()?.get(id).cloned();
        match session.login().and_then(find) {
            Some(user) => Outcome::Success(user),
            None => Outcome::Error((Status::Unauthorized, ())),
        }
    }
}

#[get("/")]
async fn index(user: User, session: &Session) -> Result<RawHtml<String>, Unavailable> {
    let sessions = session.user_sessions().list().await?.len();
    let message = session.take::<String>("message").unwrap_or_default();
    Ok(RawHtml(format!(
        "<p>{message}</p><p>Hello {}. You are logged in with {sessions} browsers.</p>\
         <form method=post action=/others><button>Log the others out</button></form>\
         <form method=post action=/logout><button>Log out</button></form>",
        user.name.replace('&', "&amp;").replace('<', "&lt;")
    )))
}

#[get("/login")]
async fn login_page(session: &Session) -> Result<RawHtml<String>, Unavailable> {
    // Of a browser whose session has ended, the store knows for a day why.
    let reason = session.revoke_reason().await?;
    let message =
        if reason == Some(BY_USER) { "You were logged out from another browser." } else { "" };
    Ok(RawHtml(format!(
        "<p>{message}</p><form method=post>Name <input name=name> Password \
         <input type=password name=password><button>Log in</button> \
         <button formaction=/register>Register</button></form>"
    )))
}

#[post("/register", data = "<form>")]
async fn register(form: Form<Credentials>, users: &State<Users>) -> Result<Redirect, Status> {
    let Credentials { name, password } = form.into_inner();
    // A hash takes a while by design, so not on a thread that serves requests.
    let hash = spawn_blocking(move || Argon2::default().hash_password(password.as_bytes()));
    let hash = hash.await.ok().and_then(Result::ok).ok_or(Status::InternalServerError)?;
    let mut users = users.0.lock().map_err(|_| Status::InternalServerError)?;
    if users.iter().any(|user| user.name == name) {
        return Err(Status::Conflict);
    }
    users.push(User { name, hash: hash.to_string() });
    Ok(Redirect::to("/login"))
}

#[post("/login", data = "<form>")]
async fn log_in(
    form: Form<Credentials>,
    session: &Session,
    users: &State<Users>,
) -> Result<Redirect, Result<Status, SetError>> {
    let Credentials { name, password } = form.into_inner();
    let find = || {
        let users = users.0.lock().ok()?;
        let id = users.iter().position(|user| user.name == name)?;
        Some((id, users[id].hash.clone()))
    };
    let found = find();
    let hash = found.as_ref().map(|(_, hash)| hash.clone());
    let is_right = spawn_blocking(move || match hash {
        Some(hash) => {
            let hash = PasswordHash::new(&hash).ok()?;
            Argon2::default().verify_password(password.as_bytes(), &hash).ok()
        }
        // An unknown name takes as long, so that the time does not tell which names there are.
        None => Argon2::default().hash_password(password.as_bytes()).err().map(drop),
    });
    let (Some((id, _)), Some(())) = (found, is_right.await.ok().flatten()) else {
        return Err(Ok(Status::Unauthorized));
    };
    session.regenerate().log_in(&id).map_err(Err)?;
    Ok(Redirect::to("/"))
}

#[post("/logout")]
fn log_out(session: &Session) -> Redirect {
    session.destroy();
    Redirect::to("/login")
}

#[post("/others")]
async fn log_out_others(_user: User, session: &Session) -> Result<Redirect, Unavailable> {
    let ended = session.user_sessions().revoke_others(BY_USER).await?;
    // The next page shows it, once. A text under a key of our own can always be stored.
    let _ = session.set("message", &format!("{ended} browsers were logged out."));
    Ok(Redirect::to("/"))
}

#[catch(401)]
fn unauthorized() -> Redirect {
    Redirect::to("/login")
}

#[launch]
fn rocket() -> _ {
    let sessions = Sessions::builder(MemoryStore::default())
        .secret("an example's secret, which everyone can read")
        .build()
        .expect("valid options");
    rocket::build()
        .attach(sessions)
        .manage(Users::default())
        .mount("/", routes![index, login_page, register, log_in, log_out, log_out_others])
        .register("/", catchers![unauthorized])
}
