//! The page for logging in: takes a name and a password, and stores the user in the session.
//!
//! `auth/strategy.rs` checks the password, and `auth/login.rs` writes the user into the session. The
//! sessions' fairing saves the session before the redirect leaves.

use std::time::Duration;

use rocket::{Route, State, get, post, routes, uri};
use rocket_dyn_templates::{Template, context};
use rocket_express_session::Session;
use serde::Deserialize;

use super::cookies::DeviceCookies;
use super::error::Error;
use super::form::{Checked, FieldError, Form, FormResponse};
use super::next::LocalPath;
use super::page::Page;
use super::time_view::humanize;
use crate::audit::{self, Actor, AuditEvent, Outcome};
use crate::auth::revoke::{
    ACCOUNT_DELETED, BY_ADMIN, CLASS_RESET, PASSWORD_CHANGED, PASSWORD_RESET, REVOKED,
};
use crate::auth::{self, Attempt, LocalStrategy, Verdict, Visitor};
use crate::proxy::ClientAddress;

#[derive(Default, Deserialize)]
#[serde(default)]
struct Credentials {
    username: String,
    password: String,
    next: String,
    remember: Checked,
}

#[get("/login?<next>")]
pub(super) async fn show(page: Page<'_>, visitor: &Visitor, next: Option<&str>) -> Template {
    let next = next.unwrap_or_default().to_owned();
    render(&page, visitor, &Credentials { next, ..Credentials::default() }, &[]).await
}

/// The reason why a visitor with a genuine session cookie has to log in again.
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
        log::warn!("cannot look up why a session has ended: {error}");
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
        Some(reason) if reason == PASSWORD_RESET => {
            "Your password was reset by the people who run this site. Ask them for the new one."
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
    address: ClientAddress,
    devices: DeviceCookies<'_>,
    strategy: &State<LocalStrategy>,
    form: Form<Credentials>,
) -> Result<FormResponse, Error> {
    let typed = form.0;
    let errors = missing_fields(&typed);
    if !errors.is_empty() {
        return Ok(FormResponse::invalid(
            render(&page, page.visitor().await, &typed, &errors).await,
        ));
    }
    let known_devices = devices.values();
    let attempt = Attempt {
        username: &typed.username,
        password: &typed.password,
        devices: &known_devices,
        address: address.0,
    };
    let pseudonym = audit::pseudonym(&strategy.secrets, &typed.username);
    // A name without an account may be a password in the wrong field, so the log gets a pseudonym.
    let actor = |account_exists| match account_exists {
        true => Actor::Name(&typed.username),
        false => Actor::Typed(&pseudonym),
    };
    match strategy.verify(attempt).await? {
        Verdict::Accepted(user, device) => {
            audit::record(AuditEvent::Login, Outcome::Done, Actor::Name(&user.username));
            auth::log_in(session, &user, typed.remember.0)?;
            devices.set(device);
            let next = Some(&*typed.next).filter(|next| !next.is_empty());
            let next = next.and_then(LocalPath::parse).map(LocalPath::into_origin);
            let next = next.unwrap_or_else(|| uri!(super::dashboard::show));
            Ok(FormResponse::redirect(next))
        }
        Verdict::Rejected { account_exists } => {
            audit::record(AuditEvent::Login, Outcome::Refused, actor(account_exists));
            Ok(FormResponse::invalid(
                render(&page, page.visitor().await, &typed, &[refused()]).await,
            ))
        }
        Verdict::Throttled { retry_after: wait, account_exists } => {
            audit::record(AuditEvent::Login, Outcome::Throttled, actor(account_exists));
            Ok(FormResponse::throttled(
                wait,
                render(&page, page.visitor().await, &typed, &[throttled(wait)]).await,
            ))
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

/// The error for a wrong name and for a wrong password. It must not reveal whether the account exists (OWASP
/// ASVS 6.3.8).
fn refused() -> FieldError {
    let text = "The username or the password is wrong. Check both, then enter the password again.";
    FieldError::new("username", text)
}

/// The error after too many attempts. It does not reveal whether the account exists, either.
fn throttled(wait: Duration) -> FieldError {
    let text = format!(
        "There were too many wrong tries, so no password is checked just now. Try again {}, or in \
         a browser that you have logged in with before.",
        humanize(wait)
    );
    FieldError::new("username", text)
}

async fn render(
    page: &Page<'_>,
    visitor: &Visitor,
    typed: &Credentials,
    errors: &[FieldError],
) -> Template {
    let Credentials { username, next, remember, .. } = typed;
    let ended = if errors.is_empty() { explain(page).await } else { None };
    let own = context! { ended, form: context! { username, next, remember, errors } };
    page.render("login", visitor, own)
}

pub(super) fn routes() -> Vec<Route> {
    routes![show, submit]
}
