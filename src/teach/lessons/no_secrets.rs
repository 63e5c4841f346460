//! Lesson 6: no credentials and no secrets in cookies; they can be intercepted.

use super::evidence::{Evidence, lab_found, lab_lost};
use super::{Goal, Lesson};
use crate::teach::labs::DECOY_PASSWORD;
use crate::teach::progress::Proof;

pub const LESSON: Lesson = Lesson {
    slug: SLUG,
    template: "lessons/06-no-secrets/page",
    lab: Some("lessons/06-no-secrets/lab"),
    needs_login: false,
    check,
    answer: Some(|_, typed| typed.trim() == DECOY_PASSWORD),
};

const SLUG: &str = "no-secrets";

fn check(evidence: &Evidence) -> Vec<Goal> {
    let used = evidence.visits_after(SLUG, "steal").find(|visit| lab_found(visit));
    let revoked = used.and_then(|used| {
        evidence.pressed(SLUG, "revoke").find(|pressed| pressed.number > used.number)
    });
    let dead = revoked.and_then(|revoked| {
        let later = |visit: &&crate::trace::Exchange| visit.number > revoked.number;
        evidence.visits_after(SLUG, "steal").filter(later).find(|visit| lab_lost(visit))
    });
    vec![
        ("read", evidence.answered.then(Proof::default)),
        ("used", used.map(Proof::by)),
        ("revoked", dead.map(Proof::by)),
    ]
}
