//! The front page.

use rocket::{Route, get, routes};
use rocket_dyn_templates::{Template, context};

use super::page::Page;
use crate::auth::Visitor;

#[get("/")]
pub(super) fn show(page: Page<'_>, visitor: &Visitor) -> Template {
    page.render("home", visitor, context! {})
}

pub(super) fn routes() -> Vec<Route> {
    routes![show]
}
