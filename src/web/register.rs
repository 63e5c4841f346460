//! Making an account.

use std::sync::Arc;

use rocket::{Route, State, get, post, routes, uri};
use rocket_dyn_templates::{Template, context};
use serde::Deserialize;

use super::error::Error;
use super::form::{FieldError, Form, Submitted};
use super::notice::Notice;
use super::page::Page;
use crate::auth::{self, Hasher, Password, Username, Users};

#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Registration {
    username: String,
    password: String,
}

#[get("/register")]
async fn show(page: Page<'_>) -> Template {
    render(&page, "", &[]).await
}

#[post("/register", data = "<form>")]
async fn submit(
    page: Page<'_>,
    users: &State<Arc<dyn Users>>,
    hasher: &State<Hasher>,
    form: Form<Registration>,
) -> Result<Submitted, Error> {
    let typed = form.0;
    let errors = match (Username::choose(&typed.username), Password::new(&typed.password)) {
        (Ok(username), Ok(password)) => {
            if register(users.as_ref(), hasher, &username, password).await? {
                page.leave(Notice::Registered);
                return Ok(Submitted::go_to(uri!(super::login::show(_))));
            }
            vec![taken(&username)]
        }
        (username, password) => {
            let username = username.err().map(|error| FieldError::new("username", error));
            let password = password.err().map(|error| FieldError::new("password", error));
            username.into_iter().chain(password).collect()
        }
    };
    Ok(Submitted::again(render(&page, &typed.username, &errors).await))
}

/// False when the name is taken.
async fn register(
    users: &dyn Users,
    hasher: &Hasher,
    username: &Username,
    password: Password,
) -> Result<bool, Error> {
    // Looked up first to spare the hash; the unique index decides all the same.
    if users.find_account(username).await?.is_some() {
        return Ok(false);
    }
    let hash = hasher.hash(password).await?;
    Ok(users.insert(username, &hash).await?.is_some())
}

fn taken(username: &Username) -> FieldError {
    let text = format!("The username {} is taken. Choose another one.", username.as_shown());
    FieldError::new("username", text)
}

async fn render(page: &Page<'_>, username: &str, errors: &[FieldError]) -> Template {
    let own = context! {
        form: context! { username, errors },
        rules: context! {
            username_min: auth::USERNAME_MIN,
            username_max: auth::USERNAME_MAX,
            password_min: auth::PASSWORD_MIN,
        },
    };
    page.render("register", own).await
}

pub fn routes() -> Vec<Route> {
    routes![show, submit]
}
