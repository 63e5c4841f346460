//! Lesson 14: a session ends when the server deletes it, and a token when its own date has passed.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::evidence::{Evidence, Exchange, Goal, LAB_COOKIE, LAB_SESSIONS, Proof};
use super::the_seal::last_value;
use crate::names::TOKEN_COOKIE;

/// What the lab notes about the token of a visit.
pub(crate) const VALID_TOKEN: &str = "a valid token";
pub(crate) const CHANGED_PAYLOAD: &str = "a token with a changed payload";
pub(crate) const EXPIRED_TOKEN: &str = "a token that has expired";

pub(super) fn check(evidence: &Evidence) -> Vec<Goal> {
    let visit = |fact: &str| evidence.visits().find(|visit| visit.fact(fact).is_some());
    vec![
        ("both", both(evidence)),
        ("read", evidence.answered.then(Proof::default)),
        ("changed", Proof::all([("changed", visit(CHANGED_PAYLOAD))])),
        ("everywhere", everywhere(evidence)),
        ("expired", Proof::all([("expired", visit(EXPIRED_TOKEN))])),
    ]
}

/// Whether the `jti` of the learner's last token was typed.
pub(super) fn judge(evidence: &Evidence, typed: &str) -> Vec<bool> {
    let payload = evidence.lab.token.as_deref().and_then(|token| token.split('.').nth(1));
    let payload = payload.and_then(|payload| URL_SAFE_NO_PAD.decode(payload).ok());
    let end = format!("\"jti\":\"{}\"}}", last_value(typed).trim_matches('"'));
    vec![payload.is_some_and(|payload| payload.ends_with(end.as_bytes()))]
}

/// Both cookies of one login came, and both were valid.
fn both(evidence: &Evidence) -> Option<Proof> {
    let ids: Vec<_> = evidence.pressed("login").filter_map(Exchange::new_lab_ticket).collect();
    let visit = evidence.visits().find(|visit| {
        let is_login = visit.lab_ticket().is_some_and(|id| ids.contains(&id));
        is_login && visit.lab_found() && visit.fact(VALID_TOKEN).is_some()
    })?;
    let bytes = |name| Some(visit.cookie(name)?.bytes);
    let proof = Proof::of("both", visit).fact("ticket_bytes", bytes(LAB_COOKIE)?);
    Some(proof.fact("token_bytes", bytes(TOKEN_COOKIE)?))
}

/// All sessions were ended, and both cookies came again.
fn everywhere(evidence: &Evidence) -> Option<Proof> {
    let ended = |after: &Exchange| {
        let mut all = evidence.pressed("everywhere");
        all.find(|ended| ended.number < after.number && ended.lab_ticket() == after.lab_ticket())
    };
    evidence.visits().find_map(|visit| {
        let is_lost = visit.lab_lost() && visit.fact(VALID_TOKEN).is_some();
        let ended = ended(visit).filter(|ended| is_lost && ended.lab_found())?;
        let (finds, others): (Vec<_>, Vec<_>) = visit
            .lab_commands()
            .partition(|command| command.collection == LAB_SESSIONS && command.name == "find");
        let proof = Proof::of("ended", ended).add("after", visit).fact("finds", finds.len());
        Some(proof.fact("others", others.len()))
    })
}
