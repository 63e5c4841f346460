//! Changing the password, which ends every other session of the account.

use rocket::{Route, post, routes, uri};
use serde::Deserialize;

use super::Account;
use crate::audit::{Decision, Event};
use crate::auth::{self, Password, revoke::PASSWORD_CHANGED};
use crate::web::error::Error;
use crate::web::form::{FieldError, Form, Submitted};
use crate::web::notice::Notice;

#[derive(Default, Deserialize)]
#[serde(default)]
struct NewPassword {
    current: String,
    new: String,
}

#[post("/account/password", data = "<form>")]
async fn submit(account: Account<'_>, form: Form<NewPassword>) -> Result<Submitted, Error> {
    let (strategy, user) = (account.strategy, account.user);
    // Before the current one is checked: what would be refused anyhow costs no hash.
    let new = match strategy.policy.accept(&form.0.new, &user.username) {
        Ok(new) => new,
        Err(error) => {
            let missing = form.0.current.is_empty().then(|| super::missing("current"));
            let errors: Vec<_> =
                missing.into_iter().chain([FieldError::new("new", error)]).collect();
            return Ok(Submitted::again(account.render(&errors, None).await?));
        }
    };
    let confirmed = match account.confirm("current", &form.0.current).await? {
        Ok(confirmed) => confirmed,
        Err(unproved) => return account.refuse(unproved).await,
    };
    if Password::typed(&form.0.current).is_some_and(|current| current.is(&new)) {
        auth::confirm(account.session, user)?;
        let error = FieldError::new("new", "That is your current password. Choose another one.");
        return Ok(Submitted::again(account.render(&[error], None).await?));
    }
    let Some((user, device)) = strategy.change_password(&confirmed, new).await? else {
        let text = "The password was changed elsewhere a moment ago. Enter the one it is now.";
        let error = FieldError::new("current", text);
        return Ok(Submitted::again(account.render(&[error], None).await?));
    };
    account.record(Event::ChangePassword, Decision::Done);
    // The old password, and each cookie that was got with it, are worth nothing now (OWASP ASVS 7.4.3).
    // First a new ID for this one. If that fails, the session was made under the old password, and
    // the user has to log in.
    let renewed = account.renew(&form.0.current, &user).await;
    if let Err(error) = renewed {
        log::error!("the session could not be renewed: {error}");
    }
    let ended = account.end_others(PASSWORD_CHANGED).await;
    account.client.remember_device(device);
    account.page.leave(Notice::PasswordChanged(ended));
    Ok(Submitted::go_to(uri!(super::show)))
}

pub fn routes() -> Vec<Route> {
    routes![submit]
}
