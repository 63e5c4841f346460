//! Lesson 7: a guest book with a stranger's script in it, which takes what it can read.
//!
//! The script is a fixed file of ours, so nothing that a visitor types ever runs. What it sends is only
//! compared with the learner's own cookies.

use rocket_express_session::SessionId;
use serde_json::{Value, json};

use super::request::{Button, LabRequest};
use super::{cookies, note};
use crate::names::SCRIPT_COOKIES;
use crate::teach::lessons::{IS_ESCAPED, READS};

const SCRIPT: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/static/js/guest-book.js"));

impl LabRequest<'_> {
    pub(super) fn press_guest_book(&mut self, button: &Button) -> bool {
        match button.name.as_str() {
            "give" => {
                let [plain, http_only] = self.pair();
                self.send(cookies::with(SCRIPT_COOKIES[0], &plain, "; SameSite=Lax"));
                self.send(cookies::plain(SCRIPT_COOKIES[1], &http_only));
            }
            "stranger" => self.sign(&button.value),
            "escape" => self.state.is_escaped = true,
            "trust" => self.state.is_escaped = false,
            _ => return false,
        }
        true
    }

    fn pair(&mut self) -> [String; 2] {
        let random = || [(); 2].map(|()| SessionId::generate().prefix());
        self.state.pair.get_or_insert_with(random).clone()
    }

    /// The script has sent what it could read. With the cookie with `HttpOnly`, it passes for the learner.
    fn sign(&mut self, read: &str) {
        let pair = self.pair();
        for ((name, value), fact) in SCRIPT_COOKIES.iter().zip(&pair).zip(READS) {
            let is_read = read.split("; ").any(|read| read == format!("{name}={value}"));
            note(self.slug(), fact, is_read.into());
        }
        let came = self.request().cookies().get(SCRIPT_COOKIES[1]);
        let is_learner = came.is_some_and(|came| came.value() == pair[1]);
        note(self.slug(), "lab.http-only came", is_learner.into());
        self.state.is_signed |= is_learner;
    }

    pub(super) fn view_guest_book(&self) -> Value {
        note(self.slug(), IS_ESCAPED, self.state.is_escaped.into());
        json!({ "script": SCRIPT })
    }
}
