//! Putting something into the session: an item on the hook, one more on the counter.

use rocket::response::Redirect;
use rocket::{Route, get, post, routes, uri};
use rocket_express_session::{Session, SetError};
use serde::Deserialize;

use super::dashboard::{self, ITEMS, VIEWS};
use super::error::Error;
use super::form::{FieldError, Form, NoFields, Submitted};
use super::notice::Notice;
use super::page::Page;
use crate::auth::User;

/// Items on one hook. A session is bigger than a cookie, but it is no warehouse.
const MOST_ITEMS: usize = 20;

/// Characters of one item.
const MOST_CHARACTERS: usize = 100;

#[derive(Default, Deserialize)]
#[serde(default)]
struct Item {
    item: String,
}

#[post("/coat", data = "<form>")]
async fn hang(
    page: Page<'_>,
    session: &Session,
    _user: &User,
    form: Form<Item>,
) -> Result<Submitted, Error> {
    let item = form.0.item.trim();
    let items: Vec<String> = session.get(ITEMS).unwrap_or_default();
    if let Some(text) = refusal(item, items.len()) {
        let errors = [FieldError::new("item", text)];
        return Ok(Submitted::again(dashboard::render(&page, session, item, &errors).await));
    }
    // Counted once more when it is stored: others may be hanging something up at the same time.
    session.push(ITEMS, item, MOST_ITEMS)?;
    Ok(Submitted::go_to(uri!(dashboard::show)))
}

fn refusal(item: &str, hanging: usize) -> Option<String> {
    if item.is_empty() {
        Some("Enter what you want to hang up.".to_owned())
    } else if item.chars().count() > MOST_CHARACTERS {
        Some(format!("The item is too long: it may have at most {MOST_CHARACTERS} characters."))
    } else if hanging >= MOST_ITEMS {
        Some(format!("The hook is full: it holds {MOST_ITEMS} items. Log out to get an empty one."))
    } else {
        None
    }
}

#[post("/coat/count", data = "<_form>")]
fn count(
    page: Page<'_>,
    session: &Session,
    _user: &User,
    _form: NoFields,
) -> Result<Redirect, Error> {
    match session.increment(VIEWS) {
        // Another app may have stored what is no number. It is not ours to overwrite.
        Err(SetError::NotANumber(_)) => page.leave(Notice::NotCounted),
        counted => counted?,
    }
    Ok(Redirect::to(uri!(dashboard::show)))
}

/// The form stands on the dashboard. A refused form leaves its address in the browser.
#[get("/coat")]
fn hang_form() -> Redirect {
    Redirect::to(uri!(dashboard::show))
}

/// As [`hang_form`].
#[get("/coat/count")]
fn count_form() -> Redirect {
    Redirect::to(uri!(dashboard::show))
}

pub fn routes() -> Vec<Route> {
    routes![hang, count, hang_form, count_form]
}
