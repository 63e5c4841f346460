//! Lesson 10: logging out, expiry and TTL are three clocks.

use super::evidence::{Evidence, lab_lost, number, sent, told};
use super::{Goal, Lesson};
use crate::trace::Exchange;

pub const LESSON: Lesson = Lesson {
    slug: SLUG,
    template: "lessons/10-three-clocks/page",
    lab: Some("lessons/10-three-clocks/lab"),
    needs_login: false,
    check,
    answer: None,
};

const SLUG: &str = "three-clocks";

fn check(evidence: &Evidence) -> Vec<Goal> {
    let after = |button: &str| {
        let pressed = evidence.pressed(SLUG, button).last()?;
        // Until the next button, or it would be that one's doing.
        let next = evidence
            .own
            .iter()
            .find(|exchange| exchange.method == "POST" && exchange.number > pressed.number);
        let until = next.map_or(u64::MAX, |next| next.number);
        Some(move |visit: &&Exchange| (pressed.number..until).contains(&visit.number))
    };
    let without_cookie = |button| {
        let mut visits = evidence.visits(SLUG).filter(after(button)?);
        visits.find(|visit| sent(visit, "lab.sid").is_none() && number(visit, "is kept") == Some(1))
    };
    let lost = |button| evidence.visits(SLUG).filter(after(button)?).find(|visit| lab_lost(visit));
    vec![
        Goal::new(
            "Throwing the cookie away logs nobody out: the document is still there.",
            without_cookie("forget")
                .map(|visit| format!("{}: no cookie, and the document is kept.", told(visit))),
        ),
        Goal::new(
            "Logging out does: the old ticket is worth nothing.",
            lost("replay")
                .map(|visit| format!("{}: a genuine ticket, and no session.", told(visit))),
        ),
        Goal::new(
            "The browser's clock: after 20 seconds no cookie, and the document is still there.",
            without_cookie("short-cookie")
                .map(|visit| format!("{}: no cookie any more, the document is kept.", told(visit))),
        ),
        Goal::new(
            "The server's clock: after 20 seconds the ticket is genuine, and the session is over.",
            lost("short-document").map(|visit| {
                format!("{}: a genuine ticket, and the session is over.", told(visit))
            }),
        ),
    ]
}
