//! Lesson 5: signed is not encrypted, and a changed ticket is refused.

use super::evidence::{Evidence, lab_refused};
use super::{Goal, Lesson};
use crate::teach::labs::COLOUR;
use crate::teach::progress::Proof;

pub const LESSON: Lesson = Lesson {
    slug: SLUG,
    template: "lessons/05-the-seal/page",
    lab: Some("lessons/05-the-seal/lab"),
    needs_login: false,
    check,
    answer: Some(|_, typed| colour(typed).eq_ignore_ascii_case(COLOUR)),
};

const SLUG: &str = "the-seal";

fn check(evidence: &Evidence) -> Vec<Goal> {
    let refused = |button| {
        evidence.visits_after(SLUG, button).find(|visit| lab_refused(visit)).map(Proof::by)
    };
    vec![
        ("read", evidence.answered.then(|| Proof::default().with("colour", COLOUR))),
        ("other-number", refused("other-number")),
        ("other-seal", refused("other-seal")),
        ("no-seal", refused("no-seal")),
    ]
}

/// Some type the whole note.
fn colour(typed: &str) -> &str {
    let typed = typed.trim();
    typed.strip_prefix("colour=").unwrap_or(typed)
}
