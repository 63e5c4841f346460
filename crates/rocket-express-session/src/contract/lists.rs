//! The lists of all sessions, and their end with a reason.

use std::collections::HashSet;
use std::sync::Arc;

use super::rule::Rule;
use super::users::{Found, logged_in};
use crate::signature::SessionId;
use crate::store::{ListLimits, Record, RevokeReason, Store};

/// Sessions that a caller may revoke with one call.
const MANY: usize = 1_000;

/// Pieces that the sessions of a rule are read in, at most.
const MAX_PIECES: usize = 100;

pub(super) async fn check<S: Store>(store: &Arc<S>) {
    a_list_keeps_its_limits(store).await;
    no_expired_session_is_in_a_list(store).await;
    a_scan_comes_to_each_session_once(store).await;
    a_scan_goes_on_behind_a_deleted_session(store).await;
    a_revoked_session_has_a_reason(store).await;
    many_sessions_are_revoked_at_once(store).await;
}

impl<S: Store> Rule<S> {
    async fn newest(&self, users: u32, per_user: u32, anonymous: u32) -> Vec<Found> {
        let limits = ListLimits { users, per_user, anonymous };
        self.answer("newest", self.registry().newest(limits).await)
    }

    async fn scan(&self, after: Option<&SessionId>) -> Vec<(SessionId, Option<Record>)> {
        let piece = self.answer("scan", self.registry().scan(after, 2).await);
        self.check(piece.len() <= 2, format!("a scan of 2 returned {}", piece.len()));
        piece
    }

    async fn revoke(&self, ids: &[SessionId], reason: &RevokeReason) -> u64 {
        self.answer("revoke", self.registry().revoke(ids, reason).await)
    }

    async fn revoke_reason(&self, id: &SessionId) -> Option<RevokeReason> {
        self.answer("revoke_reason", self.registry().revoke_reason(id).await)
    }

    /// `newest` with these limits returns these sessions, in any order.
    async fn check_newest(&self, limits: [u32; 3], expected: &[&SessionId]) {
        let [users, per_user, anonymous] = limits;
        let found = self.newest(users, per_user, anonymous).await;
        let ids: HashSet<&SessionId> = found.iter().map(|(id, _)| id).collect();
        let is_same = ids == expected.iter().copied().collect() && ids.len() == found.len();
        let (found, expected) = (found.len(), expected.len());
        let what = format!("newest of {users} users, {per_user} each, and {anonymous} anonymous");
        self.check(is_same, format!("{what} returned {found} sessions, not the {expected} newest"));
    }
}

/// Before the other rules: they would blame the store for sessions of another program.
pub(super) async fn check_empty<S: Store>(store: &Arc<S>) {
    let rule = Rule::new(store, "the lists of an empty store are empty (the contract needs one)");
    let (newest, scan) = (rule.newest(9, 9, 9).await.len(), rule.scan(None).await.len());
    rule.check(newest == 0, format!("newest returned {newest}"));
    rule.check(scan == 0, format!("scan returned {scan}"));
    let of_user = rule.of_user("vera", 9).await.len();
    rule.check(of_user == 0, format!("of_user returned {of_user}"));
    let revoked = rule.revoke(&[], &RevokeReason::new("no session")).await;
    rule.check(revoked == 0, format!("revoke of no session returned {revoked}"));
}

