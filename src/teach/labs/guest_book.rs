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

/// Sets the two cookies, with the same values each time.
pub(super) fn give(state: &mut LabState) -> Vec<String> {
    let random = || [(); 2].map(|()| SessionId::generate().prefix());
    let [plain, http_only] = state.pair.get_or_insert_with(random);
    vec![
        cookies::with(SCRIPT_COOKIES[0], plain, "; SameSite=Lax"),
        cookies::plain(SCRIPT_COOKIES[1], http_only),
    ]
}

/// The stranger's server gets what the script has read. The lab gets the same request: for the lab it is the
/// learner's, if the cookie with `HttpOnly` came.
pub(super) fn receive(request: &Request<'_>, typed: &str, state: &mut LabState) -> Vec<String> {
    let Some(pair) = &state.pair else { return vec![] };
    for ((name, value), fact) in SCRIPT_COOKIES.iter().zip(pair).zip(READS) {
        let is_read = typed.split("; ").any(|read| read == format!("{name}={value}"));
        note(SLUG, fact, is_read.into());
    }
    let came = request.cookies().get(SCRIPT_COOKIES[1]);
    let is_learner = came.is_some_and(|came| came.value() == pair[1]);
    note(SLUG, "lab.http-only came", is_learner.into());
    state.is_signed |= is_learner;
    vec![]
}

/// Lets the site escape the entries of the guest book, or not.
pub(super) fn set_escaped(state: &mut LabState, is_escaped: bool) -> Vec<String> {
    state.is_escaped = is_escaped;
    vec![]
}

/// The script, and whether the cookies came that it is about.
pub(super) fn view(request: &Request<'_>, state: &LabState) -> Value {
    note(SLUG, IS_ESCAPED, state.is_escaped.into());
    let came = SCRIPT_COOKIES.map(|name| request.cookies().get(name).is_some());
    json!({ "script": SCRIPT, "has_cookies": came == [true, true] })
}
