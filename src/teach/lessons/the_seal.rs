//! Lesson 5: signed is not encrypted, and a changed ticket is refused.

use super::evidence::{Evidence, lab_refused, told};
use super::{Goal, Lesson};
use crate::teach::labs::COLOUR;

pub const LESSON: Lesson = Lesson {
    slug: SLUG,
    template: "lessons/05-the-seal/page",
    lab: Some("lessons/05-the-seal/lab"),
    needs_login: false,
    check,
    answer: Some(|_, typed| typed.trim().eq_ignore_ascii_case(COLOUR)),
};

const SLUG: &str = "the-seal";

fn check(evidence: &Evidence) -> Vec<Goal> {
    let refused = |button| {
        let visit = evidence.visits_after(SLUG, button).find(|visit| lab_refused(visit))?;
        Some(format!("{}: the seal is broken, 0 commands to the database.", told(visit)))
    };
    vec![
        Goal::new(
            "You read what stands in a base64 cookie, without any secret.",
            evidence.answered.then(|| format!("It says {COLOUR}, and no key was needed.")),
        ),
        Goal::new("A ticket with another number is refused.", refused("other-number")),
        Goal::new("A ticket with another seal is refused.", refused("other-seal")),
        Goal::new("A ticket without a seal is refused.", refused("no-seal")),
    ]
}
