//! The account page: lists the sessions, changes the password and deletes the account.
//!
//! Each form has a file of its own: `sessions` ends sessions, `password` changes the password, and `delete`
//! deletes the account. Most forms ask for the current password (`web/reauth.rs`).
//! `addresses` redirects other addresses to the page.

mod addresses;
mod delete;
mod password;
mod sessions;

use rocket::http::Status;
use rocket::outcome::try_outcome;
use rocket::request::{FromRequest, Outcome};
use rocket::{Request, Route, get, routes};
use rocket_dyn_templates::{Template, context};
use rocket_express_session::{MAX_LISTED, RevokeReason, Session};

use super::cookies::DeviceCookies;
use super::error::Error;
use super::form::{FieldError, FormResponse};
use super::heavy::HeavyPages;
use super::page::Page;
use super::reauth::{ConfirmError, Reauth};
use crate::audit::{self, Actor, AuditEvent};
use crate::auth::queue::Slot;
use crate::auth::{self, AuthError, LocalStrategy, User};
use crate::proxy::client_address;

/// The user who is logged in, and the values that the forms of this page need.
struct Account<'r> {
    page: Page<'r>,
    devices: DeviceCookies<'r>,
    session: &'r Session,
    user: &'r User,
    strategy: &'r LocalStrategy,
    reauth: Reauth<'r>,
    /// The slots of [`HeavyPages`], held while the handler runs.
    _slots: Vec<Slot>,
}

#[get("/account")]
async fn show(account: Account<'_>) -> Result<Template, Error> {
    account.render(&[], None).await
}

impl Account<'_> {
    /// Ends all other sessions, after the password was changed or the account deleted. `None` if that fails.
    /// The other sessions are anonymous already, so no change is undone.
    async fn end_others(&self, why: RevokeReason) -> Option<u64> {
        let ended = self.session.user_sessions().revoke_others(why).await;
        ended.inspect_err(|error| tracing::error!("sessions could not be ended: {error}")).ok()
    }

    fn record(&self, event: AuditEvent, outcome: audit::Outcome) {
        audit::record(event, outcome, Actor::Name(&self.user.username));
    }

    /// Shows the page again, because the password was not confirmed. `asked` is the handle of the session
    /// that the form was to end.
    async fn reject(
        &self,
        error: ConfirmError,
        asked: Option<&str>,
    ) -> Result<FormResponse, Error> {
        let (wait, error) = error.for_form()?;
        Ok(FormResponse::rejected(wait, self.render(&[error], asked).await?))
    }

    async fn render(&self, errors: &[FieldError], asked: Option<&str>) -> Result<Template, Error> {
        let sessions = sessions::list(self.session).await?;
        let asked = asked.map(|handle| {
            context! { handle, session: sessions.iter().find(|one| one.handle == handle) }
        });
        let own = context! {
            asked,
            sessions: &sessions,
            others: sessions.iter().filter(|one| !one.is_this).count(),
            is_confirmed: auth::is_confirmed(self.session),
            most: MAX_LISTED,
            form: context! { errors },
            rules: context! {
                password_min: self.strategy.policy.min_length,
                password_max: auth::PASSWORD_MAX,
            },
        };
        Ok(self.page.render("account", self.user, own))
    }
}

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Account<'r> {
    type Error = AuthError;

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, AuthError> {
        let unavailable = || Outcome::Error((Status::ServiceUnavailable, AuthError::Unavailable));
        let Some(heavy) = request.rocket().state::<HeavyPages>() else {
            return unavailable();
        };
        let busy = |error| {
            tracing::warn!("a request for the account page was rejected: {error}");
            unavailable()
        };
        // The limit of the session comes first, because it needs no database command.
        let of_browser = match heavy.enter(request).await {
            Ok(slot) => slot,
            Err(error) => return busy(error),
        };
        let user = try_outcome!(request.guard::<&User>().await);
        let of_account = match heavy.enter_as(&user.id.to_hex(), client_address(request)).await {
            Ok(slots) => slots,
            Err(error) => return busy(error),
        };
        let _slots = of_browser.into_iter().chain(of_account).collect();
        let reauth = try_outcome!(request.guard::<Reauth<'_>>().await);
        let Reauth { session, strategy, .. } = reauth;
        let (page, devices) = (Page::of(request), DeviceCookies::of(request));
        Outcome::Success(Account { page, devices, session, user, strategy, reauth, _slots })
    }
}

pub(super) fn routes() -> Vec<Route> {
    [routes![show], sessions::routes(), password::routes(), delete::routes(), addresses::routes()]
        .concat()
}
