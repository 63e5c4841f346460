//! Lesson 13: what each option of express-session writes, hands out and accepts.

use std::time::Duration;

use super::Goal;
use super::evidence::{
    Evidence, lab_commands, lab_found, lab_lost, lab_refused, number, sent, set, signature,
};
use crate::names::LAB_COOKIE;
use crate::teach::progress::Proof;
use crate::trace::{Exchange, Signature, Write};

/// The address of the lab.
const LAB: &str = "/lab/the-options";

const DAY: Duration = Duration::from_secs(86_400);

/// The goals of the lesson.
pub(super) fn check(evidence: &Evidence) -> Vec<Goal> {
    let wrote = |visit: &Exchange, write| visit.written(LAB_COOKIE) == Some(write);
    let newcomer = |write| {
        let mut visits = evidence.visits_after("newcomer");
        visits.find(|visit| sent(visit, LAB_COOKIE).is_none() && wrote(visit, write))
    };
    let found = || evidence.visits().filter(|visit| lab_found(visit));
    let unchanged = |write| found().find(|visit| wrote(visit, write));
    let current = || found().filter(|visit| !is_outdated(visit));
    let resent = |visit: &&Exchange| set(visit, LAB_COOKIE).is_some();
    let lost = || evidence.visits().filter(|visit| lab_lost(visit));
    let pair = lost().find_map(|lost| Some((lost, found().find(|found| is_same(lost, found))?)));
    let (elsewhere, back) = pair.unzip();
    let is_new = |visit: &Exchange| number(visit, "new secret alone") == Some(1);
    let refused = evidence.visits().find(|visit| lab_refused(visit) && is_new(visit));
    let accepted = refused.and_then(|refused| {
        found().find(|visit| visit.number > refused.number && is_outdated(visit))
    });
    // A session that has reached its absolute end is touched without a command. Memory sends none at all.
    let is_moved = |visit: &&Exchange| sets_expiry(visit) || lab_commands(visit) == 0;
    let touched = found().filter(is_moved).find(|visit| wrote(visit, Write::Touch));
    let (stored, unstored) = (newcomer(Write::Insert), newcomer(Write::Nothing));
    let (resaved, left) = (unchanged(Write::Update), unchanged(Write::Nothing));
    // The last one, which is still recorded when the other visit comes.
    let still = current().filter(|visit| !resent(visit)).last();
    vec![
        ("save-uninitialized", Proof::all([("stored", stored), ("unstored", unstored)])),
        ("resave", Proof::all([("resaved", resaved), ("touched", touched)])),
        ("touch-after", Proof::all([("moved", touched), ("left", left)])),
        ("collection", Proof::all([("elsewhere", elsewhere), ("found", back)])),
        ("max-age", a_day_ahead(evidence)),
        ("rolling", Proof::all([("rolled", current().find(resent)), ("still", still)])),
        ("new-secret", Proof::all([("refused", refused)])),
        ("both-secrets", Proof::all([("accepted", accepted)])),
    ]
}

fn sets_expiry(visit: &Exchange) -> bool {
    let mut of_lab = visit.commands().filter(|command| command.collection.starts_with("lab_"));
    of_lab.any(|command| command.sets("expires"))
}

/// Both visits brought the same ticket, and were looked up in different collections.
fn is_same(lost: &Exchange, found: &Exchange) -> bool {
    let sid = |visit| sent(visit, LAB_COOKIE).map(|cookie| &cookie.sid);
    let collection = |visit| number(visit, "other collection");
    sid(lost) == sid(found) && collection(lost) != collection(found)
}

/// The signature of the cookie was made with an older secret.
fn is_outdated(visit: &Exchange) -> bool {
    matches!(signature(visit, LAB_COOKIE), Some(Signature::Genuine { outdated: true, .. }))
}

fn a_day_ahead(evidence: &Evidence) -> Option<Proof> {
    let is_a_day = |lives: &Duration| lives.abs_diff(DAY) < Duration::from_secs(60);
    let mut own = evidence.own.iter().filter(|exchange| exchange.path == LAB);
    own.find_map(|exchange| {
        let lives = lifetime(exchange).filter(is_a_day)?;
        Some(Proof::of("day", exchange).fact("seconds", lives.as_secs()))
    })
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
