//! Lesson 2: ticket and coat, cookie and session, and where the data lives.

use super::evidence::{Evidence, new_ticket, ticket, told};
use super::{Goal, Lesson};
use crate::trace::Write;

pub const LESSON: Lesson = Lesson {
    slug: "ticket-and-coat",
    template: "lessons/02-ticket-and-coat/page",
    lab: None,
    needs_login: true,
    check,
    answer: None,
};

fn check(evidence: &Evidence) -> Vec<Goal> {
    let hung = evidence.own.iter().find(|exchange| {
        let wrote = exchange.steps.iter().any(|noted| {
            matches!(&noted.step, crate::trace::Step::Written { write: Write::Update, .. })
        });
        exchange.path == "/coat" && exchange.status == 303 && wrote
    });
    let is_stored = evidence.session.contains("\"coat\":[\"");
    vec![
        Goal::new(
            "What you hung up is in the document on the server.",
            hung.filter(|_| is_stored).map(|exchange| {
                format!(
                    "{}: the session in MongoDB was changed, and the item is in it.",
                    told(exchange)
                )
            }),
        ),
        Goal::new(
            "Your ticket is still the same.",
            hung.filter(|exchange| new_ticket(exchange).is_none()).and_then(|exchange| {
                let ticket = ticket(exchange)?;
                Some(format!("{}: ticket {ticket} came, no Set-Cookie went back.", told(exchange)))
            }),
        ),
    ]
}
