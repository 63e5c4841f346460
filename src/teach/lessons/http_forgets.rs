//! Lesson 1: HTTP forgets, and the browser attaches the cookie to every request.

use super::evidence::{Evidence, ticket};
use super::{Goal, Lesson};
use crate::teach::progress::Proof;

/// The page of the lesson, where both questions come from.
pub const PAGE: &str = "/learn/http-forgets";

/// Where both questions go.
pub const WHO: &str = "/learn/http-forgets/who/";

pub const LESSON: Lesson = Lesson {
    slug: "http-forgets",
    template: "lessons/01-http-forgets/page",
    lab: None,
    needs_login: true,
    check,
    answer: None,
};

fn check(evidence: &Evidence) -> Vec<Goal> {
    let mut asked = evidence.own.iter().filter(|exchange| exchange.path.starts_with(WHO));
    let me =
        asked.clone().find(|exchange| exchange.user.is_some() && exchange.user == evidence.user);
    let nobody = asked.find(|exchange| exchange.user.is_none() && ticket(exchange).is_none());
    vec![
        ("me", me.map(|me| Proof::by(me).with("ticket", ticket(me).unwrap_or_default()))),
        ("nobody", nobody.map(|nobody| Proof::by(nobody))),
    ]
}
