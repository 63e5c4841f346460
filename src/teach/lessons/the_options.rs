//! Lesson 13: what each option of express-session writes, hands out and accepts.

use super::evidence::{Evidence, Exchange, Goal, LAB_COOKIE, Proof, Signature, Write};

const LAB: &str = "/lab/the-options";

const DAY: i64 = 86_400_000;

pub(super) fn check(evidence: &Evidence) -> Vec<Goal> {
    let wrote = |visit: &Exchange, write| visit.written(LAB_COOKIE) == Some(write);
    let newcomer = |write| {
        let mut visits = evidence.visits_after("newcomer");
        visits.find(|visit| visit.cookie(LAB_COOKIE).is_none() && wrote(visit, write))
    };
    let found = || evidence.visits().filter(|visit| visit.lab_found());
    let unchanged = |write| found().find(|visit| wrote(visit, write));
    let current = || found().filter(|visit| !is_outdated(visit));
    let resent = |visit: &&Exchange| visit.set_cookie(LAB_COOKIE).is_some();
    let lost = || evidence.visits().filter(|visit| visit.lab_lost());
    let pair = lost().find_map(|lost| Some((lost, found().find(|found| is_same(lost, found))?)));
    let (elsewhere, back) = pair.unzip();
    let is_new = |visit: &Exchange| visit.fact("new secret alone") == Some(1);
    let refused = evidence.visits().find(|visit| visit.lab_refused() && is_new(visit));
    let accepted = refused.and_then(|refused| {
        found().find(|visit| visit.number > refused.number && is_outdated(visit))
    });
    // A session that has reached its absolute end is touched without a command. Memory sends none at all.
    let is_moved = |visit: &&Exchange| {
        let sets_expiry = visit.lab_commands().any(|command| command.sets("expires"));
        sets_expiry || visit.lab_commands().next().is_none()
    };
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

/// Both visits brought the same ticket, and were looked up in different collections.
fn is_same(lost: &Exchange, found: &Exchange) -> bool {
    let collection = |visit: &Exchange| visit.fact("other collection");
    lost.lab_ticket() == found.lab_ticket() && collection(lost) != collection(found)
}

/// The signature of the cookie was made with an older secret.
fn is_outdated(visit: &Exchange) -> bool {
    matches!(visit.lab_signature(), Some(Signature::Genuine { outdated: true, .. }))
}

fn a_day_ahead(evidence: &Evidence) -> Option<Proof> {
    let is_a_day = |millis: i64| (millis - DAY).abs() < 60_000;
    let mut own = evidence.own.iter().filter(|exchange| exchange.path == LAB);
    own.find_map(|exchange| {
        // The date has whole seconds, rounded down.
        let millis = exchange.set_cookie(LAB_COOKIE)?.expires?.since(exchange.received) + 500;
        is_a_day(millis).then(|| Proof::of("day", exchange).fact("seconds", millis / 1_000))
    })
}
