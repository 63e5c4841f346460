//! Lesson 8: what secret, resave, saveUninitialized and maxAge do, read from the writes.

use std::time::Duration;

use super::Goal;
use super::evidence::{Evidence, lab_found, lab_refused, sent, set, signature};
use crate::names::LAB_COOKIE;
use crate::teach::progress::Proof;
use crate::trace::{Exchange, Signature, Write};

/// The goals of the lesson.
pub(super) fn check(evidence: &Evidence) -> Vec<Goal> {
    let wrote = |visit: &Exchange, write| visit.written(LAB_COOKIE) == Some(write);
    let newcomer = |write| {
        let mut visits = evidence.visits_after("newcomer");
        visits.find(|visit| sent(visit, LAB_COOKIE).is_none() && wrote(visit, write))
    };
    let unchanged = |write| {
        let mut visits = evidence.visits().filter(|visit| lab_found(visit));
        visits.find(|visit| wrote(visit, write))
    };
    let uninitialized = newcomer(Write::Insert).zip(newcomer(Write::Nothing));
    let resave = unchanged(Write::Update).zip(unchanged(Write::Touch));
    let refused = evidence.visits_after("switch").find(|visit| lab_refused(visit));
    let accepted = refused.and_then(|refused| {
        let later = |visit: &&Exchange| visit.number > refused.number;
        evidence.visits_after("switch").filter(later).find(|visit| is_outdated(visit))
    });
    vec![
        ("save-uninitialized", uninitialized.map(both)),
        ("resave", resave.map(both)),
        ("max-age", a_day_ahead(evidence)),
        ("new-secret", refused.map(Proof::from)),
        ("both-secrets", accepted.map(Proof::from)),
    ]
}

/// A visit with the switch on and one without it.
fn both((with, without): (&Exchange, &Exchange)) -> Proof {
    Proof::default().add("with", with).add("without", without)
}

/// The signature of the cookie was made with an older secret.
fn is_outdated(visit: &Exchange) -> bool {
    matches!(signature(visit, LAB_COOKIE), Some(Signature::Genuine { outdated: true, .. }))
}

fn a_day_ahead(evidence: &Evidence) -> Option<Proof> {
    let day = Duration::from_secs(86_400);
    let (exchange, lives) = evidence.own.iter().find_map(|exchange| {
        let lives = lifetime(exchange)?;
        let off = lives.abs_diff(day);
        (off < Duration::from_secs(60)).then_some((exchange, lives))
    })?;
    Some(Proof::from(exchange).fact("seconds", lives.as_secs()))
}

/// The lifetime of the lab's cookie, by its `Set-Cookie` line.
fn lifetime(exchange: &Exchange) -> Option<Duration> {
    let cookie = set(exchange, LAB_COOKIE)?;
    let expires = cookie.attributes.split("; ").find_map(|part| part.strip_prefix("Expires="))?;
    let line = format!("x=y; Expires={expires}");
    let parsed = rocket::http::Cookie::parse(line).ok()?;
    let ends = std::time::SystemTime::from(parsed.expires_datetime()?);
    // Whole seconds, rounded down by the format.
    ends.duration_since(exchange.received).ok().map(|left| left + Duration::from_millis(500))
}
