//! Logging in: from a name and a password to a session that says who it is.
//!
//! `auth/strategy.rs` checks the password, and `auth/login.rs` writes the user into the session. The
//! sessions' fairing stores the session before the redirect leaves.

use std::time::Duration;

use rocket::http::uri::Origin;
use rocket::{Route, State, get, post, routes, uri};
use rocket_dyn_templates::{Template, context};
use rocket_express_session::Session;
use serde::Deserialize;

use super::client::Client;
use super::error::Error;
use super::form::{Checked, FieldError, Form, Submitted};
use super::moment::in_words;
use super::next::LocalPath;
use super::page::Page;
use crate::audit::{self, Decision, Event, Whom};
use crate::auth::revoke::{ACCOUNT_DELETED, BY_ADMIN, CLASS_RESET, PASSWORD_CHANGED, REVOKED};
use crate::auth::{self, Attempt, Claim, LocalStrategy, Verdict};

#[derive(Default, Deserialize)]
#[serde(default)]
struct Credentials {
    username: String,
    password: String,
    next: String,
    remember: Checked,
}

/// The login page that leads back to `next`, unless that is too long. Written by hand, because `uri!`
/// would escape the slash, and the address is to read `/login?next=/dashboard`.
pub fn login_with_next(next: Option<&str>) -> Origin<'static> {
    let next = next.and_then(LocalPath::parse).map(LocalPath::into_origin);
    next.and_then(|next| {
        Origin::parse_owned(format!("/login?next={}", escape(&next.to_string()))).ok()
    })
    .unwrap_or_else(|| uri!(show(_)))
}

/// A path may stand in a query as it is; what would end the value or be read as a space may not.
fn escape(path: &str) -> String {
    path.replace('%', "%25").replace('&', "%26").replace('+', "%2B").replace('#', "%23")
}

#[get("/login?<next>")]
pub async fn show(page: Page<'_>, next: Option<&str>) -> Template {
    let next = next.unwrap_or_default().to_owned();
    render(&page, &Credentials { next, ..Credentials::default() }, &[]).await
}

/// Why a visitor whose session cookie is genuine has to log in all the same.
async fn explain(page: &Page<'_>) -> Option<&'static str> {
    let session = page.session().await?;
    if session.is_ambiguous() {
        return Some(
            "Your browser sent two different session cookies for this site, so neither counts. \
             Delete this site's cookies in your browser, then log in. If it happens again, tell \
             the people who run this site: another site under the same domain may set one.",
        );
    }
    if !session.is_unknown() {
        return None;
    }
    let reason = session.revoke_reason().await.unwrap_or_else(|error| {
        log::warn!("why a session has ended is unknown: {error}");
        None
    });
    Some(match reason {
        Some(reason) if reason == REVOKED => {
            "Your session has ended: it was revoked in another browser, on the account page. If \
             that was not you, log in and change your password."
        }
        Some(reason) if reason == PASSWORD_CHANGED => {
            "Your session has ended: the password was changed in another browser. Log in with the \
             new one."
        }
        Some(reason) if reason == ACCOUNT_DELETED => {
            "Your session has ended: its account was deleted in another browser."
        }
        Some(reason) if reason == BY_ADMIN => "Your session has ended: an admin has revoked it.",
        Some(reason) if reason == CLASS_RESET => {
            "Your session has ended: the teacher has reset the class."
        }
        // It may have expired, or a logout, another app or a damaged document may have ended it.
        _ => "Your session has ended. Log in to continue.",
    })
}

#[post("/login", data = "<form>")]
async fn submit(
    page: Page<'_>,
    session: &Session,
    client: Client<'_>,
    strategy: &State<LocalStrategy>,
    form: Form<Credentials>,
) -> Result<Submitted, Error> {
    let typed = form.0;
    let errors = missing_fields(&typed);
    if !errors.is_empty() {
        return Ok(Submitted::again(render(&page, &typed, &errors).await));
    }
    let devices = client.devices();
    let attempt = Attempt {
        username: &typed.username,
        password: &typed.password,
        devices: &devices,
        address: client.address(),
    };
    let pseudonym = audit::pseudonym(&strategy.secrets, &typed.username);
    // What is no account's name may be a password, typed into the wrong field.
    let whom = |claim| match claim {
        Claim::Account => Whom::Name(&typed.username),
        Claim::NoAccount => Whom::Typed(&pseudonym),
    };
    match strategy.verify(attempt).await? {
        Verdict::Accepted(user, device) => {
            client.record(Event::Login, Decision::Done, Whom::Name(&user.username));
            auth::log_in(session, &user, typed.remember.0)?;
            client.remember_device(device);
            let next = Some(&*typed.next).filter(|next| !next.is_empty());
            let next = next.and_then(LocalPath::parse).map(LocalPath::into_origin);
            let next = next.unwrap_or_else(|| uri!(super::dashboard::show));
            Ok(Submitted::go_to(next))
        }
        Verdict::Refused(claim) => {
            client.record(Event::Login, Decision::Refused, whom(claim));
            Ok(Submitted::again(render(&page, &typed, &[refused()]).await))
        }
        Verdict::TryLater(wait, claim) => {
            client.record(Event::Login, Decision::Throttled, whom(claim));
            Ok(Submitted::later(wait, render(&page, &typed, &[throttled(wait)]).await))
        }
    }
}

fn missing_fields(typed: &Credentials) -> Vec<FieldError> {
    let mut errors = vec![];
    if typed.username.is_empty() {
        errors.push(FieldError::new("username", "Enter your username."));
    }
    if typed.password.is_empty() {
        errors.push(FieldError::new("password", "Enter your password."));
    }
    errors
}

/// One sentence for both cases: it must not tell who has an account (OWASP ASVS 6.3.8).
fn refused() -> FieldError {
    let text = "The username or the password is wrong. Check both, then enter the password again.";
    FieldError::new("username", text)
}

/// One sentence, too, for an account that exists and one that does not.
fn throttled(wait: Duration) -> FieldError {
    let text = format!(
        "There were too many wrong tries, so no password is checked just now. Try again {}, or in \
         a browser that you have logged in with before.",
        in_words(wait)
    );
    FieldError::new("username", text)
}

async fn render(page: &Page<'_>, typed: &Credentials, errors: &[FieldError]) -> Template {
    let Credentials { username, next, remember, .. } = typed;
    let ended = if errors.is_empty() { explain(page).await } else { None };
    page.render("login", context! { ended, form: context! { username, next, remember, errors } })
        .await
}

pub fn routes() -> Vec<Route> {
    routes![show, submit]
}
