//! Lesson 4: Cookie every time, Set-Cookie rarely; one jar for all tabs.

use std::sync::Arc;

use super::evidence::{Evidence, Exchange, Goal, Proof};

const PAGES: usize = 5;

pub(super) fn check(evidence: &Evidence) -> Vec<Goal> {
    vec![("pages", five_pages(&evidence.own)), ("jars", two_jars(evidence))]
}

/// Pages with the session ID that this browser has now, most of them without a `Set-Cookie`. The response may
/// set the same session ID again, with another expiry.
fn five_pages(own: &[Arc<Exchange>]) -> Option<Proof> {
    let now = own.iter().rev().find_map(|exchange| exchange.ticket())?;
    let is_page = |exchange: &&Arc<Exchange>| {
        exchange.method == "GET" && exchange.ticket().is_some_and(|ticket| ticket == now)
    };
    let pages: Vec<_> = own.iter().filter(is_page).collect();
    let (begin, end) = (pages.first()?, pages.last()?);
    let sets = pages.iter().filter(|exchange| exchange.new_ticket().is_some()).count();
    let proof = Proof::of("begin", begin).add("end", end).fact("ticket", now);
    let proof = proof.fact("count", pages.len()).fact("sets", sets);
    (pages.len() - sets >= PAGES).then_some(proof)
}

/// This browser, another one of the same user, then this one again: both sessions live, in two cookie jars.
fn two_jars(Evidence { own, all_browsers, .. }: &Evidence) -> Option<Proof> {
    let here = own.last()?;
    let now = here.ticket()?;
    let before = own.iter().find(|exchange| exchange.ticket() == Some(now))?;
    let (there, other) = all_browsers.iter().find_map(|exchange| {
        let other = exchange.ticket().filter(|ticket| *ticket != now)?;
        let is_between = before.received <= exchange.received && exchange.received <= here.received;
        // A login brings the ID that it replaces, so only a page counts.
        (is_between && exchange.method == "GET").then_some((exchange, other))
    })?;
    let proof = Proof::of("there", there).add("here", here);
    Some(proof.fact("other_id", other).fact("own_id", now))
}
