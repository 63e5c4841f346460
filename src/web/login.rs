//! Logging in: from a name and a password to a session that says who it is.
//!
//! `auth/strategy.rs` checks, `auth/login.rs` writes it into the session, `session/fairing.rs`
//! stores that before the redirect leaves.

use std::sync::Arc;

use rocket::http::uri::Origin;
use rocket::{Route, State, get, post, routes, uri};
use rocket_dyn_templates::{Template, context};
use serde::Deserialize;

use super::error::Error;
use super::form::{Checked, FieldError, Form, Submitted};
use super::next::LocalPath;
use super::page::Page;
use crate::auth::{self, Hasher, Users, Verdict};
use crate::session::Session;

#[derive(Default, Deserialize)]
#[serde(default)]
struct Credentials {
    username: String,
    password: String,
    next: String,
    remember: Checked,
}

/// The login page that leads back to `next`. Written by hand, because `uri!` would escape the slash
/// and DESIGN.md fixes `/login?next=/dashboard`.
pub fn login_with_next(next: Option<&str>) -> Origin<'static> {
    let next = next.and_then(LocalPath::parse).map(LocalPath::into_origin);
    next.and_then(|next| {
        Origin::parse_owned(format!("/login?next={}", escape(&next.to_string()))).ok()
    })
    .unwrap_or_else(|| uri!(show(_)))
}

/// A path may stand in a query as it is; what would end the value or be read as a space may not.
fn escape(path: &str) -> String {
    path.replace('%', "%25").replace('&', "%26").replace('+', "%2B").replace('#', "%23")
}

#[get("/login?<next>")]
pub async fn show(page: Page<'_>, next: Option<&str>) -> Template {
    let next = next.unwrap_or_default().to_owned();
    render(&page, &Credentials { next, ..Credentials::default() }, &[]).await
}

#[post("/login", data = "<form>")]
async fn submit(
    page: Page<'_>,
    session: &Session,
    users: &State<Arc<dyn Users>>,
    hasher: &State<Hasher>,
    form: Form<Credentials>,
) -> Result<Submitted, Error> {
    let typed = form.0;
    let errors = missing_fields(&typed);
    if !errors.is_empty() {
        return Ok(Submitted::again(render(&page, &typed, &errors).await));
    }
    match auth::verify(users.as_ref(), hasher, &typed.username, &typed.password).await? {
        Verdict::Accepted(user) => {
            auth::log_in(session, &user, typed.remember.0)?;
            let next = LocalPath::parse(&typed.next).map(LocalPath::into_origin);
            let next = next.unwrap_or_else(|| uri!(super::dashboard::show));
            Ok(Submitted::go_to(next))
        }
        Verdict::Refused => Ok(Submitted::again(render(&page, &typed, &[refused()]).await)),
    }
}

fn missing_fields(typed: &Credentials) -> Vec<FieldError> {
    let mut errors = vec![];
    if typed.username.is_empty() {
        errors.push(FieldError::new("username", "Enter your username."));
    }
    if typed.password.is_empty() {
        errors.push(FieldError::new("password", "Enter your password."));
    }
    errors
}

/// One sentence for both cases: it must not tell who has an account (OWASP ASVS 6.3.8).
fn refused() -> FieldError {
    let text = "The username or the password is wrong. Check both, then enter the password again.";
    FieldError::new("username", text)
}

async fn render(page: &Page<'_>, typed: &Credentials, errors: &[FieldError]) -> Template {
    let Credentials { username, next, remember, .. } = typed;
    page.render("login", context! { form: context! { username, next, remember, errors } }).await
}

pub fn routes() -> Vec<Route> {
    routes![show, submit]
}
