//! Lesson 5: signed is not encrypted, and a changed ticket is refused.

use super::Goal;
use super::evidence::{Evidence, lab_refused};
use crate::teach::decoy::COLOUR;
use crate::teach::progress::Proof;

/// The goals of the lesson.
pub(super) fn check(evidence: &Evidence) -> Vec<Goal> {
    let refused =
        |button| evidence.visits_after(button).find(|visit| lab_refused(visit)).map(Proof::from);
    vec![
        ("read", evidence.answered.then(|| Proof::default().fact("colour", COLOUR))),
        ("other-number", refused("other-number")),
        ("other-seal", refused("other-seal")),
        ("no-seal", refused("no-seal")),
    ]
}

/// Whether the colour in the cookie was typed.
pub(super) fn is_right(_: &Evidence, typed: &str) -> bool {
    colour(typed).eq_ignore_ascii_case(COLOUR)
}

/// Some learners type the whole note.
fn colour(typed: &str) -> &str {
    let typed = typed.trim();
    typed.strip_prefix("colour=").unwrap_or(typed)
}
