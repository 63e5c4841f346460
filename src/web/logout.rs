//! The page for logging out. It has a button, because a GET must not change anything.

use std::time::Duration;

use rocket::response::Redirect;
use rocket::{Request, Route, get, post, routes, uri};
use rocket_dyn_templates::{Template, context};
use rocket_express_session::Session;

use super::account::sessions::count_others;
use super::flash::Flash;
use super::form::NoFields;
use super::heavy::HeavyPages;
use super::page::Page;
use crate::audit::{self, Actor, AuditEvent, Outcome};
use crate::auth::{self, Visitor};
use crate::proxy::client_address;
use crate::trace::in_flight::within;

/// The longest wait for the number of other sessions. A logout must not fail because of it.
const COUNT: Duration = Duration::from_millis(500);

#[get("/logout")]
fn show(page: Page<'_>, visitor: &Visitor) -> Template {
    page.render("logout", visitor, context! {})
}

#[post("/logout", data = "<_form>")]
async fn submit(page: Page<'_>, session: &Session, _form: NoFields) -> Redirect {
    let mut others = None;
    if let Some(id) = auth::user_id(session) {
        let id = id.to_hex();
        audit::record(AuditEvent::Logout, Outcome::Done, Actor::Id(&id));
        others = within(COUNT, others_of(page.request(), session, &id)).await.flatten();
    }
    auth::log_out(session);
    page.set_flash(&Flash::LoggedOut(others));
    Redirect::to(uri!(super::login::show(_)))
}

/// The number of the user's other sessions. `None`: the database is busy or does not answer.
async fn others_of(request: &Request<'_>, session: &Session, user: &str) -> Option<u64> {
    let heavy: &HeavyPages = request.rocket().state()?;
    let _of_browser = heavy.enter(request).await.ok()?;
    let _of_account = heavy.enter_as(user, client_address(request)).await.ok()?;
    let others = count_others(session).await;
    others.inspect_err(|error| log::warn!("other sessions could not be counted: {error}")).ok()
}

pub(super) fn routes() -> Vec<Route> {
    routes![show, submit]
}
