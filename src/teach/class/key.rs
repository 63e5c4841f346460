//! `/class/key`: the answers to all lessons and to the test, to print; `/class/handout`: the handout with
//! answers; and the buttons that open and close the test.

use rocket::response::Redirect;
use rocket::{Route, State, get, post, routes};
use rocket_dyn_templates::{Template, context};
use serde::Deserialize;

use super::class_page::ClassPage;
use crate::auth::Admin;
use crate::teach::lessons::listed;
use crate::teach::progress::Phase;
use crate::teach::settings::ClassSettings;
use crate::web::Form;
use crate::web::error::Error;

#[get("/key")]
async fn show(teacher: Admin<'_>, class: ClassPage<'_>) -> Result<Template, Error> {
    let own = context! {
        lessons: listed(class.texts),
        test: class.test,
        results: class.roster().await?.test_results(class.test),
    };
    Ok(class.page.render("class/key", teacher.0, own))
}

#[get("/handout")]
fn handout(teacher: Admin<'_>, class: ClassPage<'_>) -> Template {
    let own = context! { lessons: listed(class.texts), answers: true };
    class.page.render("learn/handout", teacher.0, own)
}

/// The test that the button opens; none closes it.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Button {
    open: Option<Phase>,
}

#[post("/test", data = "<form>")]
async fn open(
    _teacher: Admin<'_>,
    settings: &State<ClassSettings>,
    form: Form<Button>,
) -> Result<Redirect, Error> {
    settings.change(|settings| settings.test = form.0.open).await?;
    Ok(Redirect::to("/class#test"))
}

pub(super) fn routes() -> Vec<Route> {
    routes![show, handout, open]
}
