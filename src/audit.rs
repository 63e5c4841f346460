//! The audit log: one line for each action, with the user, the address and the outcome, and without secrets.
//!
//! The audit line (`audit:`) and the request line (`request:`) of a request have the same ID. The response
//! has it as well, and an error page shows it. OWASP ASVS 16.2.1 and 16.3.1 say what an audit line must
//! contain. `logging.rs` filters the lines by level, and `logging/line.rs` formats them.

use rocket::Request;
use rocket_express_session::Secrets;
use tracing::field::display;

use crate::auth::{Visitor, key_of};
use crate::in_flight;
use crate::meters;

/// An action, or an attempt at one.
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "each is what its name says")]
pub enum AuditEvent {
    Register,
    Login,
    Logout,
    ChangePassword,
    ConfirmPassword,
    /// An admin gave an account a new password, because its owner had forgotten the old one.
    ResetPassword,
    RevokeSessions,
    DeleteAccount,
    /// A request that a page of another site made the browser send.
    CrossSiteRequest,
    /// A request that this user is not allowed to make (ASVS 16.3.2).
    AccessDenied,
    Grant,
    Revoke,
    Unlock,
    /// All counters of attempts were reset.
    UnlockAll,
    ResetClass,
    /// Accounts were created for the seats of a class.
    SeedClass,
    /// A migration was applied to the database.
    Migrate,
}

/// The outcome of an action.
#[derive(Clone, Copy, Debug)]
pub enum Outcome {
    /// The action was done.
    Done,
    /// The action was rejected, or it failed.
    Refused,
    /// The attempt was rejected unchecked, because there were too many before.
    Throttled,
}

impl Outcome {
    /// `Done` for an action that was done, and `Refused` for one that was not.
    pub fn of(is_done: bool) -> Self {
        if is_done { Self::Done } else { Self::Refused }
    }

    /// The outcome, as metrics call it.
    fn label(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Refused => "refused",
            Self::Throttled => "throttled",
        }
    }
}

/// The user behind an action, or the account that a command changed.
#[derive(Clone, Copy, Debug)]
pub enum Actor<'a> {
    /// The name of an existing account.
    Name(&'a str),
    /// The [`pseudonym`] of a typed name. The typed text can be a password in the wrong field.
    Typed(&'a str),
    /// The account ID that the session contains.
    Id(&'a str),
    /// The name of an admin, and the name of the account that the admin changed.
    Admin(&'a str, &'a str),
    /// The user is unknown.
    Unknown,
}

/// Writes the audit line of this task's request, or of a command in the terminal.
///
/// Each kind of actor has fields of its own: a user could choose a name that looks like a pseudonym.
pub fn record(event: AuditEvent, outcome: Outcome, actor: Actor<'_>) {
    let (user, to) = match actor {
        Actor::Name(name) => (Some(name), None),
        Actor::Admin(admin, name) => (Some(admin), Some(name)),
        _ => (None, None),
    };
    let user_id = if let Actor::Id(id) = actor { Some(id) } else { None };
    let pseudonym =
        if let Actor::Typed(pseudonym) = actor { Some(display(pseudonym)) } else { None };
    let address = in_flight::audited_address();
    if matches!(event, AuditEvent::Login) {
        meters::tried_login(outcome.label());
    }
    tracing::info!(target: "audit", ?event, ?outcome, user, to, user_id, pseudonym, %address);
}

/// The most characters of a header's value in the log. A host name and a scheme need fewer.
const LONGEST_VALUE: usize = 300;

/// Writes the audit line of a migration that was applied.
pub fn record_migration(migration: &str) {
    let (event, outcome) = (AuditEvent::Migrate, Outcome::Done);
    let address = in_flight::audited_address();
    tracing::info!(target: "audit", ?event, ?outcome, %migration, %address);
}

/// Writes the audit line of a rejected cross-site request, with the headers that decided it.
pub fn record_cross_site(request: &Request<'_>) {
    let said = |name| said(request, name);
    let (origin, host, sec_fetch_site) = (said("origin"), said("host"), said("sec-fetch-site"));
    let (event, outcome) = (AuditEvent::CrossSiteRequest, Outcome::Refused);
    let address = in_flight::audited_address();
    tracing::info!(target: "audit", ?event, ?outcome, %address, origin, host, sec_fetch_site);
}

/// The values of a header. `None`: the request does not have it.
fn said(request: &Request<'_>, name: &str) -> Option<String> {
    let values: Vec<&str> = request.headers().get(name).collect();
    let text = || values.join(", ").chars().take(LONGEST_VALUE).collect();
    (!values.is_empty()).then(text)
}

/// The number of characters in a pseudonym: enough to distinguish names.
const PSEUDONYM: usize = 12;

/// A pseudonym for the log, such as `~dR3fZ0tq-1xA`, instead of a typed name that no account has.
///
/// All spellings of a name have one pseudonym, until the secret changes. The pseudonym is a keyed hash. A
/// reader of the log without the secret cannot search for a text.
pub fn pseudonym(secrets: &Secrets, typed: &str) -> String {
    let signature = secrets.sign_for("cloakroom log", &key_of(typed));
    format!("~{}", signature.chars().take(PSEUDONYM).collect::<String>())
}

/// Writes the audit line of a request that ends with a 403, unless the request has one already.
///
/// Any guard or route may have decided on the 403. If a guard has decided, it has looked up the user. Then
/// this costs no database command.
pub async fn record_denial(request: &Request<'_>) {
    if in_flight::is_audited() {
        return;
    }
    let actor = match Visitor::of(request).await {
        Visitor::LoggedIn(user) => Actor::Name(&user.username),
        Visitor::Anonymous | Visitor::Unknown(_) => Actor::Unknown,
    };
    record(AuditEvent::AccessDenied, Outcome::Refused, actor);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pseudonym_is_one_for_all_spellings_of_a_name_and_tells_nothing_without_the_secret() {
        let secrets = |text: &str| Secrets::new(vec![text.to_owned()]).unwrap();
        let of = |typed: &str| pseudonym(&secrets("one"), typed);
        assert_eq!((of("Hunter2"), of("hunter2").chars().count()), (of("\u{ff28}unter2"), 13));
        assert_ne!(of("hunter2"), of("hunter3"));
        assert_ne!(of("not a name"), of("Not a name"));
        assert_ne!(of("hunter2"), pseudonym(&secrets("two"), "hunter2"));
        assert!(!of("hunter2").contains("hunter"));
    }
}
