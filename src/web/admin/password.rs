//! Sets a new password for a user who has forgotten the old one. The response shows it, once.
//!
//! The new password gives the admin the account. So the admin confirms the own password first, as before a
//! change on the account page. The admin's own account is refused here: its password is changed there.

use rocket::response::Redirect;
use rocket::{Route, State, get, post, routes, uri};
use rocket_dyn_templates::{Template, context};
use rocket_express_session::Sessions;
use serde::Deserialize;

use super::{Typed, find, render};
use crate::audit::{self, Actor, AuditEvent, Outcome};
use crate::auth::{Admin, PasswordReset, User};
use crate::db::Unavailable;
use crate::web::error::Error;
use crate::web::form::{FieldError, Form, FormResponse};
use crate::web::page::Page;
use crate::web::reauth::Reauth;

#[derive(Default, Deserialize)]
#[serde(default)]
struct Forgotten {
    account: String,
    /// The password of the admin.
    password: String,
}

#[post("/admin/password", data = "<form>")]
async fn submit(
    page: Page<'_>,
    sessions: &State<Sessions>,
    admin: Admin<'_>,
    reauth: Reauth<'_>,
    form: Form<Forgotten>,
) -> Result<FormResponse, Error> {
    let account = &form.0.account;
    let again = |error| {
        let typed = Typed { account, errors: vec![error], ..Typed::default() };
        render(&page, &reauth, &typed)
    };
    // The name is checked first, because a wrong one costs no hash.
    let user = match find(reauth.strategy, "account", account).await? {
        Ok(user) if user.id == admin.0.id => {
            return Ok(FormResponse::invalid(again(own_account())));
        }
        Ok(user) => user,
        Err(error) => return Ok(FormResponse::invalid(again(error))),
    };
    match reauth.confirm_recent("own-password", &form.0.password).await {
        Ok(true) => {}
        Ok(false) => return Ok(FormResponse::redirect(uri!(super::show))),
        Err(error) => {
            let (wait, error) = error.for_form()?;
            return Ok(FormResponse::rejected(wait, again(error)));
        }
    }
    Ok(match set_new_password(&page, sessions, &reauth, &user, "/admin").await? {
        Some(shown) => FormResponse::shown(shown),
        None => FormResponse::invalid(again(just_changed())),
    })
}

/// Sets a new password for `user`, and renders the page that shows it once, with a link to `back`. The caller
/// has confirmed the admin's own password. `None`: a concurrent change of the password came first.
///
/// # Errors
/// A store does not answer, or too many passwords are being hashed already.
pub async fn set_new_password(
    page: &Page<'_>,
    sessions: &Sessions,
    reauth: &Reauth<'_>,
    user: &User,
    back: &str,
) -> Result<Option<Template>, Error> {
    let admin = reauth.user;
    let slot = reauth.strategy.queue.enter(("reset", &admin.username), reauth.address).await;
    let slot = slot.map_err(Unavailable::from)?;
    let reset = reauth.strategy.reset_password(user, sessions, &slot).await?;
    let actor = Actor::Admin(&admin.username, &user.username);
    audit::record(AuditEvent::ResetPassword, Outcome::of(reset.is_some()), actor);
    Ok(reset.map(|reset| render_reset(page, admin, user, &reset, back)))
}

/// Redirects to the admin page, which has the form.
#[get("/admin/password")]
fn form() -> Redirect {
    Redirect::to(uri!(super::show))
}

fn own_account() -> FieldError {
    let text = "This is your own account. Change your password on the account page.";
    FieldError::new("account", text)
}

/// The error of a form after [`set_new_password`] has done nothing.
pub fn just_changed() -> FieldError {
    let text = "The password of this account was changed a moment ago, or the account was deleted. Nothing was \
                changed now. Send the form again if a new password is still needed.";
    FieldError::new("account", text)
}

/// The page with the new password. Only this response has it: it is in no cookie, no address and no log line.
fn render_reset(
    page: &Page<'_>,
    admin: &User,
    user: &User,
    reset: &PasswordReset,
    back: &str,
) -> Template {
    let log = |error: &Unavailable| {
        tracing::error!("a password was reset, but not all that belongs to it was done: {error}");
    };
    let own = context! {
        back,
        username: &user.username,
        passphrase: reset.passphrase.as_str(),
        ended: reset.ended.as_ref().inspect_err(|error| log(error)).ok(),
        is_unlocked: reset.unlocked.as_ref().inspect_err(|error| log(error)).is_ok(),
    };
    page.render("admin-password", admin, own)
}

pub(super) fn routes() -> Vec<Route> {
    routes![submit, form]
}
