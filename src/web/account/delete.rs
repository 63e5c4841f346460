//! Deleting the account: its sessions go with it (OWASP ASVS 7.4.2).

use rocket::{Route, post, routes, uri};
use serde::Deserialize;

use super::Account;
use crate::audit::{Decision, Event};
use crate::auth::{self, revoke::ACCOUNT_DELETED};
use crate::web::error::Error;
use crate::web::form::{Form, Submitted};
use crate::web::notice::Notice;

#[derive(Default, Deserialize)]
#[serde(default)]
struct Farewell {
    password: String,
}

#[post("/account/delete", data = "<form>")]
async fn submit(account: Account<'_>, form: Form<Farewell>) -> Result<Submitted, Error> {
    let confirmed = match account.confirm("delete-password", &form.0.password).await? {
        Ok(confirmed) => confirmed,
        Err(unproved) => return account.refuse(unproved).await,
    };
    // First the account: should the rest fail, its sessions log in to nothing.
    account.strategy.delete(&confirmed).await?;
    account.record(Event::DeleteAccount, Decision::Done);
    account.end_others(ACCOUNT_DELETED).await;
    auth::log_out(account.session);
    account.page.leave(Notice::AccountDeleted);
    Ok(Submitted::go_to(uri!(crate::web::login::show(_))))
}

pub fn routes() -> Vec<Route> {
    routes![submit]
}
