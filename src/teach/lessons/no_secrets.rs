//! Lesson 6: no credentials and no secrets in cookies; they can be intercepted.

use super::Goal;
use super::evidence::{Evidence, lab_found, lab_lost, number, sent};
use super::the_seal::last_value;
use crate::names::LAB_COOKIE;
use crate::teach::progress::Proof;
use crate::trace::Exchange;

/// Whether the password in the learner's own copy of the old cookie was typed.
pub(super) fn is_right(evidence: &Evidence, typed: &str) -> bool {
    evidence.lab.password.as_deref() == Some(last_value(typed))
}

/// The goals of the lesson.
pub(super) fn check(evidence: &Evidence) -> Vec<Goal> {
    let is_oskar = |visit: &&Exchange| number(visit, "logged in as Oskar").is_some();
    let used = evidence.visits().filter(is_oskar).find(|visit| lab_found(visit));
    let ended = used.and_then(|used| {
        let mut pressed = evidence.pressed("revoke");
        Some((used, pressed.find(|pressed| pressed.number > used.number)?))
    });
    let dead = ended.and_then(|(used, ended)| {
        let again = evidence.pressed("steal").find(|pressed| pressed.number > ended.number)?;
        let is_same = |visit: &&Exchange| ticket(visit) == ticket(used) && lab_lost(visit);
        let mut later = evidence.visits().filter(|visit| visit.number > again.number);
        Some(Proof::default().add("ended", ended).add("dead", later.find(is_same)?))
    });
    vec![
        ("read", evidence.answered.then(Proof::default)),
        ("used", used.map(proof_of_use)),
        ("revoked", dead),
    ]
}

fn proof_of_use(used: &Exchange) -> Proof {
    let bytes = sent(used, LAB_COOKIE).map_or(0, |cookie| cookie.bytes);
    let ticket = ticket(used).unwrap_or_default();
    Proof::default().add("used", used).fact("bytes", bytes).fact("ticket", ticket)
}

/// The short session ID in the lab's cookie of a request.
fn ticket(visit: &Exchange) -> Option<&str> {
    sent(visit, LAB_COOKIE)?.sid.as_deref()
}
