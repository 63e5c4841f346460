//! Lesson 8: what secret, resave, saveUninitialized and maxAge do, read from the writes.

use std::time::Duration;

use super::evidence::{Evidence, lab_found, lab_refused, seal, sent, set};
use super::{Goal, Lesson};
use crate::teach::labs::COOKIE;
use crate::teach::progress::Proof;
use crate::trace::{Exchange, Seal, Write};

pub const LESSON: Lesson = Lesson {
    slug: SLUG,
    template: "lessons/08-the-options/page",
    lab: Some("lessons/08-the-options/lab"),
    needs_login: false,
    check,
    answer: None,
};

const SLUG: &str = "the-options";

fn check(evidence: &Evidence) -> Vec<Goal> {
    let wrote = |visit: &Exchange, write| visit.written(COOKIE) == Some(write);
    let newcomer = |write| {
        let mut visits = evidence.visits_after(SLUG, "newcomer");
        visits.find(|visit| sent(visit, COOKIE).is_none() && wrote(visit, write))
    };
    let unchanged = |write| {
        let mut visits = evidence.visits(SLUG).filter(|visit| lab_found(visit));
        visits.find(|visit| wrote(visit, write))
    };
    let uninitialized = newcomer(Write::Insert).zip(newcomer(Write::Nothing));
    let resave = unchanged(Write::Update).zip(unchanged(Write::Touch));
    let refused = evidence.visits_after(SLUG, "switch").find(|visit| lab_refused(visit));
    let accepted = refused.and_then(|refused| {
        let later = |visit: &&Exchange| visit.number > refused.number;
        evidence.visits_after(SLUG, "switch").filter(later).find(|visit| is_outdated(visit))
    });
    vec![
        ("save-uninitialized", uninitialized.map(both)),
        ("resave", resave.map(both)),
        ("max-age", a_day_ahead(evidence)),
        ("new-secret", refused.map(Proof::by)),
        ("both-secrets", accepted.map(Proof::by)),
    ]
}

/// A visit with the switch on and one without it.
fn both((with, without): (&Exchange, &Exchange)) -> Proof {
    Proof::default().and("with", with).and("without", without)
}

/// The seal was that of an older secret than the first.
fn is_outdated(visit: &Exchange) -> bool {
    matches!(seal(visit, COOKIE), Some(Seal::Genuine { outdated: true, .. }))
}

fn a_day_ahead(evidence: &Evidence) -> Option<Proof> {
    let day = Duration::from_secs(86_400);
    let (exchange, lives) = evidence.own.iter().find_map(|exchange| {
        let lives = lifetime(exchange)?;
        let off = lives.abs_diff(day);
        (off < Duration::from_secs(60)).then_some((exchange, lives))
    })?;
    Some(Proof::by(exchange).with("seconds", lives.as_secs()))
}

/// How long the lab's ticket is to be kept, as its `Set-Cookie` said.
fn lifetime(exchange: &Exchange) -> Option<Duration> {
    let cookie = set(exchange, COOKIE)?;
    let expires = cookie.attributes.split("; ").find_map(|part| part.strip_prefix("Expires="))?;
    let line = format!("x=y; Expires={expires}");
    let parsed = rocket::http::Cookie::parse(line).ok()?;
    let ends = std::time::SystemTime::from(parsed.expires_datetime()?);
    // Whole seconds, rounded down by the format.
    ends.duration_since(exchange.at).ok().map(|left| left + Duration::from_millis(500))
}
