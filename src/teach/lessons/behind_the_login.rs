//! Lesson 3: a login with a password writes the account's ID into a new session.

use rocket::response::Redirect;
use rocket::{State, post};
use serde_json::Value;

use super::evidence::{Evidence, Exchange, Goal, Noted, Proof, Step};
use crate::auth::LocalStrategy;
use crate::trace::short_id;
use crate::web::error::Error;
use crate::web::{self, Credentials, Flash, Form, Page};

/// The steps to put in order, as the page names them, in the order of each login (`auth/login.rs`).
const STEPS: [&str; 6] = ["find", "verify", "number", "login", "store", "send"];

/// The most fields of the session that the proof names. An Express app on the same database may add some.
const MAX_FIELDS: usize = 8;

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
    let only_the_id = login.filter(|_| holds_id).map(|login| {
        let proof = Proof::of("again", login).fact("user", short_id(user));
        proof.fact("fields", fields.join(", "))
    });
    vec![
        ("new-number", new_id),
        ("order", Proof::all([("ordered", login.filter(|_| evidence.answered))])),
        ("only-the-id", only_the_id),
    ]
}

/// The last login of this user in this browser, by the lesson's form or on the login page.
fn last_login(evidence: &Evidence) -> Option<&Exchange> {
    let user = evidence.user.as_ref()?;
    let logs_in = |noted: &Noted| matches!(&noted.step, Step::Login { user: own } if own == user);
    let logins = evidence.own.iter().filter(|exchange| exchange.path.starts_with("/login"));
    let mut logins = logins.filter(|exchange| exchange.steps.iter().any(logs_in));
    Some(logins.next_back()?)
}

/// Whether each step was typed in its place.
pub(super) fn judge(_: &Evidence, typed: &str) -> Vec<bool> {
    let mut typed = typed.split(',');
    STEPS.map(|step| typed.next() == Some(step)).to_vec()
}

/// As on the login page. The address is below `/login`, so that the browser sends the device cookie.
#[post("/behind-the-login", data = "<form>")]
pub(crate) async fn log_in(
    page: Page<'_>,
    strategy: &State<LocalStrategy>,
    form: Form<Credentials>,
) -> Result<Redirect, Error> {
    let result = web::log_in(&page, strategy, &form.0).await?;
    page.set_flash(&Flash::Login(result));
    Ok(Redirect::to("/learn/behind-the-login#do"))
}
