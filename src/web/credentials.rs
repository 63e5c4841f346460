//! A login with a form: checks what was typed, and stores the user in the session.
//!
//! The login page and a lesson have such a form (`login.rs`, `teach/lessons/behind_the_login.rs`).
//! `auth/strategy.rs` checks the password, and `auth/login.rs` writes the user into the session.

use serde::Deserialize;

use super::cookies::DeviceCookies;
use super::error::{Error, log_failure};
use super::flash::LoginResult;
use super::form::Checked;
use super::page::Page;
use super::time_view::whole_seconds;
use crate::audit::{self, Actor, AuditEvent, Outcome};
use crate::auth::{self, Attempt, LocalStrategy, Verdict};
use crate::proxy::client_address;

/// The fields of the form.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Credentials {
    pub(super) username: String,
    pub(super) password: String,
    pub(super) next: String,
    pub(super) remember: Checked,
}

/// Checks the form, and logs the user in. The log has a line about each checked attempt.
///
/// # Errors
/// [`Error::Session`], which a user's ID gives no reason for.
pub async fn log_in(
    page: &Page<'_>,
    strategy: &LocalStrategy,
    typed: &Credentials,
) -> Result<LoginResult, Error> {
    if typed.username.is_empty() || typed.password.is_empty() {
        return Ok(LoginResult::Rejected);
    }
    // Loaded first: a login that could not be stored costs no hash.
    let Some(session) = page.session().await else { return Ok(LoginResult::Unchecked) };
    let devices = DeviceCookies::of(page.request());
    let known_devices = devices.values();
    let attempt = Attempt {
        username: &typed.username,
        password: &typed.password,
        devices: &known_devices,
        address: client_address(page.request()),
    };
    let pseudonym = audit::pseudonym(&strategy.secrets, &typed.username);
    // A name without an account may be a password in the wrong field, so the log gets a pseudonym.
    let actor = |account_exists| match account_exists {
        true => Actor::Name(&typed.username),
        false => Actor::Typed(&pseudonym),
    };
    let verdict = match strategy.verify(attempt).await {
        Ok(verdict) => verdict,
        Err(error) => {
            log_failure(page.request(), &error);
            return Ok(LoginResult::Unchecked);
        }
    };
    Ok(match verdict {
        Verdict::Accepted(user, device) => {
            audit::record(AuditEvent::Login, Outcome::Done, Actor::Name(&user.username));
            auth::log_in(session, &user, typed.remember.0.then_some(strategy.remember_for))?;
            devices.set(device);
            LoginResult::Done
        }
        Verdict::Rejected { account_exists } => {
            audit::record(AuditEvent::Login, Outcome::Refused, actor(account_exists));
            LoginResult::Rejected
        }
        Verdict::Throttled { retry_after, account_exists } => {
            audit::record(AuditEvent::Login, Outcome::Throttled, actor(account_exists));
            LoginResult::Throttled(whole_seconds(retry_after))
        }
    })
}
