//! Logs a user in and out: passport's `req.logIn` and `req.logOut`.
//!
//! A login always gives a new session ID (OWASP ASVS 7.2.4). Only a [`RegeneratedSession`] can log a user in,
//! and only a session with a new ID has that type. It is stored when the handler has returned.

use std::time::Duration;

use rocket_express_session::{RegeneratedSession, Session, SetError, Timestamp};

use super::guard::{CONFIRMED_AT, PASSWORD_VERSION};
use super::users::User;
use crate::trace::{self, Step};

/// How long a confirmed password is not asked for again.
const CONFIRMED_FOR: Duration = Duration::from_secs(5 * 60);

/// Logs `user` in. The session gets a new ID and loses all its values.
///
/// With `remember`, the login lasts so long without being used, also when the browser is closed. Without, the
/// browser deletes the cookie when it is closed.
///
/// # Errors
/// [`SetError`], which a hex text gives no reason for.
pub fn log_in(session: &Session, user: &User, remember: Option<Duration>) -> Result<(), SetError> {
    log_in_to(session, &session.regenerate(), user, remember)
}

/// Gives the session a new ID after the user has confirmed or changed the password. The session's values are
/// kept, and so is the maximum age of its cookie.
///
/// # Errors
/// [`SetError`], which a hex text gives no reason for.
pub fn confirm(session: &Session, user: &User) -> Result<(), SetError> {
    let remember = session.max_age();
    log_in_to(session, &session.cycle_id(), user, remember)?;
    session.set(CONFIRMED_AT, &Timestamp::now().as_millis())
}

/// Whether the user has confirmed the password in this session, at most five minutes ago. The login itself
/// does not count, because another person may be using the browser since.
pub fn is_confirmed(session: &Session) -> bool {
    let confirmed = session.get(CONFIRMED_AT).map(Timestamp::from_millis);
    let age = confirmed.and_then(|time| u64::try_from(Timestamp::now().since(time)).ok());
    age.is_some_and(|age| Duration::from_millis(age) <= CONFIRMED_FOR)
}

fn log_in_to(
    session: &Session,
    regenerated: &RegeneratedSession<'_>,
    user: &User,
    remember: Option<Duration>,
) -> Result<(), SetError> {
    match remember {
        Some(_) => session.set_max_age(remember),
        None => regenerated.end_with_browser(),
    }
    regenerated.log_in(&user.id.to_hex())?;
    trace::note(|| Step::Login { user: user.id.to_hex() });
    if user.password_version == 0 {
        return Ok(());
    }
    session.set(PASSWORD_VERSION, &user.password_version)
}

/// Ends the session, on the server and in the browser.
pub fn log_out(session: &Session) {
    session.destroy();
}
