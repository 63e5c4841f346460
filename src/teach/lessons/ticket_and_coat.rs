//! Lesson 2: cookie and session, and where the data lives.

use super::evidence::{Evidence, Exchange, Goal, Proof, Step, Write};

/// The characters of the text that a final question supposes.
const LONG_TEXT: usize = 100;

/// The slug. This lesson compares the session's document with that at the time of the guess.
pub(super) const SLUG: &str = "ticket-and-coat";

pub(super) fn check(evidence: &Evidence) -> Vec<Goal> {
    let added = evidence.own.iter().find_map(|exchange| {
        let size = changed_session(exchange).filter(|_| exchange.path == "/coat")?;
        Some((exchange, size))
    });
    let is_stored = evidence.session.contains("\"coat\":[\"");
    // With "Keep me logged in", the response sends the cookie again: the same ID, maybe a later `Expires`.
    let kept = added.and_then(|(added, _)| {
        let ticket = added.ticket()?;
        let bytes =
            added.cookies.iter().find(|cookie| cookie.sid.as_deref() == Some(ticket))?.bytes;
        let proof = Proof::of("add", added).fact("ticket", ticket);
        let is_same = added.new_ticket().is_none_or(|new| new == ticket);
        is_same.then(|| proof.fact("bytes", bytes).fact("longer", bytes + LONG_TEXT))
    });
    let stored = added
        .filter(|_| is_stored)
        .map(|(added, size)| Proof::of("stored", added).fact("size", size));
    vec![("stored", stored), ("same-ticket", kept)]
}

/// The size of the session as JSON, if this request has changed it.
fn changed_session(exchange: &Exchange) -> Option<usize> {
    exchange.steps.iter().find_map(|noted| match &noted.step {
        Step::Written { write: Write::Update, bytes, .. } => Some(*bytes),
        _ => None,
    })
}
