//! Lesson 6: no credentials and no secrets in cookies; they can be intercepted.

use super::Goal;
use super::evidence::{Evidence, lab_found, lab_lost, lab_ticket, sent, set};
use super::the_seal::last_value;
use crate::names::LAB_COOKIE;
use crate::teach::progress::Proof;
use crate::trace::Exchange;

/// Whether the password in the learner's own copy of the old cookie was typed.
pub(super) fn is_right(evidence: &Evidence, typed: &str) -> bool {
    evidence.lab.hidden.as_ref().is_some_and(|hidden| hidden.password == last_value(typed))
}

/// The goals of the lesson.
pub(super) fn check(evidence: &Evidence) -> Vec<Goal> {
    let copied = evidence.pressed("steal").chain(evidence.pressed("oskar-again"));
    let copied: Vec<_> =
        copied.filter_map(|pressed| set(pressed, LAB_COOKIE)?.sid.as_deref()).collect();
    let is_copy = |visit: &&Exchange| lab_ticket(visit).is_some_and(|sid| copied.contains(&sid));
    let used = evidence.visits().filter(is_copy).find(|visit| lab_found(visit));
    let revoked = used.and_then(|used| {
        let ended = evidence.pressed("revoke").find(|pressed| pressed.number > used.number)?;
        let again = evidence.pressed("steal").find(|pressed| pressed.number > ended.number)?;
        let is_dead = |visit: &&Exchange| {
            visit.number > again.number && lab_lost(visit) && lab_ticket(visit) == lab_ticket(used)
        };
        let dead = evidence.visits().find(is_dead)?;
        Some(Proof::of("ended", ended).add("dead", dead))
    });
    let used = used.and_then(|used| {
        let proof = Proof::of("used", used).fact("ticket", lab_ticket(used)?);
        Some(proof.fact("bytes", sent(used, LAB_COOKIE)?.bytes))
    });
    vec![("read", evidence.answered.then(Proof::default)), ("used", used), ("revoked", revoked)]
}
