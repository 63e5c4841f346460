//! Lesson 6: no credentials and no secrets in cookies; they can be intercepted.

use super::evidence::{Evidence, Exchange, Goal, LAB_COOKIE, Proof};
use super::the_seal::last_value;

/// Whether the password in the learner's own copy of the old cookie was typed.
pub(super) fn judge(evidence: &Evidence, typed: &str) -> Vec<bool> {
    let hidden = evidence.lab.hidden.as_ref();
    vec![hidden.is_some_and(|hidden| hidden.password == last_value(typed))]
}

pub(super) fn check(evidence: &Evidence) -> Vec<Goal> {
    let copied = evidence.pressed("steal").chain(evidence.pressed("oskar-again"));
    let copied: Vec<_> = copied.filter_map(Exchange::new_lab_ticket).collect();
    let is_copy = |visit: &&Exchange| visit.lab_ticket().is_some_and(|sid| copied.contains(&sid));
    let used = evidence.visits().filter(is_copy).find(|visit| visit.lab_found());
    let revoked = used.and_then(|used| {
        let ended = evidence.pressed("revoke").find(|pressed| pressed.number > used.number)?;
        let again = evidence.pressed("steal").find(|pressed| pressed.number > ended.number)?;
        let is_dead = |visit: &&Exchange| {
            visit.number > again.number
                && visit.lab_lost()
                && visit.lab_ticket() == used.lab_ticket()
        };
        let dead = evidence.visits().find(is_dead)?;
        Some(Proof::of("ended", ended).add("dead", dead))
    });
    let used = used.and_then(|used| {
        let proof = Proof::of("used", used).fact("ticket", used.lab_ticket()?);
        Some(proof.fact("bytes", used.cookie(LAB_COOKIE)?.bytes))
    });
    vec![("read", evidence.answered.then(Proof::default)), ("used", used), ("revoked", revoked)]
}
