//! Lesson 3: Cookie every time, Set-Cookie rarely; one jar for all tabs.

use std::sync::Arc;

use super::evidence::{Evidence, new_ticket, ticket, told};
use super::{Goal, Lesson};
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
    vec![
        Goal::new("Five pages: Cookie five times, Set-Cookie not once.", five_pages(&evidence.own)),
        Goal::new(
            "A private window has a jar of its own: a second ticket for the same account.",
            two_jars(&evidence.anywhere),
        ),
    ]
}

fn five_pages(own: &[Arc<Exchange>]) -> Option<String> {
    let pages: Vec<_> = own
        .iter()
        .filter(|exchange| exchange.method == "GET" && ticket(exchange).is_some())
        .collect();
    let quiet = pages.iter().filter(|exchange| new_ticket(exchange).is_none()).count();
    let (first, last) = (pages.first()?, pages.last()?);
    (quiet >= PAGES && quiet == pages.len()).then(|| {
        let count = pages.len();
        format!(
            "{} to {}: Cookie in {count} of {count} pages, Set-Cookie in none.",
            told(first),
            last.number
        )
    })
}

/// One ticket, then another one, then the first again: both live, in two jars.
fn two_jars(anywhere: &[Arc<Exchange>]) -> Option<String> {
    let tickets = anywhere.iter().filter_map(|exchange| Some((exchange, ticket(exchange)?)));
    let tickets: Vec<_> = tickets.collect();
    let (_, first) = tickets.first()?;
    let other = tickets.iter().position(|(_, ticket)| ticket != first)?;
    let again = tickets[other..].iter().find(|(_, ticket)| ticket == first)?;
    let (exchange, second) = tickets[other];
    Some(format!(
        "{}: ticket {second}; {}: ticket {first}; both are yours.",
        told(exchange),
        told(again.0)
    ))
}
