//! Lists the sessions of an account, and ends one of them or all others (OWASP ASVS 7.5.2).

use rocket::{Route, post, routes, uri};
use rocket_express_session::Session;
use serde::Deserialize;

use super::Account;
use crate::audit::{AuditEvent, Outcome};
use crate::auth::{self, revoke::REVOKED};
use crate::db::Unavailable;
use crate::web::error::Error;
use crate::web::flash::Flash;
use crate::web::form::{Form, FormResponse};
use crate::web::session_view::SessionView;

/// The sessions of the user: the current one first, then the last seen.
pub(super) async fn list(session: &Session) -> Result<Vec<SessionView>, Unavailable> {
    Ok(session.user_sessions().list().await?.into_iter().map(SessionView::from).collect())
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Password {
    /// `None`: the form has no such field, because the password is not asked for yet.
    password: Option<String>,
}

impl Password {
    fn typed(&self) -> &str {
        self.password.as_deref().unwrap_or_default()
    }
}

#[post("/account/sessions/<handle>/revoke", data = "<form>")]
async fn revoke(
    account: Account<'_>,
    handle: &str,
    form: Form<Password>,
) -> Result<FormResponse, Error> {
    if handle == account.session.id().handle() {
        auth::log_out(account.session);
        account.record(AuditEvent::Logout, Outcome::Done);
        account.page.set_flash(&Flash::LoggedOut(Some(account.user.id.to_hex())));
        return Ok(FormResponse::redirect(uri!(crate::web::login::show(_))));
    }
    if form.0.password.is_none() && !auth::is_confirmed(account.session) {
        return Ok(FormResponse::invalid(account.render(&[], Some(handle)).await?));
    }
    match account.reauth.confirm_recent("revoke-password", form.0.typed()).await {
        Ok(true) => {}
        Ok(false) => return Ok(FormResponse::redirect(uri!(super::show))),
        Err(error) => return account.reject(error, Some(handle)).await,
    }
    let ended = account.session.user_sessions().revoke(handle, REVOKED).await?;
    account.record(AuditEvent::RevokeSessions, Outcome::of(ended));
    account.page.set_flash(&Flash::SessionsEnded(u64::from(ended)));
    Ok(FormResponse::redirect(uri!(super::show)))
}

#[post("/account/sessions/revoke-others", data = "<form>")]
async fn revoke_others(account: Account<'_>, form: Form<Password>) -> Result<FormResponse, Error> {
    match account.reauth.confirm_recent("others-password", form.0.typed()).await {
        Ok(true) => {}
        Ok(false) => return Ok(FormResponse::redirect(uri!(super::show))),
        Err(error) => return account.reject(error, None).await,
    }
    let ended = account.session.user_sessions().revoke_others(REVOKED).await?;
    account.record(AuditEvent::RevokeSessions, Outcome::Done);
    account.page.set_flash(&Flash::SessionsEnded(ended));
    Ok(FormResponse::redirect(uri!(super::show)))
}

pub(super) fn routes() -> Vec<Route> {
    routes![revoke, revoke_others]
}
