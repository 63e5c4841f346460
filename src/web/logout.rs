//! Logging out: a page with a button, because a GET must not change anything.

use rocket::response::Redirect;
use rocket::{Route, get, post, routes, uri};
use rocket_dyn_templates::{Template, context};
use rocket_express_session::Session;

use super::client::Client;
use super::form::NoFields;
use super::notice::Notice;
use super::page::Page;
use crate::audit::{Decision, Event, Whom};
use crate::auth;

#[get("/logout")]
async fn show(page: Page<'_>) -> Template {
    page.render("logout", context! {}).await
}

#[post("/logout", data = "<_form>")]
fn submit(page: Page<'_>, client: Client<'_>, session: &Session, _form: NoFields) -> Redirect {
    if let Some(id) = auth::user_id(session) {
        client.record(Event::Logout, Decision::Done, Whom::Id(&id.to_hex()));
    }
    auth::log_out(session);
    page.leave(Notice::SignedOut);
    Redirect::to(uri!(super::login::show(_)))
}

pub fn routes() -> Vec<Route> {
    routes![show, submit]
}
