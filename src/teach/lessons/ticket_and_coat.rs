//! Lesson 2: ticket and coat, cookie and session, and where the data lives.

use super::Goal;
use super::evidence::{Evidence, new_ticket, ticket};
use crate::teach::progress::Proof;
use crate::trace::Write;

/// The slug. This lesson compares the session's document with that at the time of the guess.
pub(super) const SLUG: &str = "ticket-and-coat";

/// The goals of the lesson.
pub(super) fn check(evidence: &Evidence) -> Vec<Goal> {
    let hung = evidence.own.iter().find(|exchange| {
        let wrote = exchange.steps.iter().any(|noted| {
            matches!(&noted.step, crate::trace::Step::Written { write: Write::Update, .. })
        });
        exchange.path == "/coat" && exchange.status == 303 && wrote
    });
    let is_stored = evidence.session.contains("\"coat\":[\"");
    vec![
        ("stored", hung.filter(|_| is_stored).map(|hung| Proof::from(hung))),
        (
            "same-ticket",
            hung.filter(|hung| new_ticket(hung).is_none())
                .and_then(|hung| Some(Proof::from(hung).fact("ticket", ticket(hung)?))),
        ),
    ]
}
