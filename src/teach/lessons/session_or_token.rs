//! Lesson 14: a session ends when the server deletes it, and a token when its own date has passed.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::Goal;
use super::evidence::{Evidence, lab_commands, lab_found, lab_lost, lab_ticket, number, sent, set};
use super::the_seal::last_value;
use crate::names::{LAB_COOKIE, LAB_SESSIONS, TOKEN_COOKIE};
use crate::teach::progress::Proof;
use crate::trace::Exchange;

/// What the lab notes about the token of a visit.
pub(crate) const VALID_TOKEN: &str = "a valid token";
pub(crate) const CHANGED_PAYLOAD: &str = "a token with a changed payload";
pub(crate) const EXPIRED_TOKEN: &str = "a token that has expired";

/// The goals of the lesson.
pub(super) fn check(evidence: &Evidence) -> Vec<Goal> {
    let visit = |name, fact: &str| {
        let visit = evidence.visits().find(|visit| number(visit, fact).is_some())?;
        Some(Proof::of(name, visit))
    };
    vec![
        ("both", both(evidence)),
        ("read", evidence.answered.then(Proof::default)),
        ("changed", visit("changed", CHANGED_PAYLOAD)),
        ("everywhere", everywhere(evidence)),
        ("expired", visit("expired", EXPIRED_TOKEN)),
    ]
}

/// Whether the `jti` of the learner's last token was typed.
pub(super) fn is_right(evidence: &Evidence, typed: &str) -> bool {
    let payload = evidence.lab.token.as_deref().and_then(|token| token.split('.').nth(1));
    let payload = payload.and_then(|payload| URL_SAFE_NO_PAD.decode(payload).ok());
    let end = format!("\"jti\":\"{}\"}}", last_value(typed).trim_matches('"'));
    payload.is_some_and(|payload| payload.ends_with(end.as_bytes()))
}

/// Both cookies of one login came, and both were valid.
fn both(evidence: &Evidence) -> Option<Proof> {
    let logins = evidence.pressed("login");
    let ids: Vec<_> = logins.filter_map(|login| set(login, LAB_COOKIE)?.sid.as_deref()).collect();
    let visit = evidence.visits().find(|visit| {
        let is_login = lab_ticket(visit).is_some_and(|id| ids.contains(&id));
        is_login && lab_found(visit) && number(visit, VALID_TOKEN).is_some()
    })?;
    let bytes = |name| Some(sent(visit, name)?.bytes);
    let proof = Proof::of("both", visit).fact("ticket_bytes", bytes(LAB_COOKIE)?);
    Some(proof.fact("token_bytes", bytes(TOKEN_COOKIE)?))
}

/// All sessions were ended, and both cookies came again.
fn everywhere(evidence: &Evidence) -> Option<Proof> {
    let ended = |after: &Exchange| {
        let mut all = evidence.pressed("everywhere");
        all.find(|ended| ended.number < after.number && lab_ticket(ended) == lab_ticket(after))
    };
    evidence.visits().find_map(|visit| {
        let is_lost = lab_lost(visit) && number(visit, VALID_TOKEN).is_some();
        let ended = ended(visit).filter(|ended| is_lost && lab_found(ended))?;
        let of_sessions = visit.commands().filter(|command| command.collection == LAB_SESSIONS);
        let finds = of_sessions.filter(|command| command.name == "find").count();
        let proof = Proof::of("ended", ended).add("after", visit).fact("finds", finds);
        Some(proof.fact("others", lab_commands(visit).saturating_sub(finds)))
    })
}
