//! The page for logging out. It has a button, because a GET must not change anything.

use rocket::response::Redirect;
use rocket::{Route, get, post, routes, uri};
use rocket_dyn_templates::{Template, context};
use rocket_express_session::Session;

use super::flash::Flash;
use super::form::NoFields;
use super::page::Page;
use crate::audit::{self, Actor, AuditEvent, Outcome};
use crate::auth::{self, UserId, Visitor};

#[get("/logout")]
fn show(page: Page<'_>, visitor: &Visitor) -> Template {
    page.render("logout", visitor, context! {})
}

#[post("/logout", data = "<_form>")]
fn submit(page: Page<'_>, session: &Session, _form: NoFields) -> Redirect {
    let user = auth::user_id(session).map(UserId::to_hex);
    if let Some(id) = &user {
        audit::record(AuditEvent::Logout, Outcome::Done, Actor::Id(id));
    }
    auth::log_out(session);
    page.set_flash(&Flash::LoggedOut(user));
    Redirect::to(uri!(super::login::show(_)))
}

pub(super) fn routes() -> Vec<Route> {
    routes![show, submit]
}
