//! Lesson 3: Cookie every time, Set-Cookie rarely; one jar for all tabs.

use std::sync::Arc;

use super::evidence::{Evidence, new_ticket, ticket};
use super::{Goal, Lesson};
use crate::teach::progress::Proof;
use crate::trace::Exchange;

pub const LESSON: Lesson = Lesson {
    slug: "one-jar",
    template: "lessons/03-one-jar/page",
    lab: None,
    needs_login: true,
    check,
    answer: None,
};

/// Pages to look at.
const PAGES: usize = 5;

fn check(evidence: &Evidence) -> Vec<Goal> {
    vec![("pages", five_pages(&evidence.own)), ("jars", two_jars(&evidence.anywhere))]
}

fn five_pages(own: &[Arc<Exchange>]) -> Option<Proof> {
    let pages: Vec<_> = own
        .iter()
        .filter(|exchange| exchange.method == "GET" && ticket(exchange).is_some())
        .collect();
    let quiet = pages.iter().filter(|exchange| new_ticket(exchange).is_none()).count();
    let (first, last) = (pages.first()?, pages.last()?);
    (quiet >= PAGES && quiet == pages.len())
        .then(|| Proof::default().and("first", first).and("last", last).with("count", pages.len()))
}

/// One ticket, then another one, then the first again: both live, in two jars.
fn two_jars(anywhere: &[Arc<Exchange>]) -> Option<Proof> {
    let tickets = anywhere.iter().filter_map(|exchange| Some((exchange, ticket(exchange)?)));
    let tickets: Vec<_> = tickets.collect();
    let (_, first) = tickets.first()?;
    let other = tickets.iter().position(|(_, ticket)| ticket != first)?;
    let again = tickets[other..].iter().find(|(_, ticket)| ticket == first)?;
    let (exchange, second) = tickets[other];
    let proof = Proof::default().and("there", exchange).and("here", again.0);
    Some(proof.with("second", second).with("first", first))
}
