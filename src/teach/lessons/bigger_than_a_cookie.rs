//! Lesson 4: a session holds more than a cookie can.

use super::evidence::{Evidence, lab_found, sent, set};
use super::{Goal, Lesson};
use crate::teach::labs::{BIG_COOKIE, COOKIE};
use crate::teach::progress::Proof;
use crate::trace::Step;

pub const LESSON: Lesson = Lesson {
    slug: SLUG,
    template: "lessons/04-bigger-than-a-cookie/page",
    lab: Some("lessons/04-bigger-than-a-cookie/lab"),
    needs_login: false,
    check,
    answer: None,
};

const SLUG: &str = "bigger-than-a-cookie";

/// Bytes of a session that no cookie could hold, and of a ticket that can carry it.
const BIG: usize = 100_000;
const SMALL: usize = 300;

fn check(evidence: &Evidence) -> Vec<Goal> {
    vec![("dropped", dropped(evidence)), ("carried", carried(evidence))]
}

fn dropped(evidence: &Evidence) -> Option<Proof> {
    let given = evidence
        .pressed(SLUG, "big-cookie")
        .find(|exchange| set(exchange, BIG_COOKIE).is_some_and(|cookie| cookie.bytes >= 5_000))?;
    let next = evidence.visits(SLUG).find(|exchange| exchange.number > given.number)?;
    let is_dropped = sent(next, BIG_COOKIE).is_none();
    is_dropped.then(|| Proof::default().and("given", given).and("next", next))
}

fn carried(evidence: &Evidence) -> Option<Proof> {
    evidence.visits(SLUG).find_map(|exchange| {
        let bytes = exchange.steps.iter().find_map(|noted| match &noted.step {
            Step::Written { name, bytes, .. } if name == COOKIE => Some(*bytes),
            _ => None,
        })?;
        let ticket = sent(exchange, COOKIE)?.bytes;
        (lab_found(exchange) && bytes >= BIG && ticket < SMALL)
            .then(|| Proof::by(exchange).with("ticket", ticket).with("session", bytes))
    })
}
