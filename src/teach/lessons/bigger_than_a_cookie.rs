//! Lesson 11: a session holds more than a cookie can.

use super::evidence::{Evidence, Goal, LAB_COOKIE, Proof, Step};
use crate::names::BIG_COOKIE;

/// The bytes of a session that no cookie could hold.
const BIG: usize = 100_000;

/// The largest size of a cookie that carries only the session ID.
const SMALL: usize = 300;

pub(super) fn check(evidence: &Evidence) -> Vec<Goal> {
    vec![("dropped", dropped(evidence)), ("carried", carried(evidence))]
}

/// Reached whatever the browser does, because the evidence says how much of the cookie came back.
fn dropped(evidence: &Evidence) -> Option<Proof> {
    let (given, offered) = evidence.pressed("big-cookie").find_map(|given| {
        let bytes = given.set_cookie(BIG_COOKIE)?.bytes;
        (bytes >= 5_000).then_some((given, bytes))
    })?;
    let next = evidence.visits().find(|exchange| exchange.number > given.number)?;
    let returned = next.cookie(BIG_COOKIE).map_or(0, |cookie| cookie.bytes);
    let proof = Proof::of("given", given).add("next", next);
    Some(proof.fact("offered", offered).fact("returned", returned))
}

fn carried(evidence: &Evidence) -> Option<Proof> {
    evidence.visits().filter(|visit| visit.lab_found()).find_map(|visit| {
        let bytes = visit.steps.iter().find_map(|noted| match &noted.step {
            Step::Written { name, bytes, .. } if name == LAB_COOKIE => Some(*bytes),
            _ => None,
        });
        let (bytes, ticket) = (bytes?, visit.cookie(LAB_COOKIE)?.bytes);
        let proof = Proof::of("back", visit).fact("ticket_bytes", ticket);
        (bytes >= BIG && ticket < SMALL).then(|| proof.fact("session_bytes", bytes))
    })
}
