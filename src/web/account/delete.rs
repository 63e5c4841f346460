//! Deletes the account, and ends its sessions (OWASP ASVS 7.4.2).

use rocket::{Route, post, routes, uri};
use serde::Deserialize;

use super::Account;
use crate::audit::{AuditEvent, Outcome};
use crate::auth::{self, revoke::ACCOUNT_DELETED};
use crate::web::error::Error;
use crate::web::flash::Flash;
use crate::web::form::{Form, FormResponse};

#[derive(Default, Deserialize)]
#[serde(default)]
struct Confirmation {
    password: String,
}

#[post("/account/delete", data = "<form>")]
async fn submit(account: Account<'_>, form: Form<Confirmation>) -> Result<FormResponse, Error> {
    let token = match account.reauth.confirm("delete-password", &form.0.password).await {
        Ok(token) => token,
        Err(error) => return account.reject(error, None).await,
    };
    // The account is deleted first. If the rest fails, its sessions are anonymous.
    account.strategy.delete(&token).await?;
    account.record(AuditEvent::DeleteAccount, Outcome::Done);
    account.end_others(ACCOUNT_DELETED).await;
    auth::log_out(account.session);
    account.page.set_flash(&Flash::AccountDeleted);
    Ok(FormResponse::redirect(uri!(crate::web::login::show(_))))
}

pub(super) fn routes() -> Vec<Route> {
    routes![submit]
}
