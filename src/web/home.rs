//! The front page.

use rocket::{Route, get, routes};
use rocket_dyn_templates::{Template, context};

use super::page::Page;

#[get("/")]
pub async fn show(page: Page<'_>) -> Template {
    page.render("home", context! {}).await
}

pub fn routes() -> Vec<Route> {
    routes![show]
}