async fn a_list_keeps_its_limits<S: Store>(store: &Arc<S>) {
    let rule = Rule::new(store, "newest returns the newest of each user and the newest anonymous");
    let (rosa, vera) = (logged_in(r#""rosa""#), logged_in("7"));
    let r2 = rule.insert_of_age(&rosa, 2).await;
    let r1 = rule.insert_of_age(&rosa, 1).await;
    let r3 = rule.insert_of_age(&rosa, 3).await;
    let v9 = rule.insert_of_age(&vera, 9).await;
    let a5 = rule.insert_of_age("", 5).await;
    let a4 = rule.insert_of_age(r#""passport":{}"#, 4).await;
    let a6 = rule.insert_of_age(r#""passport":["rosa"]"#, 6).await;
    rule.check_newest([9, 9, 9], &[&r1, &r2, &r3, &v9, &a4, &a5, &a6]).await;
    rule.check_newest([9, 9, 0], &[&r1, &r2, &r3, &v9]).await;
    rule.check_newest([9, 2, 0], &[&r1, &r2, &v9]).await;
    rule.check_newest([2, 1, 1], &[&r1, &v9, &a4]).await;
    rule.check_newest([0, 9, 2], &[&a4, &a5]).await;
    rule.check_newest([9, 0, 9], &[&a4, &a5, &a6]).await;
    rule.check_newest([0, 0, 0], &[]).await;
    let of_one = rule.newest(1, 9, 0).await;
    let users: HashSet<_> = of_one.iter().map(|(_, record)| record.user_key()).collect();
    rule.check(users.len() == 1, format!("newest of 1 user returned {} users", users.len()));
    rule.clean_up(&[&r1, &r2, &r3, &v9, &a4, &a5, &a6]).await;
}

async fn no_expired_session_is_in_a_list<S: Store>(store: &Arc<S>) {
    let rule = Rule::new(store, "newest returns no expired session, and leaves no place for one");
    let rosa = logged_in(r#""rosa""#);
    let user = rule.insert_of_age(&rosa, 1).await;
    let anonymous = rule.insert_of_age("", 1).await;
    let expired_user = rule.insert_expired(&rosa).await;
    let expired = rule.insert_expired("").await;
    rule.check_newest([1, 1, 1], &[&user, &anonymous]).await;
    rule.clean_up(&[&user, &anonymous, &expired_user, &expired]).await;
}

async fn a_scan_comes_to_each_session_once<S: Store>(store: &Arc<S>) {
    let rule = Rule::new(store, "scan comes to each session once, piece by piece");
    let mut valid = vec![];
    for seconds in 0..6 {
        valid.push(rule.insert_of_age("", seconds).await);
    }
    let expired = rule.insert_expired("").await;
    let mut seen: Vec<(SessionId, Option<Record>)> = vec![];
    for _ in 0..MAX_PIECES {
        let piece = rule.scan(seen.last().map(|(id, _)| id)).await;
        if piece.is_empty() {
            break;
        }
        seen.extend(piece);
    }
    for id in &valid {
        let times = seen.iter().filter(|(seen, _)| seen == id).count();
        rule.check(times == 1, format!("a session was returned {times} times"));
    }
    for (id, record) in &seen {
        let is_right = valid.contains(id) == record.is_some();
        rule.check(is_right, "a valid session has no record, or an expired one has");
        if let Some(record) = record {
            rule.check_same("scan", record, &rule.loaded(id).await);
        }
    }
    let none = rule.answer("scan", rule.registry().scan(None, 0).await).len();
    rule.check(none == 0, format!("a scan of 0 returned {none}"));
    let ids: Vec<&SessionId> = valid.iter().chain([&expired]).collect();
    rule.clean_up(&ids).await;
}

/// To revoke all sessions is to read a piece, and to delete it before the next one.
async fn a_scan_goes_on_behind_a_deleted_session<S: Store>(store: &Arc<S>) {
    let rule = Rule::new(store, "scan goes on behind an ID whose session is gone");
    for seconds in 0..6 {
        rule.insert_of_age("", seconds).await;
    }
    let (mut deleted, mut last) = (0, None);
    for _ in 0..MAX_PIECES {
        let piece = rule.scan(last.as_ref()).await;
        let Some((end, _)) = piece.last() else { break };
        last = Some(end.clone());
        for (id, _) in &piece {
            deleted += usize::from(rule.destroy(id).await);
        }
    }
    rule.check(deleted == 6, format!("it came to {deleted} of 6 sessions"));
}

async fn a_revoked_session_has_a_reason<S: Store>(store: &Arc<S>) {
    let rule = Rule::new(store, "revoke deletes the sessions, and keeps the reason for them alone");
    let reason = RevokeReason::new(r#"the "owner" said: O'Brien's é"#);
    let (kept, _) = rule.inserted("").await;
    let (destroyed, _) = rule.inserted("").await;
    let (first, old) = rule.inserted(&logged_in("7")).await;
    let (second, _) = rule.inserted("").await;
    rule.destroy(&destroyed).await;
    let ids = [first.clone(), second.clone()];
    let revoked = rule.revoke(&ids, &reason).await;
    rule.check(revoked == 2, format!("revoke of 2 sessions returned {revoked}"));
    let revoked = rule.revoke(&ids, &reason).await;
    rule.check(revoked == 0, format!("a second revoke returned {revoked}"));
    for (id, expected) in
        [(&first, Some(&reason)), (&second, Some(&reason)), (&kept, None), (&destroyed, None)]
    {
        let found = rule.revoke_reason(id).await;
        let message = format!("revoke_reason returned {found:?}, not {expected:?}");
        rule.check(found.as_ref() == expected, message);
    }
    rule.check_not_there(&first, &old).await;
    rule.loaded(&kept).await;
    rule.clean_up(&[&kept]).await;
}

/// A database may take no more than a few hundred parameters in one statement.
async fn many_sessions_are_revoked_at_once<S: Store>(store: &Arc<S>) {
    let rule = Rule::new(store, "revoke takes a thousand IDs, also of sessions that are gone");
    let (there, _) = rule.inserted("").await;
    let mut ids: Vec<SessionId> = (1..MANY).map(|_| SessionId::generate()).collect();
    ids.push(there);
    let revoked = rule.revoke(&ids, &RevokeReason::new("all of them")).await;
    rule.check(revoked == 1, format!("it returned {revoked} and not 1"));
}
