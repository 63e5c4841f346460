//! Lesson 6: no credentials and no secrets in cookies; they can be intercepted.

use super::Goal;
use super::evidence::{Evidence, lab_found, lab_lost};
use crate::teach::decoy::DECOY_PASSWORD;
use crate::teach::progress::Proof;

/// Whether the password in the cookie was typed.
pub(super) fn is_right(_: &Evidence, typed: &str) -> bool {
    typed.trim() == DECOY_PASSWORD
}

/// The goals of the lesson.
pub(super) fn check(evidence: &Evidence) -> Vec<Goal> {
    let used = evidence.visits_after("steal").find(|visit| lab_found(visit));
    let revoked = used
        .and_then(|used| evidence.pressed("revoke").find(|pressed| pressed.number > used.number));
    let dead = revoked.and_then(|revoked| {
        let later = |visit: &&crate::trace::Exchange| visit.number > revoked.number;
        evidence.visits_after("steal").filter(later).find(|visit| lab_lost(visit))
    });
    vec![
        ("read", evidence.answered.then(Proof::default)),
        ("used", used.map(Proof::from)),
        ("revoked", dead.map(Proof::from)),
    ]
}
