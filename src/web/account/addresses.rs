//! Redirects to the account page, from the addresses of its forms and from one for password managers.
//!
//! A rejected form leaves its address in the browser. Enter in the address bar then sends a GET.

use rocket::response::Redirect;
use rocket::{Route, get, routes, uri};

#[get("/account/password")]
fn password() -> Redirect {
    to_account()
}

#[get("/account/delete")]
fn delete() -> Redirect {
    to_account()
}

#[get("/account/sessions/revoke-others")]
fn revoke_others() -> Redirect {
    to_account()
}

#[get("/account/sessions/<_>/revoke")]
fn revoke() -> Redirect {
    to_account()
}

fn to_account() -> Redirect {
    Redirect::to(uri!(super::show))
}

/// The address to which password managers send their users
/// (<https://w3c.github.io/webappsec-change-password-url>).
#[get("/.well-known/change-password")]
fn change_password() -> Redirect {
    Redirect::to(uri!("/account#password"))
}

pub(super) fn routes() -> Vec<Route> {
    routes![password, delete, revoke_others, revoke, change_password]
}
