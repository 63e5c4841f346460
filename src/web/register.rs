//! The page for registering: creates an account.

use std::time::Duration;

use rocket::{Route, State, get, post, routes};
use rocket_dyn_templates::{Template, context};
use serde::{Deserialize, Serialize};

use super::cookies::DeviceCookies;
use super::error::{Error, log_failure};
use super::flash::Flash;
use super::form::{FieldError, Form, FormResponse};
use super::next::with_next;
use super::page::{Page, render_without_user};
use super::time_view::humanize;
use crate::audit::{self, Actor, AuditEvent, Outcome};
use crate::auth::{self, LocalStrategy, Registration, Username, UsernameError, Visitor};
use crate::proxy::ClientAddress;
use crate::trace::{self, Step};

#[derive(Default, Deserialize)]
#[serde(default)]
struct NewAccount {
    username: String,
    password: String,
    next: String,
}

#[get("/register?<next>")]
fn show(
    page: Page<'_>,
    visitor: &Visitor,
    strategy: &State<LocalStrategy>,
    next: Option<&str>,
) -> Template {
    let next = next.unwrap_or_default().to_owned();
    page.render(
        "register",
        visitor,
        values(&NewAccount { next, ..NewAccount::default() }, strategy, &[]),
    )
}

#[post("/register", data = "<form>")]
async fn submit(
    page: Page<'_>,
    address: ClientAddress,
    devices: DeviceCookies<'_>,
    strategy: &State<LocalStrategy>,
    form: Form<NewAccount>,
) -> Result<FormResponse, Error> {
    let typed = form.0;
    let username = strategy.usernames.accept(&typed.username);
    let name = username.as_ref().map_or(typed.username.as_str(), Username::as_key);
    let password = strategy.policy.accept(&typed.password, name);
    let (username, password) = match (username, password) {
        (Ok(username), Ok(password)) => {
            trace::note(|| Step::InputAccepted);
            (username, password)
        }
        (username, password) => {
            if username == Err(UsernameError::Reserved) {
                // A text that looks like a reserved name is no password, so the log may have it.
                let name = Actor::Name(typed.username.trim());
                audit::record(AuditEvent::Register, Outcome::Refused, name);
            }
            let username = username.err().map(|error| FieldError::new("username", error));
            let password = password.err().map(|error| FieldError::new("password", error));
            let errors: Vec<_> = username.into_iter().chain(password).collect();
            return Ok(FormResponse::invalid(again(&page, strategy, &typed, &errors).await));
        }
    };
    let registration = match strategy.register(&username, password, address.0).await {
        Ok(registration) => registration,
        Err(error) => {
            log_failure(page.request(), &error);
            let errors = [unavailable()];
            let own = values(&typed, strategy, &errors);
            return Ok(FormResponse::unavailable(render_without_user(
                page.request(),
                "register",
                own,
            )));
        }
    };
    match registration {
        Registration::Done(user, device) => {
            devices.set(device);
            audit::record(AuditEvent::Register, Outcome::Done, Actor::Name(&user.username));
            page.set_flash(&Flash::Registered(user.username));
            Ok(FormResponse::redirect(with_next("/login", &typed.next)))
        }
        Registration::Taken => {
            audit::record(AuditEvent::Register, Outcome::Refused, Actor::Name(username.as_shown()));
            let again = again(&page, strategy, &typed, &[taken(&username)]).await;
            Ok(FormResponse::invalid(again))
        }
        Registration::Throttled { retry_after: wait } => {
            // The name was not looked up. The text may be a password, so the log gets a pseudonym.
            let pseudonym = audit::pseudonym(&strategy.secrets, &typed.username);
            audit::record(AuditEvent::Register, Outcome::Throttled, Actor::Typed(&pseudonym));
            let again = again(&page, strategy, &typed, &[throttled(wait)]).await;
            Ok(FormResponse::throttled(wait, again))
        }
    }
}

fn taken(username: &Username) -> FieldError {
    let text = format!("The username {} is taken. Choose another one.", username.as_shown());
    FieldError::new("username", text)
}

fn throttled(wait: Duration) -> FieldError {
    let text = format!(
        "Too many accounts were created from your network. This is not your fault: try again {}.",
        humanize(wait)
    );
    FieldError::new("form", text)
}

/// The error if the account may have been created or not.
fn unavailable() -> FieldError {
    let text = "We can't tell whether your account was created. Our database isn't answering, or too many \
        people are logging in at once. Try again in a few seconds. If the name is taken by then, log in.";
    FieldError::new("form", text)
}

/// The page with the form once more.
async fn again(
    page: &Page<'_>,
    strategy: &LocalStrategy,
    typed: &NewAccount,
    errors: &[FieldError],
) -> Template {
    page.render("register", page.visitor().await, values(typed, strategy, errors))
}

fn values(typed: &NewAccount, strategy: &LocalStrategy, errors: &[FieldError]) -> impl Serialize {
    let NewAccount { username, next, .. } = typed;
    context! {
        login: with_next("/login", next).to_string(),
        form: context! { username, next, errors },
        rules: context! {
            username_min: auth::USERNAME_MIN,
            username_max: auth::USERNAME_MAX,
            password_min: strategy.policy.min_length,
            password_max: auth::PASSWORD_MAX,
        },
    }
}

pub(super) fn routes() -> Vec<Route> {
    routes![show, submit]
}
