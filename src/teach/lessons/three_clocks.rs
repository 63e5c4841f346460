//! Lesson 10: a logout ends the session at once, and three clocks end cookie, session and document.

use super::evidence::{
    Evidence, Exchange, Goal, LAB_COOKIE, LAB_SESSIONS, Proof, Signature, Write,
};

/// What has shown the lab that the third clock has cleared a session away.
pub(crate) const BY_STREAM: &str = "the change stream";
pub(crate) const BY_FIND: &str = "a find that found nothing";
pub(crate) const IN_MEMORY: &str = "memory, which has no TTL";

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
        let is_kept = |visit: &&Exchange| visit.fact("is kept") == Some(1);
        let mut visits = evidence.visits().filter(after(button)?).filter(is_kept);
        visits.find(|visit| visit.cookie(LAB_COOKIE).is_none())
    };
    let expired = evidence.visits().find(|visit| is_expired(visit));
    vec![
        ("forget", Proof::all([("forgotten", without_cookie("forget"))])),
        ("logout", logged_out(evidence)),
        ("browser-clock", Proof::all([("dropped", without_cookie("short-cookie"))])),
        ("server-clock", Proof::all([("expired", expired)])),
        ("ttl", cleared(evidence)),
    ]
}

/// The session of this ticket was ended, and the same ticket came later.
fn logged_out(evidence: &Evidence) -> Option<Proof> {
    evidence.pressed("logout").find_map(|logout| {
        let sid = genuine(logout).filter(|_| logout.written(LAB_COOKIE) == Some(Write::Delete))?;
        let mut later = evidence.visits().filter(|visit| visit.number > logout.number);
        let replayed = later.find(|visit| visit.lab_lost() && genuine(visit) == Some(sid))?;
        let proof = Proof::of("logout", logout).add("replayed", replayed);
        Some(proof.fact("id", sid))
    })
}

/// The short session ID of a genuine cookie of the lab.
fn genuine(exchange: &Exchange) -> Option<&str> {
    match exchange.lab_signature()? {
        Signature::Genuine { sid, .. } => Some(sid),
        _ => None,
    }
}

/// The session was still stored, and did not count.
fn is_expired(visit: &Exchange) -> bool {
    let mut finds = visit.commands().filter(|command| command.collection == LAB_SESSIONS);
    let found = finds.next().map(|find| find.reply.as_ref().and_then(|reply| reply.count));
    visit.lab_lost() && found.map_or(visit.fact(IN_MEMORY).is_some(), |count| count == Some(1))
}

/// A visit that shows what became of an expired session.
fn cleared(evidence: &Evidence) -> Option<Proof> {
    evidence.visits().find_map(|visit| {
        let of = |by| Some((by, visit.fact(by)?));
        let (by, late) = [BY_STREAM, BY_FIND, IN_MEMORY].into_iter().find_map(of)?;
        Some(Proof::of("cleared", visit).fact("by", by).fact("late", late))
    })
}
