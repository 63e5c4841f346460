//! The page for registering: creates an account.

use std::time::Duration;

use rocket::{Route, State, get, post, routes, uri};
use rocket_dyn_templates::{Template, context};
use serde::Deserialize;

use super::cookies::DeviceCookies;
use super::error::Error;
use super::flash::Flash;
use super::form::{FieldError, Form, FormResponse};
use super::page::Page;
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
}

#[get("/register")]
fn show(page: Page<'_>, visitor: &Visitor, strategy: &State<LocalStrategy>) -> Template {
    render(&page, visitor, strategy, "", &[])
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
            let again = render(&page, page.visitor().await, strategy, &typed.username, &errors);
            return Ok(FormResponse::invalid(again));
        }
    };
    match strategy.register(&username, password, address.0).await? {
        Registration::Done(user, device) => {
            devices.set(device);
            audit::record(AuditEvent::Register, Outcome::Done, Actor::Name(&user.username));
            page.set_flash(Flash::Registered);
            Ok(FormResponse::redirect(uri!(super::login::show(_))))
        }
        Registration::Taken => {
            audit::record(AuditEvent::Register, Outcome::Refused, Actor::Name(username.as_shown()));
            let again =
                render(&page, page.visitor().await, strategy, &typed.username, &[taken(&username)]);
            Ok(FormResponse::invalid(again))
        }
        Registration::Throttled { retry_after: wait } => {
            // The name was not looked up. The text may be a password, so the log gets a pseudonym.
            let pseudonym = audit::pseudonym(&strategy.secrets, &typed.username);
            audit::record(AuditEvent::Register, Outcome::Throttled, Actor::Typed(&pseudonym));
            let again =
                render(&page, page.visitor().await, strategy, &typed.username, &[throttled(wait)]);
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
        "Too many accounts were made from your network. Nothing is wrong with yours: try again {}.",
        humanize(wait)
    );
    FieldError::new("username", text)
}

fn render(
    page: &Page<'_>,
    visitor: &Visitor,
    strategy: &LocalStrategy,
    username: &str,
    errors: &[FieldError],
) -> Template {
    let own = context! {
        form: context! { username, errors },
        rules: context! {
            username_min: auth::USERNAME_MIN,
            username_max: auth::USERNAME_MAX,
            password_min: strategy.policy.min_length,
        },
    };
    page.render("register", visitor, own)
}

pub(super) fn routes() -> Vec<Route> {
    routes![show, submit]
}
