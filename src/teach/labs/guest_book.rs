//! Lesson 7: a guest book with a stranger's script in it, which takes what it can read.
//!
//! The script is a fixed file of ours, so nothing that a visitor types ever runs. What it sends is only
//! compared with the learner's own cookies.

use rocket::Request;
use rocket_express_session::SessionId;
use serde_json::{Value, json};

use super::{cookies, note};
use crate::names::SCRIPT_COOKIES;
use crate::teach::lessons::{IS_ESCAPED, READS};
use crate::teach::progress::LabState;

/// The slug of the lesson.
pub(super) const SLUG: &str = "what-a-script-takes";

/// The stranger's script, as browsers get it.
const SCRIPT: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/static/js/guest-book.js"));

/// Runs the action of a button of this lesson, and returns the `Set-Cookie` lines. The stranger's script has
/// sent `typed`.
pub(super) fn press(
    request: &Request<'_>,
    name: &str,
    typed: &str,
    state: &mut LabState,
) -> Vec<String> {
    let random = || [(); 2].map(|()| SessionId::generate().prefix());
    let [plain, http_only] = state.pair.get_or_insert_with(random).clone();
    match name {
        "give" => vec![
            cookies::with(SCRIPT_COOKIES[0], &plain, "; SameSite=Lax"),
            cookies::plain(SCRIPT_COOKIES[1], &http_only),
        ],
        "stranger" => {
            for ((name, value), fact) in SCRIPT_COOKIES.iter().zip([plain, http_only]).zip(READS) {
                let is_read = typed.split("; ").any(|read| read == format!("{name}={value}"));
                note(SLUG, fact, is_read.into());
            }
            sign(request, state);
            vec![]
        }
        _ => {
            state.is_escaped = name == "escape";
            vec![]
        }
    }
}

/// The lab takes the request of the script for the learner's, if the cookie with `HttpOnly` came.
fn sign(request: &Request<'_>, state: &mut LabState) {
    let came = request.cookies().get(SCRIPT_COOKIES[1]).map(|came| came.value().to_owned());
    let is_learner = came.is_some() && came == state.pair.as_ref().map(|pair| pair[1].clone());
    note(SLUG, "lab.http-only came", is_learner.into());
    state.is_signed |= is_learner;
}

/// The script, and whether the cookies came that it is about.
pub(super) fn view(request: &Request<'_>, state: &LabState) -> Value {
    note(SLUG, IS_ESCAPED, state.is_escaped.into());
    let came = SCRIPT_COOKIES.map(|name| request.cookies().get(name).is_some());
    json!({ "script": SCRIPT, "has_cookies": came == [true, true] })
}
