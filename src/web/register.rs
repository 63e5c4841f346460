//! Making an account.

use std::time::Duration;

use rocket::{Route, State, get, post, routes, uri};
use rocket_dyn_templates::{Template, context};
use serde::Deserialize;

use super::client::Client;
use super::error::Error;
use super::form::{FieldError, Form, Submitted};
use super::moment::in_words;
use super::notice::Notice;
use super::page::Page;
use crate::audit::{self, Decision, Event, Whom};
use crate::auth::{self, LocalStrategy, Registration, Username};
use crate::trace::{self, Step};

#[derive(Default, Deserialize)]
#[serde(default)]
struct NewAccount {
    username: String,
    password: String,
}

#[get("/register")]
async fn show(page: Page<'_>, strategy: &State<LocalStrategy>) -> Template {
    render(&page, strategy, "", &[]).await
}

#[post("/register", data = "<form>")]
async fn submit(
    page: Page<'_>,
    client: Client<'_>,
    strategy: &State<LocalStrategy>,
    form: Form<NewAccount>,
) -> Result<Submitted, Error> {
    let typed = form.0;
    let username = Username::choose(&typed.username);
    let name = username.as_ref().map_or(typed.username.as_str(), Username::as_key);
    let password = strategy.policy.accept(&typed.password, name);
    let (username, password) = match (username, password) {
        (Ok(username), Ok(password)) => {
            trace::note(|| Step::Policy);
            (username, password)
        }
        (username, password) => {
            let username = username.err().map(|error| FieldError::new("username", error));
            let password = password.err().map(|error| FieldError::new("password", error));
            let errors: Vec<_> = username.into_iter().chain(password).collect();
            let again = render(&page, strategy, &typed.username, &errors).await;
            return Ok(Submitted::again(again));
        }
    };
    match strategy.register(&username, password, client.address()).await? {
        Registration::Done(user, device) => {
            client.remember_device(device);
            client.record(Event::Register, Decision::Done, Whom::Name(&user.username));
            page.leave(Notice::Registered);
            Ok(Submitted::go_to(uri!(super::login::show(_))))
        }
        Registration::Taken => {
            client.record(Event::Register, Decision::Refused, Whom::Name(username.as_shown()));
            let again = render(&page, strategy, &typed.username, &[taken(&username)]).await;
            Ok(Submitted::again(again))
        }
        Registration::TryLater(wait) => {
            // Nothing was looked up: it may be no account's name, but a password.
            let pseudonym = audit::pseudonym(&strategy.secrets, &typed.username);
            client.record(Event::Register, Decision::Throttled, Whom::Typed(&pseudonym));
            let again = render(&page, strategy, &typed.username, &[throttled(wait)]).await;
            Ok(Submitted::later(wait, again))
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
        in_words(wait)
    );
    FieldError::new("username", text)
}

async fn render(
    page: &Page<'_>,
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
    page.render("register", own).await
}

pub fn routes() -> Vec<Route> {
    routes![show, submit]
}
