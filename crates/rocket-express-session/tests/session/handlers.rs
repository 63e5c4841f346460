//! An app whose handlers return the crate's errors with `?`, and whose catchers are its own.

use std::collections::HashMap;

use rocket::http::Status;
use rocket::{Build, Request, Rocket, State, catch, catchers, get, routes};
use rocket_express_session::{
    Builder, ListLimits, RevokeReason, SaveError, Session, Sessions, SetError, Unavailable,
};

use crate::support::{self, Browser};

/// Why the sessions of these tests are revoked.
pub const REVOKED: RevokeReason = RevokeReason::new("revoked by the test");

/// Starts the app with these sessions; returns a browser for it.
pub async fn app_with(builder: Builder) -> Browser {
    let sessions = builder.build().expect("options that browsers accept");
    let app = app().attach(sessions).mount("/", routes![list_all]);
    Browser::new(&support::serve(app).await)
}

/// The app, without sessions.
pub fn app() -> Rocket<Build> {
    let of_session = routes![number, reserved, login_only, not_json, save, reload, untouched];
    let of_user = routes![log_in, log_in_as_pair, user, list, revoke, revoke_others, why];
    let app = support::rocket().mount("/", of_session).mount("/", of_user);
    app.register("/", catchers![default_page])
}

/// The page of the app for each error status.
#[catch(default)]
fn default_page(status: Status, _: &Request<'_>) -> String {
    format!("the app's page for {}", status.code)
}

/// Counts the text "a".
#[get("/number")]
fn number(session: &Session) -> Result<&'static str, SetError> {
    session.set("text", "a")?;
    session.increment("text")?;
    Ok("counted")
}

#[get("/reserved")]
fn reserved(session: &Session) -> Result<&'static str, SetError> {
    session.set("cookie", "mine")?;
    Ok("set")
}

#[get("/login-only")]
fn login_only(session: &Session) -> Result<&'static str, SetError> {
    session.set("passport", "rosa")?;
    Ok("set")
}

#[get("/not-json")]
fn not_json(session: &Session) -> Result<&'static str, SetError> {
    session.push("list", &HashMap::from([([1], 1)]), 9)?;
    Ok("pushed")
}

#[get("/save")]
async fn save(session: &Session) -> Result<&'static str, SaveError> {
    session.increment("saves").expect("a number");
    session.save().await?;
    Ok("saved")
}

#[get("/reload")]
async fn reload(session: &Session) -> Result<&'static str, SaveError> {
    session.reload().await?;
    Ok("reloaded")
}

/// Uses the session, and changes nothing.
#[get("/untouched")]
fn untouched(session: &Session) -> String {
    session.id().prefix()
}

#[get("/log-in/<username>")]
fn log_in(session: &Session, username: &str) -> Result<&'static str, SetError> {
    session.regenerate().log_in(username)?;
    Ok("logged in")
}

/// Logs in a pair of numbers, which is no ID of a user.
#[get("/log-in-as-pair")]
fn log_in_as_pair(session: &Session) -> Result<&'static str, SetError> {
    session.regenerate().log_in(&(1, 2))?;
    Ok("logged in")
}

#[get("/user")]
fn user(session: &Session) -> String {
    session.login().unwrap_or_else(|| "anonymous".to_owned())
}

/// The handles of the user's sessions.
#[get("/sessions")]
async fn list(session: &Session) -> Result<String, Unavailable> {
    let sessions = session.user_sessions().list().await?;
    Ok(sessions.iter().map(|session| format!("{}\n", session.handle)).collect())
}

#[get("/revoke/<handle>")]
async fn revoke(session: &Session, handle: &str) -> Result<String, Unavailable> {
    Ok(session.user_sessions().revoke(handle, REVOKED).await?.to_string())
}

#[get("/revoke-others")]
async fn revoke_others(session: &Session) -> Result<String, Unavailable> {
    Ok(session.user_sessions().revoke_others(REVOKED).await?.to_string())
}

/// Why the session of the request's cookie was revoked.
#[get("/why")]
async fn why(session: &Session) -> Result<String, Unavailable> {
    let reason = session.revoke_reason().await?;
    Ok(reason.map_or_else(String::new, |reason| reason.as_str().to_owned()))
}

/// The number of all sessions.
#[get("/all")]
async fn list_all(sessions: &State<Sessions>) -> Result<String, Unavailable> {
    let limits = ListLimits { users: 9, per_user: 9, anonymous: 9 };
    Ok(sessions.admin().list(limits).await?.len().to_string())
}
