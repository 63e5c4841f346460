//! Lesson 4: a session holds more than a cookie can.

use super::Goal;
use super::evidence::{Evidence, lab_found, sent, set};
use crate::names::{BIG_COOKIE, LAB_COOKIE};
use crate::teach::progress::Proof;
use crate::trace::Step;

/// The bytes of a session that no cookie could hold.
const BIG: usize = 100_000;

/// The largest size of a cookie that carries only the session ID.
const SMALL: usize = 300;

/// The goals of the lesson.
pub(super) fn check(evidence: &Evidence) -> Vec<Goal> {
    vec![("dropped", dropped(evidence)), ("carried", carried(evidence))]
}

fn dropped(evidence: &Evidence) -> Option<Proof> {
    let given = evidence
        .pressed("big-cookie")
        .find(|exchange| set(exchange, BIG_COOKIE).is_some_and(|cookie| cookie.bytes >= 5_000))?;
    let next = evidence.visits().find(|exchange| exchange.number > given.number)?;
    let is_dropped = sent(next, BIG_COOKIE).is_none();
    is_dropped.then(|| Proof::default().add("given", given).add("next", next))
}

fn carried(evidence: &Evidence) -> Option<Proof> {
    evidence.visits().find_map(|exchange| {
        let bytes = exchange.steps.iter().find_map(|noted| match &noted.step {
            Step::Written { name, bytes, .. } if name == LAB_COOKIE => Some(*bytes),
            _ => None,
        })?;
        let ticket = sent(exchange, LAB_COOKIE)?.bytes;
        (lab_found(exchange) && bytes >= BIG && ticket < SMALL)
            .then(|| Proof::from(exchange).fact("ticket", ticket).fact("session", bytes))
    })
}
