//! Lesson 9: a ticket that was planted before the login is worth nothing after it, if the login gives a new
//! session ID.

use super::evidence::{Evidence, Exchange, Goal, LAB_COOKIE, Proof, Write};

/// The lab's note about the session of a visit: 1 if Oskar is logged in to it.
pub(crate) const IS_OSKAR: &str = "the session's user is Oskar";

pub(super) fn check(evidence: &Evidence) -> Vec<Goal> {
    let planted: Vec<&str> =
        evidence.pressed("plant").filter_map(Exchange::new_lab_ticket).collect();
    let is_planted =
        |exchange: &&Exchange| exchange.lab_ticket().is_some_and(|id| planted.contains(&id));
    let visit = evidence.visits().filter(is_planted).find(|visit| visit.lab_found());
    let logins = |button, holds: fn(&&Exchange) -> bool| -> Vec<&Exchange> {
        evidence.pressed(button).filter(is_planted).filter(holds).collect()
    };
    let kept = logins("keep", |login| {
        login.written(LAB_COOKIE) == Some(Write::Update) && !has_new_id(login)
    });
    let renewed = logins("regenerate", |login| has_new_id(login));
    let new_id = renewed
        .first()
        .and_then(|login| Some(proof("renewed", login)?.fact("new_id", login.new_lab_ticket()?)));
    vec![
        ("planted", visit.and_then(|visit| proof("planted", visit))),
        ("kept", kept.first().and_then(|login| proof("kept", login))),
        ("in", kept.iter().find_map(|login| looked(evidence, login, "in"))),
        ("renewed", new_id),
        ("out", renewed.iter().find_map(|login| looked(evidence, login, "out"))),
    ]
}

/// A request, with the session ID that it brought as the fact `<name>_id`.
fn proof(name: &str, exchange: &Exchange) -> Option<Proof> {
    let id = exchange.lab_ticket()?;
    Some(Proof::of(name, exchange).fact(&format!("{name}_id"), id))
}

/// After this login, Mallory has looked with the ticket that was planted before it, and is `in` or `out`.
fn looked(evidence: &Evidence, login: &Exchange, name: &str) -> Option<Proof> {
    let looks = evidence.pressed("mallory").find(|pressed| pressed.number > login.number)?;
    let visit = evidence.visits().find(|visit| {
        let is_oskar = visit.lab_found() && visit.fact(IS_OSKAR) == Some(1);
        visit.number > looks.number
            && visit.lab_ticket() == login.lab_ticket()
            && if name == "in" { is_oskar } else { visit.lab_lost() }
    });
    proof(name, visit?)
}

/// The response set another session ID than the request brought, not the same one with a later expiry.
fn has_new_id(login: &Exchange) -> bool {
    login.new_lab_ticket().is_some_and(|id| Some(id) != login.lab_ticket())
}
