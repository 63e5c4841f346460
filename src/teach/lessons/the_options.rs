//! Lesson 8: what secret, resave, saveUninitialized and maxAge do, read from the writes.

use std::time::Duration;

use super::evidence::{Evidence, lab_found, lab_refused, set, told};
use super::{Goal, Lesson};
use crate::trace::{Exchange, Write};

pub const LESSON: Lesson = Lesson {
    slug: SLUG,
    template: "lessons/08-the-options/page",
    lab: Some("lessons/08-the-options/lab"),
    needs_login: false,
    check,
    answer: None,
};

const SLUG: &str = "the-options";
const COOKIE: &str = crate::teach::labs::COOKIE;

fn check(evidence: &Evidence) -> Vec<Goal> {
    let wrote = |visit: &Exchange, write| visit.written(COOKIE) == Some(write);
    let newcomer = |write| {
        let mut visits = evidence.visits_after(SLUG, "newcomer");
        visits.find(|visit| set_by_nobody(visit) && wrote(visit, write)).map(told)
    };
    let unchanged = |write| {
        let mut visits = evidence.visits(SLUG).filter(|visit| lab_found(visit));
        visits.find(|visit| wrote(visit, write)).map(told)
    };
    let uninitialized = newcomer(Write::Insert).zip(newcomer(Write::Nothing));
    let resave = unchanged(Write::Update).zip(unchanged(Write::Touch));
    let refused = evidence.visits_after(SLUG, "switch").find(|visit| lab_refused(visit));
    let accepted = refused.and_then(|refused| {
        let later = |visit: &&Exchange| visit.number > refused.number;
        evidence.visits_after(SLUG, "switch").filter(later).find(|visit| is_outdated(visit))
    });
    vec![
        Goal::new(
            "saveUninitialized stores a session for nobody in particular; without it, nothing is stored.",
            uninitialized.map(|(with, without)| {
                format!("With it, {with}: 1 inserted. Without, {without}: no write.")
            }),
        ),
        Goal::new(
            "resave writes the whole session for an unchanged visit; without it, only its end is moved.",
            resave.map(|(with, without)| {
                format!("With it, {with}: `session` written. Without, {without}: `expires` alone.")
            }),
        ),
        Goal::new("maxAge of one day: Expires is a day ahead.", a_day_ahead(evidence)),
        Goal::new(
            "A new secret alone breaks every ticket there is.",
            refused.map(|visit| format!("{}: the seal of before no longer fits.", told(visit))),
        ),
        Goal::new(
            "The new secret and the first one together keep it.",
            accepted.map(|visit| {
                format!("{}: sealed with the older secret, and accepted.", told(visit))
            }),
        ),
    ]
}

/// The visit of a browser without a ticket.
fn set_by_nobody(visit: &Exchange) -> bool {
    super::evidence::sent(visit, COOKIE).is_none()
}

/// The seal was that of an older secret than the first.
fn is_outdated(visit: &Exchange) -> bool {
    use crate::trace::Seal;
    matches!(super::evidence::seal(visit, COOKIE), Some(Seal::Genuine { outdated: true, .. }))
}

fn a_day_ahead(evidence: &Evidence) -> Option<String> {
    let day = Duration::from_secs(86_400);
    let (exchange, lives) = evidence.own.iter().find_map(|exchange| {
        let lives = lifetime(exchange)?;
        let off = lives.abs_diff(day);
        (off < Duration::from_secs(60)).then_some((exchange, lives))
    })?;
    Some(format!("{}: Expires is {} seconds ahead.", told(exchange), lives.as_secs()))
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
