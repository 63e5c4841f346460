//! Lesson 3: a login with a password writes the account's ID into a new session.

use rocket::response::Redirect;
use rocket::{Route, State, post, routes};
use serde_json::Value;

use super::Goal;
use super::evidence::Evidence;
use crate::auth::LocalStrategy;
use crate::names::USERS;
use crate::teach::progress::Proof;
use crate::trace::{Exchange, Step, Write, short_id};
use crate::web::error::Error;
use crate::web::{self, Credentials, Flash, Form, Page};

/// The steps to put in order, as the page names them, in their order.
const STEPS: [&str; 6] = ["find", "verify", "number", "login", "store", "send"];

/// The most fields of the session that the proof names. An Express app on the same database may add some.
const MAX_FIELDS: usize = 8;

/// The goals of the lesson.
pub(super) fn check(evidence: &Evidence) -> Vec<Goal> {
    let login = last_login(evidence);
    let new_id = login.and_then(|login| {
        login.steps.iter().find_map(|noted| match &noted.step {
            Step::Regenerated { old: Some(old), new } => {
                Some(Proof::of("login", login).fact("old", old).fact("new", new))
            }
            _ => None,
        })
    });
    let user = evidence.user.as_deref().unwrap_or_default();
    let session: Value = serde_json::from_str(&evidence.session).unwrap_or_default();
    let fields = session.as_object().into_iter().flat_map(|fields| fields.keys());
    let fields: Vec<_> = fields.map(String::as_str).take(MAX_FIELDS).collect();
    let holds_id = session["passport"]["user"] == user && !fields.contains(&"password");
    let only_the_id = Proof::all([("again", login.filter(|_| holds_id))]);
    vec![
        ("new-number", new_id),
        ("order", Proof::all([("ordered", login.filter(|_| evidence.answered))])),
        (
            "only-the-id",
            only_the_id
                .map(|proof| proof.fact("user", short_id(user)).fact("fields", fields.join(", "))),
        ),
    ]
}

/// The last login of this user in this browser, by the lesson's form or on the login page.
fn last_login(evidence: &Evidence) -> Option<&Exchange> {
    let is_login = |exchange: &&Exchange| {
        exchange.path.starts_with("/login")
            && exchange.steps.iter().any(|noted| {
                matches!(&noted.step, Step::Login { user } if Some(user) == evidence.user.as_ref())
            })
    };
    evidence.own.iter().rev().map(std::sync::Arc::as_ref).find(is_login)
}

/// The steps in the order of the last login. When its recording is gone, the order is still the same.
fn order(evidence: &Evidence) -> [&'static str; 6] {
    let mut order = STEPS;
    let Some(login) = last_login(evidence) else { return order };
    let position = |wanted: &str| {
        login.steps.iter().position(|noted| match &noted.step {
            Step::Command(command) => {
                wanted == "find" && command.collection == USERS && command.name == "find"
            }
            Step::Verified { .. } => wanted == "verify",
            Step::Regenerated { .. } => wanted == "number",
            Step::Login { .. } => wanted == "login",
            Step::Written { write: Write::Insert, .. } => wanted == "store",
            _ => false,
        })
    };
    // The cookie is sent with the response, after all steps. In memory, no command looks up the user.
    order
        .sort_by_key(|step| position(step).unwrap_or(if *step == "find" { 0 } else { usize::MAX }));
    order
}

/// The number of typed steps that are in their place.
pub(super) fn in_place(evidence: &Evidence, typed: &str) -> usize {
    order(evidence).iter().zip(typed.split(',')).filter(|(step, typed)| *step == typed).count()
}

/// Whether the steps were typed in the order of the recorded login.
pub(super) fn is_in_order(evidence: &Evidence, typed: &str) -> bool {
    in_place(evidence, typed) == STEPS.len()
}

/// The login of the lesson, as on the login page. The address is below `/login`, so that the browser sends
/// the device cookie.
#[post("/behind-the-login", data = "<form>")]
async fn log_in(
    page: Page<'_>,
    strategy: &State<LocalStrategy>,
    form: Form<Credentials>,
) -> Result<Redirect, Error> {
    let result = web::log_in(&page, strategy, &form.0).await?;
    page.set_flash(&Flash::Login(result));
    Ok(Redirect::to("/learn/behind-the-login#do"))
}

pub(super) fn routes() -> Vec<Route> {
    routes![log_in]
}
