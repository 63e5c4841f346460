//! Lesson 6: no credentials and no secrets in cookies; they can be intercepted.

use super::evidence::{Evidence, lab_found, lab_lost, told};
use super::{Goal, Lesson};
use crate::teach::labs::DECOY_PASSWORD;

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
        Goal::new(
            "You read Oskar's password out of a bad cookie.",
            evidence.answered.then(|| "It stood in the cookie, for everybody to read.".to_owned()),
        ),
        Goal::new(
            "With a copy of Oskar's ticket you were Oskar.",
            used.map(|visit| {
                format!("{}: the seal is ours, and the session is Oskar's.", told(visit))
            }),
        ),
        Goal::new(
            "Once it was revoked, the copy was worth nothing.",
            dead.map(|visit| format!("{}: the ticket is real, the session is gone.", told(visit))),
        ),
    ]
}
