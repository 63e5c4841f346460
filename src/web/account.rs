//! The account: changing the password, which ends every other session of it.

use std::sync::Arc;

use rocket::{Route, State, get, post, routes, uri};
use rocket_dyn_templates::{Template, context};
use serde::Deserialize;

use super::error::Error;
use super::form::{FieldError, Form, Submitted};
use super::notice::Notice;
use super::page::Page;
use crate::auth::{self, Hasher, Password, User, Users};
use crate::session::Session;

#[derive(Default, Deserialize)]
#[serde(default)]
struct NewPassword {
    current: String,
    new: String,
}

#[get("/account")]
async fn show(page: Page<'_>, _user: &User) -> Template {
    render(&page, &[]).await
}

#[post("/account/password", data = "<form>")]
async fn change_password(
    page: Page<'_>,
    session: &Session,
    user: &User,
    users: &State<Arc<dyn Users>>,
    hasher: &State<Hasher>,
    form: Form<NewPassword>,
) -> Result<Submitted, Error> {
    let NewPassword { current, new } = form.0;
    let new = match Password::new(&new) {
        Ok(new) if !current.is_empty() => new,
        new => return Ok(Submitted::again(render(&page, &refusals(&current, new.err())).await)),
    };
    if !auth::change_password(users.as_ref(), hasher, user, &current, new).await? {
        let error = FieldError::new("current", "This is not your password. Enter it again.");
        return Ok(Submitted::again(render(&page, &[error]).await));
    }
    // Whoever has the old password, or a ticket got with it, is out (OWASP ASVS 7.4.3).
    let ended = session.destroy_others().await?;
    // A new id for this one as well.
    auth::log_in(session, user, session.max_age().is_some())?;
    page.leave(Notice::PasswordChanged(ended));
    Ok(Submitted::go_to(uri!(show)))
}

fn refusals(current: &str, new: Option<impl ToString>) -> Vec<FieldError> {
    let missing = FieldError::new("current", "Enter the password that you have now.");
    let missing = current.is_empty().then_some(missing);
    missing.into_iter().chain(new.map(|error| FieldError::new("new", error))).collect()
}

async fn render(page: &Page<'_>, errors: &[FieldError]) -> Template {
    let rules = context! { password_min: auth::PASSWORD_MIN };
    page.render("account", context! { form: context! { errors }, rules }).await
}

pub fn routes() -> Vec<Route> {
    routes![show, change_password]
}
