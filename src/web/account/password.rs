//! Changes the password, and ends all other sessions of the account.

use rocket::{Route, post, routes, uri};
use serde::Deserialize;

use super::Account;
use crate::audit::{AuditEvent, Outcome};
use crate::auth::{self, Password, PasswordError, revoke::PASSWORD_CHANGED};
use crate::web::error::Error;
use crate::web::flash::Flash;
use crate::web::form::{FieldError, Form, FormResponse};
use crate::web::reauth::missing;

#[derive(Default, Deserialize)]
#[serde(default)]
struct NewPassword {
    current: String,
    new: String,
}

#[post("/account/password", data = "<form>")]
async fn submit(account: Account<'_>, form: Form<NewPassword>) -> Result<FormResponse, Error> {
    let (strategy, user) = (account.strategy, account.user);
    // The new password is checked first, because a rejected one costs no hash.
    let new = match strategy.policy.accept(&form.0.new, &user.username) {
        Ok(new) => new,
        Err(error) => {
            let error = match error {
                PasswordError::Empty => "Enter a new password.".to_owned(),
                other => other.to_string(),
            };
            let missing = form.0.current.is_empty().then(|| missing("current"));
            let errors: Vec<_> =
                missing.into_iter().chain([FieldError::new("new", error)]).collect();
            return Ok(FormResponse::invalid(account.render(&errors, None).await?));
        }
    };
    let token = match account.reauth.confirm("current", &form.0.current).await {
        Ok(token) => token,
        Err(error) => return account.reject(error, None).await,
    };
    if Password::typed(&form.0.current).is_some_and(|current| current.is(&new)) {
        auth::confirm(account.session, user)?;
        let error =
            FieldError::new("new", "That is your current password. Choose a different one.");
        return Ok(FormResponse::invalid(account.render(&[error], None).await?));
    }
    let Some((user, device)) = strategy.change_password(&token, new).await? else {
        let text = "Your password was changed elsewhere a moment ago. Enter the new one as your current password.";
        let error = FieldError::new("current", text);
        return Ok(FormResponse::invalid(account.render(&[error], None).await?));
    };
    account.record(AuditEvent::ChangePassword, Outcome::Done);
    // All sessions from before the change are anonymous now (OWASP ASVS 7.4.3). So this session first gets a
    // new ID. If that fails, the user has to log in again.
    let renewed = account.reauth.renew(&user).await;
    if let Err(error) = renewed {
        tracing::error!(
            "the session ID could not be renewed after a change of the password: {error}"
        );
    }
    let ended = account.end_others(PASSWORD_CHANGED).await;
    account.devices.set(device);
    account.page.set_flash(&Flash::PasswordChanged(ended));
    Ok(FormResponse::redirect(uri!(super::show)))
}

pub(super) fn routes() -> Vec<Route> {
    routes![submit]
}
