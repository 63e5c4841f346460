//! Lesson 4: a session holds more than a cookie can.

use super::evidence::{Evidence, lab_found, sent, set, told};
use super::{Goal, Lesson};
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
    vec![
        Goal::new(
            "A cookie of 5,000 bytes was sent to your browser and never came back.",
            dropped(evidence),
        ),
        Goal::new(
            "A session of 100 KB came back on a ticket of under 300 bytes.",
            carried(evidence),
        ),
    ]
}

fn dropped(evidence: &Evidence) -> Option<String> {
    let given = evidence
        .pressed(SLUG, "big-cookie")
        .find(|exchange| set(exchange, "lab.big").is_some_and(|cookie| cookie.bytes >= 5_000))?;
    let next = evidence.visits(SLUG).find(|exchange| exchange.number > given.number)?;
    sent(next, "lab.big").is_none().then(|| {
        format!(
            "{}: Set-Cookie with 5,000 bytes; {}: your browser did not send it.",
            told(given),
            told(next)
        )
    })
}

fn carried(evidence: &Evidence) -> Option<String> {
    evidence.visits(SLUG).find_map(|exchange| {
        let bytes = exchange.steps.iter().find_map(|noted| match &noted.step {
            Step::Written { name, bytes, .. } if name.starts_with("lab.") => Some(*bytes),
            _ => None,
        })?;
        let ticket = sent(exchange, "lab.sid")?.bytes;
        (lab_found(exchange) && bytes >= BIG && ticket < SMALL).then(|| {
            format!("{}: a ticket of {ticket} bytes, a session of {bytes} bytes.", told(exchange))
        })
    })
}
