//! An exchange as the whole class may see it: no name, no id.
//!
//! Ids of sessions become letters, in the order in which they appear, so that two are still told
//! apart; names and ids of accounts are left out.

use std::collections::{BTreeMap, HashSet};

use rocket::{Orbit, Rocket};

use crate::teach::{labs, lessons};
use crate::trace::{Cookie, Exchange, Seal, Step};
use crate::web::DEVICE;

/// The letters given out so far, by the start of the id.
#[derive(Default)]
struct Letters(BTreeMap<String, String>);

impl Letters {
    fn of(&mut self, start: &str) -> String {
        let next = char::from(b'A' + u8::try_from(self.0.len().min(25)).unwrap_or(25));
        self.0.entry(start.to_owned()).or_insert_with(|| format!("ticket {next}")).clone()
    }

    fn replace(&mut self, sid: &mut String) {
        *sid = self.of(sid);
    }

    fn cookie(&mut self, cookie: &mut Cookie) {
        if let Some(sid) = &mut cookie.sid {
            self.replace(sid);
        }
    }

    fn step(&mut self, step: &mut Step) {
        match step {
            Step::Ticket { seal: Seal::Genuine { sid, .. }, .. }
            | Step::Lost { sid }
            | Step::Memory { sid, .. } => self.replace(sid),
            Step::Regenerated { old, new } => {
                if let Some(old) = old {
                    self.replace(old);
                }
                self.replace(new);
            }
            Step::Login { user } | Step::User { id: user } => "●●●".clone_into(user),
            Step::Form { fields } => {
                for (name, _) in
                    fields.iter_mut().filter(|(name, _)| !FIELDS.contains(&name.as_str()))
                {
                    "…".clone_into(name);
                }
            }
            Step::Command(command) => {
                command.text = command.text.for_all(|id| self.0.get(id).cloned());
            }
            _ => {}
        }
    }
}

/// What the site itself calls its pages, fields and cookies. Anything else a visitor has typed, with
/// whatever in it.
pub struct Words(HashSet<String>);

/// The fields of all forms.
const FIELDS: [&str; 17] = [
    "username",
    "password",
    "next",
    "remember",
    "item",
    "current",
    "new",
    "do",
    "choice",
    "answer",
    "wanted",
    "line",
    "confirmation",
    "resave",
    "save_uninitialized",
    "one_day",
    "secret",
];

/// The cookies that a browser may send although no code here reads them.
const COOKIES: [&str; 7] = [
    labs::COOKIE,
    labs::MEMORY_COOKIE,
    labs::BIG_COOKIE,
    labs::NOTE_COOKIE,
    labs::OLD_COOKIE,
    DEVICE.names()[0],
    DEVICE.names()[1],
];

impl Words {
    /// Of this site: the fixed parts of its addresses, the names of lessons.
    pub fn of(rocket: &Rocket<Orbit>) -> Self {
        let parts = rocket.routes().flat_map(|route| route.uri.path().split('/'));
        let fixed = parts.filter(|part| !part.starts_with('<'));
        let slugs = lessons::ALL.iter().map(|lesson| lesson.slug);
        Self(fixed.chain(slugs).map(str::to_owned).collect())
    }

    /// Only what the site calls so.
    fn path(&self, path: &str) -> String {
        let path = path.split('?').next().unwrap_or_default();
        let is_ours = |part: &str| part.is_empty() || self.0.contains(part);
        let part = |part| if is_ours(part) { part } else { "…" };
        path.split('/').map(part).collect::<Vec<_>>().join("/")
    }
}

/// The same exchange without names and ids.
pub fn anonymous(exchange: &Exchange, words: &Words) -> Exchange {
    let (mut letters, mut shown) = (Letters::default(), exchange.clone());
    let ours = cookies_of_site(exchange);
    for cookie in &mut shown.cookies {
        letters.cookie(cookie);
        if !ours.contains(&cookie.name.as_str()) {
            "…".clone_into(&mut cookie.name);
        }
    }
    shown.steps.iter_mut().for_each(|noted| letters.step(&mut noted.step));
    shown.set_cookies.iter_mut().for_each(|cookie| letters.cookie(cookie));
    shown.path = words.path(&shown.path);
    shown.location = shown.location.as_deref().map(|location| words.path(location));
    shown
}

/// Those that were looked at or set.
fn cookies_of_site(exchange: &Exchange) -> Vec<&str> {
    let read = exchange.steps.iter().filter_map(|noted| match &noted.step {
        Step::Ticket { name, .. } => Some(name.as_str()),
        _ => None,
    });
    let set = exchange.set_cookies.iter().map(|cookie| cookie.name.as_str());
    read.chain(set).chain(COOKIES).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_become_letters_and_names_are_left_out() {
        let mut letters = Letters::default();
        assert_eq!(letters.of("owHENQ…"), "ticket A");
        assert_eq!(letters.of("Zx1234…"), "ticket B");
        assert_eq!(letters.of("owHENQ…"), "ticket A");
    }

    #[test]
    fn of_an_address_the_site_s_own_words_are_left() {
        let words = ["", "account", "sessions", "revoke"].map(str::to_owned);
        let words = Words(words.into());
        assert_eq!(words.path("/account/sessions/abc/revoke"), "/account/sessions/…/revoke");
        assert_eq!(words.path("/account/rosa"), "/account/…");
        assert_eq!(words.path("/account?next=/rosa"), "/account");
        assert_eq!(words.path("//%61ccount/"), "//…/");
    }
}
