//! Changes values in the session: adds and removes items of a list, and counts visits.

use rocket::http::uri::Reference;
use rocket::response::Redirect;
use rocket::{Route, get, post, routes, uri};
use rocket_express_session::{Session, SetError};
use serde::Deserialize;

use super::dashboard::{self, ITEMS, Typed, VIEWS};
use super::error::Error;
use super::flash::Flash;
use super::form::{Button, FieldError, Form, FormResponse};
use super::next::LocalPath;
use super::page::Page;
use crate::auth::User;

/// The most items in one session. A session may be larger than a cookie, but its size needs a limit.
const MAX_ITEMS: usize = 20;

/// The most characters of one item.
const MAX_CHARACTERS: usize = 100;

#[derive(Default, Deserialize)]
#[serde(default)]
struct ItemForm {
    item: String,
    user: String,
    /// The page that follows an added item. Empty: the dashboard. A lesson has the same form.
    next: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Visit {
    user: String,
}

/// Where to redirect if a form is from a page of another user, who was logged in when the page was made. The
/// hidden field `user` has that user's ID; a program may leave it out.
fn redirect_other_user(
    page: &Page<'_>,
    user: &User,
    id: &str,
    next: &str,
) -> Option<Reference<'static>> {
    let is_other = !id.is_empty() && id != user.id.to_hex();
    is_other.then(|| {
        page.set_flash(&Flash::OtherUser);
        onward(next)
    })
}

#[post("/coat", data = "<form>")]
fn add(
    page: Page<'_>,
    session: &Session,
    user: &User,
    form: Form<ItemForm>,
) -> Result<FormResponse, Error> {
    let ItemForm { item, user: id, next } = &form.0;
    if let Some(back) = redirect_other_user(&page, user, id, next) {
        return Ok(FormResponse::redirect(back));
    }
    let item = item.trim();
    let items: Vec<String> = session.get(ITEMS).unwrap_or_default();
    if let Some(text) = find_error(item, items.len()) {
        let typed = Typed { item, next, errors: &[FieldError::new("item", text)] };
        return Ok(FormResponse::invalid(dashboard::render(&page, session, user, typed)));
    }
    // The save checks the limit again, because concurrent requests may add items.
    session.push(ITEMS, item, MAX_ITEMS)?;
    page.set_flash(&Flash::ItemAdded);
    Ok(FormResponse::redirect(onward(next)))
}

/// Removes the first equal item.
#[post("/coat/take", data = "<form>")]
fn take(
    page: Page<'_>,
    session: &Session,
    user: &User,
    form: Form<ItemForm>,
) -> Result<Redirect, Error> {
    if let Some(back) = redirect_other_user(&page, user, &form.0.user, "") {
        return Ok(Redirect::to(back));
    }
    let items: Vec<String> = session.get(ITEMS).unwrap_or_default();
    // Browsers send a line break as two characters. Another app may have stored such an item.
    let typed = form.0.item.replace("\r\n", "\n");
    let found = items.iter().find(|item| item.replace("\r\n", "\n") == typed);
    if let Some(item) = found {
        session.pull(ITEMS, item)?;
    }
    page.set_flash(if found.is_some() { &Flash::ItemTaken } else { &Flash::ItemMissing });
    Ok(Redirect::to(onward("")))
}

fn find_error(item: &str, count: usize) -> Option<String> {
    if item.is_empty() {
        Some("Enter an item.".to_owned())
    } else if item.chars().count() > MAX_CHARACTERS {
        Some(format!("That item is too long. Use at most {MAX_CHARACTERS} characters."))
    } else if count >= MAX_ITEMS {
        Some(format!("Your coat is full ({MAX_ITEMS} items). Take something down first."))
    } else {
        None
    }
}

#[post("/coat/count", data = "<form>")]
fn count(
    page: Page<'_>,
    session: &Session,
    user: &User,
    form: Button<Visit>,
) -> Result<Redirect, Error> {
    if let Some(back) = redirect_other_user(&page, user, &form.0.user, "") {
        return Ok(Redirect::to(back));
    }
    match session.increment(VIEWS) {
        // Another app has stored a value that is not a number. This app does not overwrite it.
        Err(SetError::NotANumber(_)) => page.set_flash(&Flash::NotCounted),
        counted => {
            counted?;
            page.set_flash(&Flash::Counted);
        }
    }
    Ok(Redirect::to(onward("")))
}

/// The page after the form: `next`, or the section of the dashboard that shows the session.
fn onward(next: &str) -> Reference<'static> {
    LocalPath::parse(next).map_or_else(|| uri!("/dashboard#coat"), LocalPath::into_reference)
}

/// Redirects to the dashboard, which has the form. A rejected form leaves this address in the browser.
#[get("/coat")]
fn add_form() -> Redirect {
    Redirect::to(uri!(dashboard::show))
}

/// Redirects to the dashboard, like [`add_form`].
#[get("/coat/take")]
fn take_form() -> Redirect {
    Redirect::to(uri!(dashboard::show))
}

/// Redirects to the dashboard, like [`add_form`].
#[get("/coat/count")]
fn count_form() -> Redirect {
    Redirect::to(uri!(dashboard::show))
}

pub(super) fn routes() -> Vec<Route> {
    routes![add, take, count, add_form, take_form, count_form]
}
