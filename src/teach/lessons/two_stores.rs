//! Lesson 7: why the store in memory is not for production.

use super::evidence::{Evidence, number, told};
use super::{Goal, Lesson};
use crate::trace::Exchange;

pub const LESSON: Lesson = Lesson {
    slug: SLUG,
    template: "lessons/07-two-stores/page",
    lab: Some("lessons/07-two-stores/lab"),
    needs_login: false,
    check,
    answer: None,
};

const SLUG: &str = "two-stores";

/// The counters as a visit showed them.
struct Counted<'e> {
    visit: &'e Exchange,
    boot: i64,
    memory: i64,
    mongodb: i64,
}

fn counted(visit: &Exchange) -> Option<Counted<'_>> {
    Some(Counted {
        visit,
        boot: number(visit, "boot number")?,
        memory: number(visit, "counter in memory")?,
        mongodb: number(visit, "counter in MongoDB")?,
    })
}

fn check(evidence: &Evidence) -> Vec<Goal> {
    let visits: Vec<Counted<'_>> = evidence.visits(SLUG).filter_map(counted).collect();
    let before = visits.iter().position(|seen| seen.memory > 0 && seen.mongodb > 0);
    let after = before.and_then(|before| {
        let last = |seen: &&Counted<'_>| {
            seen.boot != visits[before].boot
                && seen.memory == 0
                && seen.mongodb >= visits[before].mongodb
        };
        visits[before..].iter().find(last)
    });
    let higher = after.and_then(|after| {
        visits.iter().find(|seen| seen.boot == after.boot && seen.mongodb > after.mongodb)
    });
    vec![
        Goal::new(
            "Both counters counted.",
            before.map(|before| {
                let seen = &visits[before];
                format!(
                    "{}: {} in memory, {} in MongoDB.",
                    told(seen.visit),
                    seen.memory,
                    seen.mongodb
                )
            }),
        ),
        Goal::new(
            "After a restart the one in memory was gone.",
            after.map(|seen| {
                format!(
                    "{}: another boot number, nothing in memory, {} in MongoDB.",
                    told(seen.visit),
                    seen.mongodb
                )
            }),
        ),
        Goal::new(
            "The one in MongoDB went on.",
            higher.map(|seen| format!("{}: {} in MongoDB.", told(seen.visit), seen.mongodb)),
        ),
    ]
}
