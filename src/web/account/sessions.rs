//! The sessions of an account: which there are, and ending one or all others (OWASP ASVS 7.5.2).

use rocket::{Route, post, routes, uri};
use rocket_express_session::Session;
use serde::Deserialize;

use super::Account;
use crate::audit::{Decision, Event};
use crate::auth::{self, revoke::REVOKED};
use crate::db::Unavailable;
use crate::web::error::Error;
use crate::web::form::{Form, Submitted};
use crate::web::logins::LoginView;
use crate::web::notice::Notice;

/// This one first, then the last seen.
pub async fn list(session: &Session) -> Result<Vec<LoginView>, Unavailable> {
    Ok(session.user_sessions().list().await?.into_iter().map(LoginView::from).collect())
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Password {
    password: String,
}

#[post("/account/sessions/<handle>/revoke", data = "<form>")]
async fn revoke(
    account: Account<'_>,
    handle: &str,
    form: Form<Password>,
) -> Result<Submitted, Error> {
    if handle == account.session.id().handle() {
        auth::log_out(account.session);
        account.record(Event::Logout, Decision::Done);
        account.page.leave(Notice::SignedOut);
        return Ok(Submitted::go_to(uri!(crate::web::login::show(_))));
    }
    if form.0.password.is_empty() && !auth::is_confirmed(account.session) {
        return Ok(Submitted::again(account.render(&[], Some(handle)).await?));
    }
    if let Err(unproved) = account.confirm_lately("revoke-password", &form.0.password).await? {
        return account.refuse_for(unproved, Some(handle)).await;
    }
    if !account.renew(&form.0.password, account.user).await? {
        return Ok(Submitted::go_to(uri!(super::show)));
    }
    let ended = account.session.user_sessions().revoke(handle, REVOKED).await?;
    account.record(Event::RevokeSessions, if ended { Decision::Done } else { Decision::Refused });
    account.page.leave(Notice::SessionsEnded(u64::from(ended)));
    Ok(Submitted::go_to(uri!(super::show)))
}

#[post("/account/sessions/revoke-others", data = "<form>")]
async fn revoke_others(account: Account<'_>, form: Form<Password>) -> Result<Submitted, Error> {
    if let Err(unproved) = account.confirm_lately("others-password", &form.0.password).await? {
        return account.refuse(unproved).await;
    }
    if !account.renew(&form.0.password, account.user).await? {
        return Ok(Submitted::go_to(uri!(super::show)));
    }
    let ended = account.session.user_sessions().revoke_others(REVOKED).await?;
    account.record(Event::RevokeSessions, Decision::Done);
    account.page.leave(Notice::SessionsEnded(ended));
    Ok(Submitted::go_to(uri!(super::show)))
}

pub fn routes() -> Vec<Route> {
    routes![revoke, revoke_others]
}
