//! Lesson 10: logging out, expiry and TTL are three clocks.

use super::Goal;
use super::evidence::{Evidence, lab_lost, number, sent};
use crate::names::LAB_COOKIE;
use crate::teach::progress::Proof;
use crate::trace::Exchange;

/// The goals of the lesson.
pub(super) fn check(evidence: &Evidence) -> Vec<Goal> {
    let after = |button: &str| {
        let pressed = evidence.pressed(button).last()?;
        // Until the next button of the lab, or it would be that one's doing.
        let next = evidence.own.iter().find(|exchange| {
            let is_button = exchange.method == "POST" && exchange.path == pressed.path;
            is_button && exchange.number > pressed.number
        });
        let until = next.map_or(u64::MAX, |next| next.number);
        Some(move |visit: &&Exchange| (pressed.number..until).contains(&visit.number))
    };
    let without_cookie = |button| {
        let mut visits = evidence.visits().filter(after(button)?);
        visits
            .find(|visit| sent(visit, LAB_COOKIE).is_none() && number(visit, "is kept") == Some(1))
    };
    let lost = |button| evidence.visits().filter(after(button)?).find(|visit| lab_lost(visit));
    vec![
        ("forget", without_cookie("forget").map(Proof::from)),
        ("logout", lost("replay").map(Proof::from)),
        ("browser-clock", without_cookie("short-cookie").map(Proof::from)),
        ("server-clock", lost("short-document").map(Proof::from)),
    ]
}
