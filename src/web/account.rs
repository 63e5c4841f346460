//! The account: changing the password, which ends every other session of it.

use std::time::Duration;

use rocket::{Route, State, get, post, routes, uri};
use rocket_dyn_templates::{Template, context};
use serde::Deserialize;

use super::client::Client;
use super::error::Error;
use super::form::{FieldError, Form, Submitted, in_words};
use super::notice::Notice;
use super::page::Page;
use crate::auth::{self, Confirmation, LocalStrategy, User};
use crate::session::Session;

#[derive(Default, Deserialize)]
#[serde(default)]
struct NewPassword {
    current: String,
    new: String,
}

#[get("/account")]
async fn show(page: Page<'_>, strategy: &State<LocalStrategy>, _user: &User) -> Template {
    render(&page, strategy, &[]).await
}

#[post("/account/password", data = "<form>")]
async fn change_password(
    page: Page<'_>,
    session: &Session,
    user: &User,
    client: Client<'_>,
    strategy: &State<LocalStrategy>,
    form: Form<NewPassword>,
) -> Result<Submitted, Error> {
    let NewPassword { current, new } = form.0;
    let new = match strategy.policy.accept(&new, &user.username) {
        Ok(new) if !current.is_empty() => new,
        new => {
            let errors = refusals(&current, new.err());
            return Ok(Submitted::again(render(&page, strategy, &errors).await));
        }
    };
    let changed = match strategy.confirm(user, &current).await? {
        Confirmation::Right(confirmed) => strategy.change_password(&confirmed, new).await?,
        Confirmation::Wrong => None,
        Confirmation::TryLater(wait) => {
            let again = render(&page, strategy, &[throttled(wait)]).await;
            return Ok(Submitted::later(wait, again));
        }
    };
    let Some((user, device)) = changed else {
        let error = FieldError::new("current", "This is not your password. Enter it again.");
        return Ok(Submitted::again(render(&page, strategy, &[error]).await));
    };
    // Whoever has the old password, or a ticket got with it, is out (OWASP ASVS 7.4.3).
    let ended = session.destroy_others().await?;
    // A new id for this one as well.
    auth::log_in(session, &user, session.max_age().is_some())?;
    client.remember_device(device);
    page.leave(Notice::PasswordChanged(ended));
    Ok(Submitted::go_to(uri!(show)))
}

fn refusals(current: &str, new: Option<impl ToString>) -> Vec<FieldError> {
    let missing = FieldError::new("current", "Enter the password that you have now.");
    let missing = current.is_empty().then_some(missing);
    missing.into_iter().chain(new.map(|error| FieldError::new("new", error))).collect()
}

fn throttled(wait: Duration) -> FieldError {
    let text = format!("There were too many wrong tries. Try again {}.", in_words(wait));
    FieldError::new("current", text)
}

async fn render(page: &Page<'_>, strategy: &LocalStrategy, errors: &[FieldError]) -> Template {
    let rules = context! { password_min: strategy.policy.min_length };
    page.render("account", context! { form: context! { errors }, rules }).await
}

pub fn routes() -> Vec<Route> {
    routes![show, change_password]
}
