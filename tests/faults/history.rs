//! The requests and responses of all clients, and the rules that they must not violate.
//!
//! A response says what was done. A 503 or a broken connection says nothing: the request may have been done
//! or not, and may still be running. An acknowledged result must hold for all requests that begin after
//! it, on each instance.

use std::collections::HashMap;
use std::time::Duration;

/// The longest time of a response: a failure of MongoDB is a 503 within 3 s, never a hang.
pub const LIMIT: Duration = Duration::from_millis(3500);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Register,
    Login,
    Visit,
    Count,
    Logout,
    /// A page that needs no database.
    Public,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Acknowledged. A visit: logged in, with this counter.
    Done(u64),
    /// The name is taken, or name and password do not fit.
    Refused,
    /// Redirected to the login page: no user is logged in.
    Anonymous,
    /// 503: unknown whether it was done.
    Unavailable,
    /// The connection broke: unknown whether it was done.
    Lost,
    /// Any other status.
    Odd(u16),
}

/// One request and its response.
#[derive(Clone, Debug)]
pub struct Op {
    pub name: String,
    /// The number of the login with this name that it belongs to.
    pub login: u32,
    pub kind: Kind,
    pub instance: usize,
    pub begun: Duration,
    pub ended: Duration,
    pub outcome: Outcome,
}

impl Op {
    /// The time until its response.
    pub fn took(&self) -> Duration {
        self.ended.saturating_sub(self.begun)
    }
}

/// The time in which an instance was being killed and started: connections may break.
#[derive(Clone, Debug)]
pub struct Down {
    pub instance: usize,
    pub from: Duration,
    pub to: Duration,
}

/// All violations of the rules, as text.
pub fn violations(ops: &[Op], downs: &[Down]) -> Vec<String> {
    let mut found: Vec<String> = vec![];
    let mut logins: HashMap<(&str, u32), Vec<&Op>> = HashMap::new();
    let mut names: HashMap<&str, Vec<&Op>> = HashMap::new();
    for op in ops {
        found.extend(by_itself(op, downs));
        logins.entry((&op.name, op.login)).or_default().push(op);
        names.entry(&op.name).or_default().push(op);
    }
    found.extend(names.values().flat_map(|ops| of_a_name(ops)));
    found.extend(logins.values().flat_map(|ops| of_a_login(ops)));
    found
}

fn by_itself(op: &Op, downs: &[Down]) -> Option<String> {
    let was_down =
        |down: &Down| down.instance == op.instance && op.begun <= down.to && op.ended >= down.from;
    match op.outcome {
        Outcome::Odd(_) => Some(format!("an odd answer: {op:?}")),
        Outcome::Lost if !downs.iter().any(was_down) => Some(format!("no answer: {op:?}")),
        _ if op.took() > LIMIT => Some(format!("late: {op:?}")),
        _ => None,
    }
}

/// A name has one account, and its owner can log in.
fn of_a_name(ops: &[&Op]) -> Vec<String> {
    let made = ops.iter().filter(|op| op.kind == Kind::Register && is_done(op));
    let made: Vec<_> = made.collect();
    let mut found = vec![];
    if made.len() > 1 {
        found.push(format!("made twice: {made:?}"));
    }
    let refused = ops.iter().filter(|op| op.kind == Kind::Login && op.outcome == Outcome::Refused);
    for login in refused {
        if made.iter().any(|made| made.ended <= login.begun) {
            found.push(format!("an acknowledged account is gone: {login:?}"));
        }
    }
    found
}

/// A login is valid from its response until a logout is sent, and not after the response to that.
fn of_a_login(ops: &[&Op]) -> Vec<String> {
    let of = |kind: Kind| ops.iter().filter(move |op| op.kind == kind);
    let logged_in = of(Kind::Login).find(|op| is_done(op));
    let mut found = vec![];
    for op in ops.iter().filter(|op| matches!(op.kind, Kind::Visit | Kind::Count)) {
        if op.outcome == Outcome::Anonymous
            && logged_in.is_some_and(|login| login.ended <= op.begun)
            && !of(Kind::Logout).any(|logout| logout.begun <= op.ended)
        {
            found.push(format!("an acknowledged login is lost: {op:?}"));
        }
        if is_done(op) && of(Kind::Logout).any(|out| is_done(out) && out.ended <= op.begun) {
            found.push(format!("logged in after an acknowledged logout: {op:?}"));
        }
        if let (Kind::Visit, Outcome::Done(seen)) = (op.kind, op.outcome) {
            let acknowledged = of(Kind::Count).filter(|c| is_done(c) && c.ended <= op.begun);
            let tried = of(Kind::Count).filter(|count| count.begun <= op.ended);
            let (least, most) = (acknowledged.count() as u64, tried.count() as u64);
            if !(least..=most).contains(&seen) {
                found.push(format!("counted {seen}, not {least} to {most}: {op:?}"));
            }
        }
    }
    found
}

