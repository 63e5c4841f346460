//! Lesson 12: what a restart does to sessions in memory, and to those in MongoDB.

use super::evidence::{Evidence, Exchange, Goal, Proof};
use crate::names::MEMORY_COOKIE;

/// The counters as a visit showed them.
struct Counted<'e> {
    visit: &'e Exchange,
    boot: i64,
    memory: i64,
    mongodb: i64,
}

fn counted(visit: &Exchange) -> Option<Counted<'_>> {
    let [boot, memory, mongodb] =
        ["boot number", "counter in memory", "counter in MongoDB"].map(|fact| visit.fact(fact));
    Some(Counted { visit, boot: boot?, memory: memory?, mongodb: mongodb? })
}

/// A restart between two visits lost the counter in memory. The browser still sent the cookie for it.
fn is_restart(last: &Counted<'_>, after: &Counted<'_>) -> bool {
    let is_lost = last.memory > 0 && after.memory == 0;
    let went_on = last.mongodb > 0 && after.mongodb == last.mongodb;
    let has_cookie = after.visit.cookie(MEMORY_COOKIE).is_some();
    last.boot != after.boot && is_lost && went_on && has_cookie
}

pub(super) fn check(evidence: &Evidence) -> Vec<Goal> {
    let visits: Vec<Counted<'_>> = evidence.visits().filter_map(counted).collect();
    let first = visits.iter().find(|seen| seen.memory > 0 && seen.mongodb > 0);
    let restart = visits.windows(2).find_map(|pair| match pair {
        [last, after] if is_restart(last, after) => Some((last, after)),
        _ => None,
    });
    let later = restart.and_then(|(_, after)| {
        let is_higher = |seen: &&Counted<'_>| seen.boot == after.boot && seen.memory > 0;
        visits.iter().find(is_higher).filter(|seen| seen.mongodb > after.mongodb)
    });
    let gone = restart.map(|(last, after)| {
        let proof = Proof::of("last", last.visit).add("after", after.visit);
        let proof = proof.fact("boot_last", last.boot).fact("boot_after", after.boot);
        proof.fact("memory_last", last.memory).fact("mongodb_last", last.mongodb)
    });
    let went_on = later.map(|later| {
        let proof = Proof::of("later", later.visit);
        proof.fact("memory_later", later.memory).fact("mongodb_later", later.mongodb)
    });
    vec![
        ("counted", first.map(|first| Proof::of("first", first.visit))),
        ("gone", gone),
        ("went-on", went_on),
    ]
}
