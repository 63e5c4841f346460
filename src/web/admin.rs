//! The page for admins, which the guard `Admin` protects. It ends the sessions of a user (OWASP ASVS 7.4.5).
//!
//! `admin/password.rs` has its other form, for a user who has forgotten the password.

mod password;

pub use password::{just_changed, set_new_password};

use rocket::response::Redirect;
use rocket::{Route, State, get, post, routes, uri};
use rocket_dyn_templates::{Template, context};
use rocket_express_session::Sessions;
use serde::{Deserialize, Serialize};

use super::error::Error;
use super::flash::Flash;
use super::form::{FieldError, Form, FormResponse};
use super::page::Page;
use super::reauth::Reauth;
use crate::audit::{self, Actor, AuditEvent, Outcome};
use crate::auth::revoke::BY_ADMIN;
use crate::auth::{self, Admin, LocalStrategy, Named, User, list};
use crate::db::{Unavailable, in_time};

#[derive(Default, Deserialize)]
#[serde(default)]
struct Account {
    username: String,
}

/// The values of both forms.
#[derive(Default, Serialize)]
struct Typed<'t> {
    /// The account whose sessions end.
    username: &'t str,
    /// The account that gets a new password.
    account: &'t str,
    errors: Vec<FieldError>,
}

#[get("/admin")]
fn show(page: Page<'_>, _admin: Admin<'_>, reauth: Reauth<'_>) -> Template {
    render(&page, &reauth, &Typed::default())
}

#[post("/admin/sessions/revoke", data = "<form>")]
async fn revoke(
    page: Page<'_>,
    sessions: &State<Sessions>,
    admin: Admin<'_>,
    reauth: Reauth<'_>,
    form: Form<Account>,
) -> Result<FormResponse, Error> {
    let username = &form.0.username;
    let user = match find(reauth.strategy, "username", username).await? {
        Ok(user) => user,
        Err(error) => {
            let typed = Typed { username, errors: vec![error], ..Typed::default() };
            return Ok(FormResponse::invalid(render(&page, &reauth, &typed)));
        }
    };
    let id = user.id.to_hex();
    let ended = in_time(sessions.admin().revoke_user(&id, BY_ADMIN)).await??;
    let actor = Actor::Admin(&admin.0.username, &user.username);
    audit::record(AuditEvent::RevokeSessions, Outcome::Done, actor);
    page.set_flash(&Flash::SessionsEnded(ended));
    Ok(FormResponse::redirect(uri!(show)))
}

/// Redirects to the admin page, which has the form.
#[get("/admin/sessions/revoke")]
fn revoke_form() -> Redirect {
    Redirect::to(uri!(show))
}

/// The account with this name or ID, or an error for the field `id`.
async fn find(
    strategy: &LocalStrategy,
    id: &'static str,
    typed: &str,
) -> Result<Result<User, FieldError>, Unavailable> {
    if typed.trim().is_empty() {
        return Ok(Err(FieldError::new(id, "Enter a username.")));
    }
    Ok(match strategy.users.named(typed).await? {
        Named::One(user) => Ok(user),
        Named::None => {
            Err(FieldError::new(id, "No account has this name or ID. Check it and try again."))
        }
        Named::Several(users) => Err(FieldError::new(
            id,
            format!(
                "Several accounts match this name: {}. Enter the ID of the one you mean.",
                list(&users)
            ),
        )),
    })
}

fn render(page: &Page<'_>, reauth: &Reauth<'_>, form: &Typed<'_>) -> Template {
    let is_confirmed = auth::is_confirmed(reauth.session);
    page.render("admin", reauth.user, context! { form, is_confirmed })
}

pub(super) fn routes() -> Vec<Route> {
    [routes![show, revoke, revoke_form], password::routes()].concat()
}