/// How long after `back` the last 503 came.
pub fn healed(ops: &[Op], back: Duration) -> Duration {
    let failed = ops.iter().filter(|op| op.outcome == Outcome::Unavailable);
    failed.map(|op| op.ended).max().unwrap_or_default().saturating_sub(back)
}

fn is_done(op: &Op) -> bool {
    matches!(op.outcome, Outcome::Done(_))
}

mod tests {
    use super::*;

    /// A request that takes 10 ms and begins this number of milliseconds after the start.
    fn op(kind: Kind, begun: u64, outcome: Outcome) -> Op {
        let (begun, ended) = (Duration::from_millis(begun), Duration::from_millis(begun + 10));
        Op { name: "rosa".to_owned(), login: 1, kind, instance: 0, begun, ended, outcome }
    }

    const DONE: Outcome = Outcome::Done(0);

    /// The text of the only violation.
    fn only(ops: &[Op]) -> String {
        let found = violations(ops, &[]);
        assert_eq!(found.len(), 1, "{found:?}");
        found[0].split(": ").next().unwrap().to_owned()
    }

    #[test]
    fn an_ordinary_day_is_none() {
        let ops = [
            op(Kind::Register, 0, DONE),
            op(Kind::Login, 20, Outcome::Unavailable),
            op(Kind::Login, 40, DONE),
            op(Kind::Count, 60, DONE),
            op(Kind::Count, 60, Outcome::Unavailable),
            op(Kind::Visit, 80, Outcome::Done(2)),
            op(Kind::Visit, 80, Outcome::Done(1)),
            op(Kind::Logout, 100, Outcome::Unavailable),
            op(Kind::Visit, 120, Outcome::Anonymous),
            op(Kind::Logout, 140, DONE),
            op(Kind::Visit, 145, Outcome::Done(1)), // begun before the answer
            op(Kind::Visit, 160, Outcome::Anonymous),
        ];
        assert_eq!(violations(&ops, &[]), Vec::<String>::new());
    }

    #[test]
    fn each_broken_promise_is_found() {
        let login = op(Kind::Login, 0, DONE);
        let visit = |begun, outcome| op(Kind::Visit, begun, outcome);
        let lost = [login.clone(), visit(20, Outcome::Anonymous)];
        assert_eq!(only(&lost), "an acknowledged login is lost");
        let ghost = [login.clone(), op(Kind::Logout, 20, DONE), visit(40, DONE)];
        assert_eq!(only(&ghost), "logged in after an acknowledged logout");
        let twice = [op(Kind::Register, 0, DONE), op(Kind::Register, 5, DONE)];
        assert_eq!(only(&twice), "made twice");
        let gone = [op(Kind::Register, 0, DONE), op(Kind::Login, 20, Outcome::Refused)];
        assert_eq!(only(&gone), "an acknowledged account is gone");
        let count = op(Kind::Count, 20, DONE);
        let forgotten = [login.clone(), count.clone(), visit(40, Outcome::Done(0))];
        assert_eq!(only(&forgotten), "counted 0, not 1 to 1");
        let double = [login, count, visit(40, Outcome::Done(2))];
        assert_eq!(only(&double), "counted 2, not 1 to 1");
        assert_eq!(only(&[visit(0, Outcome::Odd(500))]), "an odd answer");
        let late = Op { ended: Duration::from_millis(3600), ..visit(0, Outcome::Unavailable) };
        assert_eq!(only(&[late]), "late");
    }

    #[test]
    fn a_broken_connection_is_one_unless_the_instance_was_down() {
        let ops = [op(Kind::Visit, 100, Outcome::Lost)];
        assert_eq!(only(&ops), "no answer");
        let down = |instance, from, to| {
            let (from, to) = (Duration::from_millis(from), Duration::from_millis(to));
            [Down { instance, from, to }]
        };
        assert!(violations(&ops, &down(0, 105, 200)).is_empty());
        assert!(!violations(&ops, &down(1, 105, 200)).is_empty());
        assert!(!violations(&ops, &down(0, 111, 200)).is_empty());
    }
}
