//! A page for admins: what a guard is good for.

use rocket::{Route, get, routes};
use rocket_dyn_templates::{Template, context};

use super::page::Page;
use crate::auth::Admin;

#[get("/admin")]
async fn show(page: Page<'_>, _admin: Admin<'_>) -> Template {
    page.render("admin", context! {}).await
}

pub fn routes() -> Vec<Route> {
    routes![show]
}
