//! Who did what, from where, and what came of it: one line for each, without a secret in it.
//!
//! The line of an event (`audit:`) and the line of its request (`request:`) have the same id, which
//! an error page shows as well. What they say is ASVS 16.2.1 and 16.3.1; how a line is written, and
//! at which level, is for `logging.rs`.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rocket::Request;
use rocket::fairing::AdHoc;
use rocket::http::{Method, Status};
use rocket::request::Outcome;
use rocket_express_session::Secrets;

use crate::auth::{Visitor, key_of};
use crate::proxy::client_address;

/// An action, or an attempt at one.
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "each is what its name says")]
pub enum Event {
    Register,
    Login,
    Logout,
    ChangePassword,
    ConfirmPassword,
    RevokeSessions,
    DeleteAccount,
    /// A request that another site made the browser send.
    CrossSiteRequest,
    /// A request for something that this user may not see or do (ASVS 16.3.2).
    AccessDenied,
    Grant,
    Revoke,
    Unlock,
    /// All counters of attempts were cleared.
    UnlockAll,
    ResetClass,
    /// Accounts were made for the seats of a class.
    SeedClass,
}

/// What came of it.
#[derive(Clone, Copy, Debug)]
pub enum Decision {
    /// It was done.
    Done,
    /// It was not.
    Refused,
    /// Nothing was checked: there were too many tries before.
    Throttled,
}

/// Who did it.
#[derive(Clone, Copy, Debug)]
pub enum Whom<'a> {
    /// By the name of an account that exists.
    Name(&'a str),
    /// By what was typed for a name, as [`pseudonym`] writes it: it can be a password, typed into
    /// the wrong field.
    Typed(&'a str),
    /// By the id that a session holds.
    Id(&'a str),
    /// An admin, and the name of the account that it was done to.
    Admin(&'a str, &'a str),
    /// The request did not say.
    Unknown,
}

impl fmt::Display for Whom<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // Quoted and escaped: a name cannot end the field that it stands in.
            Self::Name(name) => write!(f, "user={name:?}"),
            Self::Typed(pseudonym) => write!(f, "user={pseudonym}"),
            Self::Id(id) => write!(f, "user_id={id:?}"),
            Self::Admin(admin, name) => write!(f, "user={admin:?} to={name:?}"),
            Self::Unknown => f.write_str("user=-"),
        }
    }
}

/// Writes down what a request did.
pub fn record(request: &Request<'_>, event: Event, decision: Decision, whom: Whom<'_>) {
    let Arrival { id, is_recorded, .. } = arrival(request);
    let address = client_address(request);
    is_recorded.store(true, Ordering::Relaxed);
    log::info!(target: "audit", "{event:?} {decision:?} {whom} address={address} request={id}");
}

/// Characters of a header's value in the log: more than a host name and a scheme have.
const LONGEST_VALUE: usize = 300;

/// Writes down that a request from another site was refused, and the headers that say so.
pub fn record_cross_site(request: &Request<'_>) {
    let Arrival { id, is_recorded, .. } = arrival(request);
    let address = client_address(request);
    let said = |name| said(request, name);
    let (origin, host, site) = (said("origin"), said("host"), said("sec-fetch-site"));
    is_recorded.store(true, Ordering::Relaxed);
    log::info!(
        target: "audit",
        "{:?} {:?} {} address={address} request={id} origin={origin} host={host} \
         sec_fetch_site={site}",
        Event::CrossSiteRequest, Decision::Refused, Whom::Unknown
    );
}

/// The values of a header, quoted and escaped, so that none can end the field that it stands in.
fn said(request: &Request<'_>, name: &str) -> String {
    let values: Vec<&str> = request.headers().get(name).collect();
    if values.is_empty() {
        return "-".to_owned();
    }
    let values: String = values.join(", ").chars().take(LONGEST_VALUE).collect();
    format!("{values:?}")
}

/// Characters of a pseudonym: enough to tell two names apart.
const PSEUDONYM: usize = 12;

/// What the log says in place of a typed name that is no account's, such as `~dR3fZ0tq-1xA`.
///
/// Attempts at one name get one pseudonym, in whatever spelling, until the secret changes. It is a
/// keyed hash, so a reader of the log who has not the secret cannot look for the text.
pub fn pseudonym(secrets: &Secrets, typed: &str) -> String {
    let seal = secrets.sign_for("cloakroom log", &key_of(typed));
    format!("~{}", seal.chars().take(PSEUDONYM).collect::<String>())
}

/// Writes down what a command did, on the machine itself.
pub fn record_command(event: Event, decision: Decision, whom: Whom<'_>) {
    log::info!(target: "audit", "{event:?} {decision:?} {whom} address=console request=-");
}

/// Characters of a path that the log keeps: ours are shorter.
const LONGEST_PATH: usize = 200;

/// A request as it came: before a fairing sends it elsewhere.
struct Arrival {
    id: String,
    at: Instant,
    method: Method,
    path: String,
    /// There is an audit line about it.
    is_recorded: AtomicBool,
}

fn arrival<'r>(request: &'r Request<'_>) -> &'r Arrival {
    request.local_cache(|| Arrival {
        // Told apart from others of the same day, which is all it has to be.
        id: URL_SAFE_NO_PAD.encode(rand::random::<[u8; 9]>()),
        at: Instant::now(),
        method: request.method(),
        path: request.uri().path().as_str().chars().take(LONGEST_PATH).collect(),
        is_recorded: AtomicBool::new(false),
    })
}

/// The id of a request, to find its lines in the log by.
pub fn request_id<'r>(request: &'r Request<'_>) -> &'r str {
    &arrival(request).id
}

/// Attached first: notes how a request came.
pub fn arrivals() -> AdHoc {
    AdHoc::on_request("Arrivals", |request, _| {
        Box::pin(async move {
            arrival(request);
        })
    })
}

/// Attached last: writes the line of each request, with the status that goes out.
///
/// Every 403 gets an audit line here, whatever guard or route has decided it and whatever catcher has
/// rendered it, unless there is one already.
pub fn stage() -> AdHoc {
    AdHoc::on_response("Request lines", |request, response| {
        Box::pin(async move {
            let Arrival { id, at, method, path, is_recorded } = arrival(request);
            if response.status() == Status::Forbidden && !is_recorded.load(Ordering::Relaxed) {
                record_denial(request).await;
            }
            let (status, ms) = (response.status().code, at.elapsed().as_millis());
            let address = client_address(request);
            log::info!(
                target: "request",
                "{method} {path} {status} {ms} ms address={address} request={id}"
            );
        })
    })
}

/// The guard that has refused the request has looked its user up, so this costs no command.
async fn record_denial(request: &Request<'_>) {
    let whom = match request.guard::<&Visitor>().await {
        Outcome::Success(Visitor::SignedIn(user)) => Whom::Name(&user.username),
        _ => Whom::Unknown,
    };
    record(request, Event::AccessDenied, Decision::Refused, whom);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_did_it_is_told_from_whom_it_was_done_to() {
        let check = |whom: Whom<'_>, expected: &str| assert_eq!(whom.to_string(), expected);
        check(Whom::Name("x\" address=1.2.3.4"), r#"user="x\" address=1.2.3.4""#);
        check(Whom::Id("507f"), r#"user_id="507f""#);
        check(Whom::Admin("ada", "rosa"), r#"user="ada" to="rosa""#);
        check(Whom::Typed("~dR3fZ0tq-1xA"), "user=~dR3fZ0tq-1xA");
        check(Whom::Unknown, "user=-");
    }

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
