//! Lesson 9: the local strategy uses the session underneath, and fixation.

use super::Goal;
use super::evidence::Evidence;
use crate::teach::progress::Proof;
use crate::trace::{self, Exchange, Step};

/// The steps to be put in order, as the page names them.
const STEPS: [&str; 6] = ["find", "verify", "number", "login", "store", "send"];

/// The goals of the lesson.
pub(super) fn check(evidence: &Evidence) -> Vec<Goal> {
    let login = login_again(evidence);
    let regenerated = login.and_then(|login| {
        login.steps.iter().find_map(|noted| match &noted.step {
            Step::Regenerated { old: Some(old), new } => Some((login, old, new)),
            _ => None,
        })
    });
    let is_of_user = |step: &Step| match step {
        Step::Login { user } => Some(user) == evidence.user.as_ref(),
        _ => false,
    };
    let is_mine =
        login.is_some_and(|login| login.steps.iter().any(|noted| is_of_user(&noted.step)));
    let holds_no_password = !evidence.session.contains("password\"");
    vec![
        ("order", evidence.answered.then(Proof::default)),
        (
            "new-number",
            regenerated
                .map(|(login, old, new)| Proof::from(login).fact("old", old).fact("new", new)),
        ),
        (
            "only-the-id",
            login.filter(|_| is_mine && holds_no_password).map(|login| {
                let user = evidence.user.as_deref().unwrap_or_default();
                Proof::from(login).fact("user", trace::short_id(user))
            }),
        ),
    ]
}

/// The last login of this browser.
fn login_again(evidence: &Evidence) -> Option<&Exchange> {
    let is_login = |exchange: &&std::sync::Arc<Exchange>| {
        exchange.method == "POST" && exchange.path == "/login" && exchange.status == 303
    };
    evidence.own.iter().rev().find(is_login).map(std::sync::Arc::as_ref)
}

/// Whether the steps were typed in the order of the recorded login.
pub(super) fn is_in_order(evidence: &Evidence, typed: &str) -> bool {
    let Some(login) = login_again(evidence) else { return false };
    let position = |step: &str| {
        login.steps.iter().position(|noted| match &noted.step {
            Step::Command(command) => {
                let is =
                    |collection, name| command.collection == collection && command.name == name;
                step == "find" && is("users", "find") || step == "store" && is("sessions", "insert")
            }
            Step::Memory { method: "insert", .. } => step == "store",
            Step::Verified { .. } => step == "verify",
            Step::Regenerated { .. } => step == "number",
            Step::Login { .. } => step == "login",
            _ => false,
        })
    };
    // The cookie is sent with the response, after all steps. In memory, no command looks up the user.
    let place = |step: &str| match step {
        "send" => login.steps.len(),
        "find" => position(step).unwrap_or(0),
        _ => position(step).unwrap_or(usize::MAX),
    };
    let order: Vec<&str> = typed.split(',').collect();
    let is_complete = STEPS.iter().all(|step| order.contains(step)) && order.len() == STEPS.len();
    is_complete && order.is_sorted_by_key(|step| place(step))
}
