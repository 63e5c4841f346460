//! Lesson 8: which cookies a browser sends with a request that a page of another site starts.

use std::sync::Arc;

use super::evidence::{Evidence, Exchange, Goal, Proof};
use crate::names::SITE_COOKIES;

pub(super) const SLUG: &str = "another-site";

/// The page that plays another site.
pub(crate) const OTHER: &str = "/lab/another-site/other";

/// Where its forms, its link and its image lead to.
pub(crate) const TARGET: &str = "/lab/another-site/target";

/// The fact that the other page notes: the age of the cookies in seconds.
pub(crate) const AGE: &str = "seconds since the cookies were given";

/// The kinds of requests that the other page starts.
const KINDS: [&str; 4] = ["POST form", "GET form", "link", "image"];

/// A request of the other page, and which of the three cookies came with it.
pub(crate) struct Hit<'e> {
    pub kind: &'static str,
    pub exchange: &'e Exchange,
    /// The age of the cookies in seconds.
    pub age: i64,
    pub came: [bool; 3],
}

/// The requests of pages that got all three cookies: a browser held back those that are missing.
pub(crate) fn hits(own: &[Arc<Exchange>]) -> impl Iterator<Item = Hit<'_>> {
    own.iter().filter(|exchange| exchange.path == TARGET).filter_map(|exchange| {
        let page = page_of(exchange, own)?;
        Some(Hit {
            kind: KINDS.into_iter().find(|kind| exchange.fact(kind).is_some())?,
            exchange,
            age: page.fact(AGE)? + exchange.received.since(page.received) / 1_000,
            came: SITE_COOKIES.map(|name| exchange.cookie(name).is_some()),
        })
    })
}

/// The other page that has started this request.
fn page_of<'e>(exchange: &Exchange, own: &'e [Arc<Exchange>]) -> Option<&'e Exchange> {
    let follows = exchange.follows.as_deref()?;
    let page = own.iter().find(|page| page.id == follows && page.path == OTHER)?;
    SITE_COOKIES.iter().all(|name| page.cookie(name).is_some()).then_some(page)
}

/// A request with the cookie `Strict` is none of another site: that is what the attribute means.
pub(super) fn check(evidence: &Evidence) -> Vec<Goal> {
    let found = |kind: &str, is_lax_sent: bool, name: &'static str| {
        let mut hits = hits(&evidence.own);
        let is_it = |hit: &Hit<'_>| hit.kind == kind && hit.came[1..] == [is_lax_sent, false];
        let Hit { exchange, age, came, .. } = hits.find(is_it)?;
        let names = SITE_COOKIES.iter().zip(came).filter(|(_, came)| *came).map(|(name, _)| *name);
        let names = names.collect::<Vec<_>>().join(" and ");
        let names = if names.is_empty() { "none of them".to_owned() } else { names };
        let proof = Proof::of(name, exchange);
        Some(proof.fact(&format!("{name}_came"), names).fact(&format!("{name}_age"), age))
    };
    let is_refused = |exchange: &&Arc<Exchange>| {
        let is_form = exchange.method == "POST" && !exchange.path.starts_with("/lab/");
        is_form && exchange.status == 403 && page_of(exchange, &evidence.own).is_some()
    };
    let refused = evidence.own.iter().find(is_refused);
    vec![
        ("post", found("POST form", false, "post")),
        ("get", found("GET form", true, "get")),
        ("link", found("link", true, "link")),
        ("image", found("image", false, "image")),
        ("refused", refused.map(|exchange| Proof::of("refused", exchange))),
    ]
}
