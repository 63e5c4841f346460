//! Lesson 7: why the store in memory is not for production.

use super::Goal;
use super::evidence::{Evidence, number};
use crate::teach::progress::Proof;
use crate::trace::Exchange;

/// The counters as a visit showed them.
struct Counted<'e> {
    visit: &'e Exchange,
    boot: i64,
    memory: i64,
    mongodb: i64,
}

impl Counted<'_> {
    fn proof(&self) -> Proof {
        let proof = Proof::from(self.visit).fact("boot", self.boot);
        proof.fact("memory", self.memory).fact("mongodb", self.mongodb)
    }
}

fn counted(visit: &Exchange) -> Option<Counted<'_>> {
    Some(Counted {
        visit,
        boot: number(visit, "boot number")?,
        memory: number(visit, "counter in memory")?,
        mongodb: number(visit, "counter in MongoDB")?,
    })
}

/// The goals of the lesson.
pub(super) fn check(evidence: &Evidence) -> Vec<Goal> {
    let visits: Vec<Counted<'_>> = evidence.visits().filter_map(counted).collect();
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
        ("counted", before.map(|before| visits[before].proof())),
        ("gone", after.map(Counted::proof)),
        ("went-on", higher.map(Counted::proof)),
    ]
}
