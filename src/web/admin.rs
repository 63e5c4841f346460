//! The page for admins, which the guard `Admin` protects. It ends the sessions of a user (OWASP ASVS 7.4.5).

use rocket::response::Redirect;
use rocket::{Route, State, get, post, routes, uri};
use rocket_dyn_templates::{Template, context};
use rocket_express_session::Sessions;
use serde::Deserialize;

use super::error::Error;
use super::flash::Flash;
use super::form::{FieldError, Form, FormResponse};
use super::page::Page;
use crate::audit::{self, Actor, AuditEvent, Outcome};
use crate::auth::revoke::BY_ADMIN;
use crate::auth::{Admin, LocalStrategy, Named, list};
use crate::db::in_time;

#[derive(Default, Deserialize)]
#[serde(default)]
struct Account {
    username: String,
}

#[get("/admin")]
fn show(page: Page<'_>, admin: Admin<'_>) -> Template {
    render(&page, admin, "", &[])
}

#[post("/admin/sessions/revoke", data = "<form>")]
async fn revoke(
    page: Page<'_>,
    sessions: &State<Sessions>,
    admin: Admin<'_>,
    strategy: &State<LocalStrategy>,
    form: Form<Account>,
) -> Result<FormResponse, Error> {
    let typed = &form.0.username;
    let user = match strategy.users.named(typed).await? {
        Named::One(user) => user,
        Named::None => {
            let error = FieldError::new("username", "There is no account of this name. Check it.");
            return Ok(FormResponse::invalid(render(&page, admin, typed, &[error])));
        }
        Named::Several(users) => {
            let text = format!(
                "Several accounts answer to this name: {}. Enter the ID of the one you mean.",
                list(&users)
            );
            let error = FieldError::new("username", text);
            return Ok(FormResponse::invalid(render(&page, admin, typed, &[error])));
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

fn render(page: &Page<'_>, admin: Admin<'_>, username: &str, errors: &[FieldError]) -> Template {
    page.render("admin", admin.0, context! { form: context! { username, errors } })
}

pub(super) fn routes() -> Vec<Route> {
    routes![show, revoke, revoke_form]
}
