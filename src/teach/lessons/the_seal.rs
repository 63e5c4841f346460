//! Lesson 5: signed is not encrypted, and a changed ticket is refused.

use super::evidence::{Evidence, Exchange, Goal, Proof};

pub(super) fn check(evidence: &Evidence) -> Vec<Goal> {
    // The first visit about which the lab has noted this fact.
    let visit = |name, fact: &str, holds: fn(&Exchange) -> bool| {
        let found = evidence.visits().find(|visit| visit.fact(fact).is_some() && holds(visit));
        found.map(|visit| Proof::of(name, visit))
    };
    let hidden = evidence.lab.hidden.as_ref().filter(|_| evidence.answered);
    vec![
        ("read", hidden.map(|hidden| Proof::default().fact("colour", &hidden.colour))),
        ("other-number", visit("changed_id", "a changed session ID", Exchange::lab_refused)),
        ("other-seal", visit("changed_signature", "a changed signature", Exchange::lab_refused)),
        ("no-seal", visit("unsigned", "a ticket without a signature", Exchange::lab_refused)),
        ("forged", visit("forged", "a genuine signature, and no session", Exchange::lab_lost)),
        ("oskar", visit("oskar", "the ticket of Oskar", Exchange::lab_found)),
        ("role", visit("admin", "the role is admin", |_| true)),
    ]
}

/// Whether the colour in the learner's own note was typed.
pub(super) fn judge(evidence: &Evidence, typed: &str) -> Vec<bool> {
    let typed = last_value(typed).trim_start_matches('#');
    let hidden = evidence.lab.hidden.as_ref();
    vec![hidden.is_some_and(|hidden| hidden.colour[1..].eq_ignore_ascii_case(typed))]
}

/// The text behind the last `=`: some learners type the whole note.
pub(super) fn last_value(typed: &str) -> &str {
    typed.rsplit('=').next().unwrap_or_default().trim()
}
