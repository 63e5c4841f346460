//! Lesson 7: a script in a page reads the cookies without `HttpOnly`, and the browser sends all of them.

use super::evidence::{Evidence, Exchange, Goal, Proof};
use crate::names::SCRIPT_COOKIES;

/// The facts about the script's request: for each of the two cookies, whether the script has read its value.
pub(crate) const READS: [&str; 2] =
    ["the script has read lab.plain", "the script has read lab.http-only"];

/// The fact about a page: the site escapes the entries of the guest book.
pub(crate) const IS_ESCAPED: &str = "the entries are escaped";

pub(super) fn check(evidence: &Evidence) -> Vec<Goal> {
    let reads = |exchange: &&Exchange| READS.map(|fact| exchange.fact(fact)) == [Some(1), Some(0)];
    let script = evidence.pressed("stranger").find(reads);
    let has_both =
        |exchange: &&Exchange| SCRIPT_COOKIES.iter().all(|name| exchange.cookie(name).is_some());
    let acted = evidence.pressed("stranger").filter(has_both).find(reads);
    let is_mended = |visit: &&Exchange| visit.fact(IS_ESCAPED) == Some(1);
    let mended = evidence.visits().filter(is_mended).find(has_both);
    vec![
        ("read", Proof::all([("script", script)])),
        ("acted", Proof::all([("acted", acted)])),
        ("mended", Proof::all([("mended", mended.filter(|_| script.is_some()))])),
    ]
}
