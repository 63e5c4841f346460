//! Lesson 9: a ticket that was planted before the login is worth nothing after it, if the login gives a new
//! session ID.

use super::Goal;
use super::evidence::{Evidence, lab_found, lab_lost, lab_ticket, number, set};
use crate::names::LAB_COOKIE;
use crate::teach::progress::Proof;
use crate::trace::{Exchange, Write};

/// The lab's note about the session of a visit: 1 if Oskar is logged in to it.
pub(crate) const IS_OSKAR: &str = "the session's user is Oskar";

/// The goals of the lesson.
pub(super) fn check(evidence: &Evidence) -> Vec<Goal> {
    let planted: Vec<&str> = evidence.pressed("plant").filter_map(given).collect();
    let is_planted =
        |exchange: &&Exchange| lab_ticket(exchange).is_some_and(|id| planted.contains(&id));
    let visit = evidence.visits().filter(is_planted).find(|visit| lab_found(visit));
    let logins = |button, holds: fn(&&Exchange) -> bool| -> Vec<&Exchange> {
        evidence.pressed(button).filter(is_planted).filter(holds).collect()
    };
    let kept = logins("keep", |login| {
        login.written(LAB_COOKIE) == Some(Write::Update) && !has_new_id(login)
    });
    let renewed = logins("regenerate", |login| has_new_id(login));
    let first = renewed.first();
    vec![
        ("planted", visit.and_then(|visit| proof("planted", visit))),
        ("kept", kept.first().and_then(|login| proof("kept", login))),
        ("in", kept.iter().find_map(|login| looked(evidence, login, "in"))),
        (
            "renewed",
            first.and_then(|login| Some(proof("renewed", login)?.fact("new_id", given(login)?))),
        ),
        ("out", renewed.iter().find_map(|login| looked(evidence, login, "out"))),
    ]
}

/// A request, with the session ID that it brought as the fact `<name>_id`.
fn proof(name: &str, exchange: &Exchange) -> Option<Proof> {
    let id = lab_ticket(exchange)?;
    Some(Proof::of(name, exchange).fact(&format!("{name}_id"), id))
}

/// After this login, Mallory has looked with the ticket that was planted before it, and is `in` or `out`.
fn looked(evidence: &Evidence, login: &Exchange, name: &str) -> Option<Proof> {
    let looks = evidence.pressed("mallory").find(|pressed| pressed.number > login.number)?;
    let visit = evidence.visits().find(|visit| {
        let is_oskar = lab_found(visit) && number(visit, IS_OSKAR) == Some(1);
        visit.number > looks.number
            && lab_ticket(visit) == lab_ticket(login)
            && if name == "in" { is_oskar } else { lab_lost(visit) }
    });
    proof(name, visit?)
}

/// The response set another session ID than the request brought, not the same one with a later expiry.
fn has_new_id(login: &Exchange) -> bool {
    given(login).is_some_and(|id| Some(id) != lab_ticket(login))
}

/// The short session ID that a response gave the browser.
fn given(exchange: &Exchange) -> Option<&str> {
    set(exchange, LAB_COOKIE)?.sid.as_deref()
}
