//! The page for logging in: takes a name and a password, and stores the user in the session.
//!
//! `credentials.rs` does it, for this form and for that of a lesson. The sessions' fairing saves the session
//! before the redirect leaves.

use std::borrow::Cow;
use std::time::Duration;

use rocket::http::uri::Reference;
use rocket::{Route, State, get, post, routes, uri};
use rocket_dyn_templates::{Template, context};
use rocket_express_session::{MAX_LISTED, Options, Sessions};
use serde::Serialize;

use super::credentials::{Credentials, log_in};
use super::error::Error;
use super::flash::{Flash, LoginResult};
use super::form::{FieldError, Form, FormResponse};
use super::heavy::HeavyPages;
use super::next::{LocalPath, with_next};
use super::page::{Page, render_without_user};
use super::time_view::in_words;
use crate::auth::revoke::{
    ACCOUNT_DELETED, BY_ADMIN, CLASS_RESET, PASSWORD_CHANGED, PASSWORD_RESET, REVOKED,
};
use crate::auth::{LocalStrategy, Visitor};
use crate::in_flight::within;
use crate::proxy::client_address;

#[get("/login?<next>")]
pub(super) async fn show(
    page: Page<'_>,
    visitor: &Visitor,
    strategy: &State<LocalStrategy>,
    next: Option<&str>,
) -> Template {
    let next = next.unwrap_or_default().to_owned();
    let typed = Credentials { next, ..Credentials::default() };
    let reasons = Reasons { ended: explain(&page).await, others: count_others(&page).await };
    page.render("login", visitor, values(&typed, reasons, &[], strategy))
}

/// Why the visitor is not logged in here.
#[derive(Default)]
struct Reasons {
    /// The session has ended.
    ended: Option<Ended>,
    /// The user has just logged out, and this many other sessions of the user are valid.
    others: usize,
}

/// The longest wait for the number of other sessions.
const COUNT: Duration = Duration::from_millis(500);

/// The number of sessions that a user who has just logged out still has, [`MAX_LISTED`] at most. 0 if it
/// cannot be counted in time.
async fn count_others(page: &Page<'_>) -> usize {
    let Some(Flash::LoggedOut(Some(user))) = page.flash() else { return 0 };
    let count = async {
        let request = page.request();
        let heavy: &HeavyPages = request.rocket().state()?;
        let sessions: &Sessions = request.rocket().state()?;
        let _slots = heavy.enter_as(&user, client_address(request)).await.ok()?;
        let count = sessions.admin().count_user(&user).await;
        count
            .inspect_err(|error| tracing::warn!("other sessions could not be counted: {error}"))
            .ok()
    };
    within(COUNT, count).await.flatten().unwrap_or(0)
}

/// Why a visitor with a genuine session cookie has to log in again.
#[derive(Serialize)]
struct Ended {
    /// A word for tests and scripts.
    reason: &'static str,
    text: Cow<'static, str>,
}

async fn explain(page: &Page<'_>) -> Option<Ended> {
    let session = page.session().await?;
    let ended = |reason, text| Some(Ended { reason, text: Cow::Borrowed(text) });
    if session.is_ambiguous() {
        let text = "Your browser sent two different session cookies for this site, so neither counts. \
             Delete this site's cookies in your browser, then log in. If it happens again, tell \
             the people who run this site: another site under the same domain may set one.";
        return ended("ambiguous", text);
    }
    if !session.is_unknown() {
        return None;
    }
    let reason = session.revoke_reason().await.unwrap_or_else(|error| {
        tracing::warn!("cannot look up why a session has ended: {error}");
        None
    });
    match reason {
        Some(reason) if reason == REVOKED => {
            let text = "You ended this session from another browser. If that was not you, log in and \
                 change your password.";
            ended("revoked", text)
        }
        Some(reason) if reason == PASSWORD_CHANGED => {
            let text = "You were logged out because the password was changed in another browser. Log in \
                 with the new password.";
            ended("password-changed", text)
        }
        Some(reason) if reason == PASSWORD_RESET => {
            let text =
                "The people who run this site reset your password. Ask them for the new one.";
            ended("password-reset", text)
        }
        Some(reason) if reason == ACCOUNT_DELETED => {
            ended("account-deleted", "Your account was deleted.")
        }
        Some(reason) if reason == BY_ADMIN => {
            ended("by-admin", "An admin ended your session. Log in to continue.")
        }
        Some(reason) if reason == CLASS_RESET => {
            let text = "The teacher has reset the class, so your session has ended. Create an account \
                 or log in to continue.";
            ended("class-reset", text)
        }
        // It may have expired, or a logout, another app or a damaged document may have ended it.
        _ => {
            let Options { idle_timeout, absolute_timeout, .. } = session.sessions().options();
            let idle = in_words(*idle_timeout.min(absolute_timeout));
            let text = format!(
                "Your session has ended. A session ends when it isn't used, usually after {idle}, and at \
                 the latest after {}. Log in to continue.",
                in_words(*absolute_timeout)
            );
            Some(Ended { reason: "unknown", text: text.into() })
        }
    }
}

#[post("/login", data = "<form>")]
async fn submit(
    page: Page<'_>,
    strategy: &State<LocalStrategy>,
    form: Form<Credentials>,
) -> Result<FormResponse, Error> {
    let typed = form.0;
    let result = log_in(&page, strategy, &typed).await?;
    Ok(match result {
        LoginResult::Done => FormResponse::redirect(onward(&typed.next)),
        LoginResult::Rejected => {
            FormResponse::invalid(again(&page, strategy, &typed, result).await)
        }
        LoginResult::Throttled(seconds) => FormResponse::throttled(
            Duration::from_secs(seconds),
            again(&page, strategy, &typed, result).await,
        ),
        LoginResult::Unchecked => {
            let errors = errors(&typed, result);
            let own = values(&typed, Reasons::default(), &errors, strategy);
            FormResponse::unavailable(render_without_user(page.request(), "login", own))
        }
    })
}

/// The missing fields, or an error of the form as a whole.
fn errors(typed: &Credentials, result: LoginResult) -> Vec<FieldError> {
    let mut errors = vec![];
    if typed.username.is_empty() {
        errors.push(FieldError::new("username", "Enter your username."));
    }
    if typed.password.is_empty() {
        errors.push(FieldError::new("password", "Enter your password."));
    }
    if errors.is_empty() {
        errors.push(FieldError::new("form", result.text()));
    }
    errors
}

/// The page after the login.
fn onward(next: &str) -> Reference<'static> {
    let next = LocalPath::after_login(next).map(LocalPath::into_reference);
    next.unwrap_or_else(|| uri!(super::dashboard::show).into())
}

/// The page with the form once more.
async fn again(
    page: &Page<'_>,
    strategy: &LocalStrategy,
    typed: &Credentials,
    result: LoginResult,
) -> Template {
    let visitor = page.visitor().await;
    let errors = errors(typed, result);
    page.render("login", visitor, values(typed, Reasons::default(), &errors, strategy))
}

fn values(
    typed: &Credentials,
    reasons: Reasons,
    errors: &[FieldError],
    strategy: &LocalStrategy,
) -> impl Serialize {
    let Credentials { username, next, remember, .. } = typed;
    let Reasons { ended, others } = reasons;
    context! {
        ended,
        others,
        register: with_next("/register", next).to_string(),
        most: MAX_LISTED,
        onward: onward(next).to_string(),
        remember_for: in_words(strategy.remember_for),
        form: context! { username, next, remember, errors },
    }
}

pub(super) fn routes() -> Vec<Route> {
    routes![show, submit]
}
