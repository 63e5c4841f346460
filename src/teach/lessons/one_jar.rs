//! Lesson 3: Cookie every time, Set-Cookie rarely; one jar for all tabs.

use std::sync::Arc;

use super::Goal;
use super::evidence::{Evidence, new_ticket, ticket};
use crate::teach::progress::Proof;
use crate::trace::Exchange;

/// The number of pages to look at.
const PAGES: usize = 5;

/// The goals of the lesson.
pub(super) fn check(evidence: &Evidence) -> Vec<Goal> {
    vec![("pages", five_pages(&evidence.own)), ("jars", two_jars(&evidence.all_browsers))]
}

fn five_pages(own: &[Arc<Exchange>]) -> Option<Proof> {
    let pages: Vec<_> = own
        .iter()
        .filter(|exchange| exchange.method == "GET" && ticket(exchange).is_some())
        .collect();
    let quiet = pages.iter().filter(|exchange| new_ticket(exchange).is_none()).count();
    let (first, last) = (pages.first()?, pages.last()?);
    (quiet >= PAGES && quiet == pages.len())
        .then(|| Proof::default().add("first", first).add("last", last).fact("count", pages.len()))
}

/// One session, then another, then the first again: both are alive, in two cookie jars.
fn two_jars(all_browsers: &[Arc<Exchange>]) -> Option<Proof> {
    let tickets = all_browsers.iter().filter_map(|exchange| Some((exchange, ticket(exchange)?)));
    let tickets: Vec<_> = tickets.collect();
    let (_, first) = tickets.first()?;
    let other = tickets.iter().position(|(_, ticket)| ticket != first)?;
    let again = tickets[other..].iter().find(|(_, ticket)| ticket == first)?;
    let (exchange, second) = tickets[other];
    let proof = Proof::default().add("there", exchange).add("here", again.0);
    Some(proof.fact("second", second).fact("first", first))
}
