//! A page for admins: what a guard is good for, and ending the sessions of a user (OWASP ASVS 7.4.5).

use rocket::response::Redirect;
use rocket::{Route, State, get, post, routes, uri};
use rocket_dyn_templates::{Template, context};
use rocket_express_session::Sessions;
use serde::Deserialize;

use super::client::Client;
use super::error::Error;
use super::form::{FieldError, Form, Submitted};
use super::notice::Notice;
use super::page::Page;
use crate::audit::{Decision, Event, Whom};
use crate::auth::revoke::BY_ADMIN;
use crate::auth::{Admin, LocalStrategy, Named, list};
use crate::db::in_time;

#[derive(Default, Deserialize)]
#[serde(default)]
struct Whose {
    username: String,
}

#[get("/admin")]
async fn show(page: Page<'_>, _admin: Admin<'_>) -> Template {
    render(&page, "", &[]).await
}

#[post("/admin/sessions/revoke", data = "<form>")]
async fn revoke(
    page: Page<'_>,
    client: Client<'_>,
    sessions: &State<Sessions>,
    admin: Admin<'_>,
    strategy: &State<LocalStrategy>,
    form: Form<Whose>,
) -> Result<Submitted, Error> {
    let typed = &form.0.username;
    let user = match strategy.users.named(typed).await? {
        Named::One(user) => user,
        Named::None => {
            let error = FieldError::new("username", "There is no account of this name. Check it.");
            return Ok(Submitted::again(render(&page, typed, &[error]).await));
        }
        Named::Several(users) => {
            let text = format!(
                "Several accounts answer to this name: {}. Enter the ID of the one you mean.",
                list(&users)
            );
            let error = FieldError::new("username", text);
            return Ok(Submitted::again(render(&page, typed, &[error]).await));
        }
    };
    let id = user.id.to_hex();
    let ended = in_time(sessions.admin().revoke_user(&id, BY_ADMIN)).await??;
    let whom = Whom::Admin(&admin.0.username, &user.username);
    client.record(Event::RevokeSessions, Decision::Done, whom);
    page.leave(Notice::SessionsEnded(ended));
    Ok(Submitted::go_to(uri!(show)))
}

/// The form stands on the admin page.
#[get("/admin/sessions/revoke")]
fn revoke_form() -> Redirect {
    Redirect::to(uri!(show))
}

async fn render(page: &Page<'_>, username: &str, errors: &[FieldError]) -> Template {
    page.render("admin", context! { form: context! { username, errors } }).await
}

pub fn routes() -> Vec<Route> {
    routes![show, revoke, revoke_form]
}
