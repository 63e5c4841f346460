//! Logs a user in and out: passport's `req.logIn` and `req.logOut`.
//!
//! A login always gives a new session ID (OWASP ASVS 7.2.4): only [`RegeneratedSession`] takes a login, and
//! only a session with a new ID has that type. The sessions' fairing stores it when the handler has returned.

use std::time::Duration;

use rocket_express_session::{LOGIN_KEY, RegeneratedSession, Session, SetError, Timestamp};

use super::users::{User, UserId};
use crate::trace::{self, Step};

/// The session key of [`User::password_version`]; absent under the first password, so that a session
/// looks as the Express tutorial makes it.
const PASSWORD_VERSION: &str = "passwordVersion";

/// The session key of the moment at which the user gave the password again.
const CONFIRMED_AT: &str = "confirmedAt";

/// How long a given password counts for what else is asked for with it.
const CONFIRMED_FOR: Duration = Duration::from_secs(5 * 60);

/// Makes this session `user`'s. Nothing from before is carried over.
///
/// Not `remember`ed, the cookie ends when the browser is closed.
///
/// # Errors
/// [`SetError`], which a hex text gives no reason for.
pub fn log_in(session: &Session, user: &User, remember: bool) -> Result<(), SetError> {
    begin(session, session.regenerate(), user, remember)
}

/// A new id for a user who has just given the password of the account, which may be a new one. All
/// else in the session is kept.
///
/// # Errors
/// [`SetError`], which a hex text gives no reason for.
pub fn confirm(session: &Session, user: &User) -> Result<(), SetError> {
    let remember = session.max_age().is_some();
    begin(session, session.cycle_id(), user, remember)?;
    session.set(CONFIRMED_AT, &Timestamp::now().as_millis())
}

/// Whether the user has given the password again in this session, at most five minutes ago. The
/// login itself does not count: a browser left open says nothing of the person in front of it.
pub fn is_confirmed(session: &Session) -> bool {
    let at = session.get(CONFIRMED_AT).map(Timestamp::from_millis);
    let age = at.map(|at| Timestamp::now().since(at));
    age.is_some_and(|age| {
        u64::try_from(age).is_ok_and(|age| Duration::from_millis(age) <= CONFIRMED_FOR)
    })
}

fn begin(
    session: &Session,
    fresh: RegeneratedSession<'_>,
    user: &User,
    remember: bool,
) -> Result<(), SetError> {
    if !remember {
        fresh.end_with_browser();
    }
    fresh.log_in(&user.id.to_hex())?;
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

/// Removes the login from a session whose user is gone, or has a newer password.
pub(super) fn forget(session: &Session) {
    session.remove(LOGIN_KEY);
    session.remove(PASSWORD_VERSION);
    session.remove(CONFIRMED_AT);
}

/// Under which of the user's passwords the session was made.
pub(super) fn password_version(session: &Session) -> i64 {
    session.get(PASSWORD_VERSION).unwrap_or(0)
}

/// The id that the session holds, as passport reads it: anything but 24 hex digits is anonymous.
pub fn user_id(session: &Session) -> Option<UserId> {
    UserId::from_hex(&session.login::<String>()?)
}
