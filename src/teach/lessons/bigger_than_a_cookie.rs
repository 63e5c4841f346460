//! Lesson 11: a session holds more than a cookie can.

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

/// Reached whatever the browser does, because the evidence says how much of the cookie came back.
fn dropped(evidence: &Evidence) -> Option<Proof> {
    let offered = |exchange| set(exchange, BIG_COOKIE).filter(|cookie| cookie.bytes >= 5_000);
    let mut given = evidence.pressed("big-cookie");
    let (given, offered) = given.find_map(|given| Some((given, offered(given)?.bytes)))?;
    let next = evidence.visits().find(|exchange| exchange.received > given.received)?;
    let returned = sent(next, BIG_COOKIE).map_or(0, |cookie| cookie.bytes);
    let proof = Proof::of("given", given).add("next", next);
    Some(proof.fact("offered", offered).fact("returned", returned))
}

fn carried(evidence: &Evidence) -> Option<Proof> {
    evidence.visits().find_map(|exchange| {
        let bytes = exchange.steps.iter().find_map(|noted| match &noted.step {
            Step::Written { name, bytes, .. } if name == LAB_COOKIE => Some(*bytes),
            _ => None,
        })?;
        let ticket = sent(exchange, LAB_COOKIE)?.bytes;
        let proof = Proof::of("back", exchange).fact("ticket_bytes", ticket);
        (lab_found(exchange) && bytes >= BIG && ticket < SMALL)
            .then(|| proof.fact("session_bytes", bytes))
    })
}
