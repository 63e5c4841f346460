//! An exchange as the whole class may see it: without names and IDs.
//!
//! Session IDs become pseudonyms in the order in which they appear, so two of them can be told apart. Names
//! and IDs of accounts are left out.

use std::collections::{BTreeMap, HashSet};

use rocket::{Orbit, Rocket};

use crate::names::{DEVICE_COOKIE, LAB_COOKIES};
use crate::teach::lessons;
use crate::trace::{Cookie, Exchange, Signature, Step};

/// The pseudonyms of the session IDs, by short ID.
#[derive(Default)]
struct Pseudonyms(BTreeMap<String, String>);

impl Pseudonyms {
    fn of(&mut self, start: &str) -> String {
        let next = char::from(b'A' + u8::try_from(self.0.len().min(25)).unwrap_or(25));
        self.0.entry(start.to_owned()).or_insert_with(|| format!("ticket {next}")).clone()
    }

    fn cookie(&mut self, cookie: &mut Cookie) {
        if let Some(sid) = &mut cookie.sid {
            *sid = self.of(sid);
        }
    }

    fn step(&mut self, step: &mut Step) {
        match step {
            Step::CookieRead { signature: Signature::Genuine { sid, .. }, .. }
            | Step::UnknownSession { sid }
            | Step::Memory { sid, .. } => *sid = self.of(sid),
            Step::Regenerated { old, new } => {
                if let Some(old) = old {
                    *old = self.of(old);
                }
                *new = self.of(new);
            }
            Step::Login { user } | Step::User { id: user } => "●●●".clone_into(user),
            Step::Form { fields } => {
                let is_ours = |name: &str| FIELDS.split(' ').any(|field| field == name);
                let typed = fields.iter_mut().filter(|(name, _)| !is_ours(name));
                typed.for_each(|(name, _)| "…".clone_into(name));
            }
            Step::Command(command) => {
                command.text = command.text.for_all(|id| self.0.get(id).cloned());
            }
            _ => {}
        }
    }
}

/// The site's own names for parts of addresses. Any other part is a text that a visitor has typed.
pub(super) struct KnownNames(HashSet<String>);

/// The site's own names for the fields of forms, with a space between two.
const FIELDS: &str = "username password next remember item current new do choice sure answer wanted line \
                      confirmation resave save_uninitialized one_day secret";

impl KnownNames {
    /// The fixed parts of this site's addresses, and the slugs of the lessons.
    pub(super) fn of(rocket: &Rocket<Orbit>) -> Self {
        let parts = rocket.routes().flat_map(|route| route.uri.path().split('/'));
        let fixed = parts.filter(|part| !part.starts_with('<'));
        let slugs = lessons::all().iter().map(|lesson| lesson.slug);
        Self(fixed.chain(slugs).map(str::to_owned).collect())
    }

    /// The path with dots for each part that is not the site's own.
    fn path(&self, path: &str) -> String {
        let path = path.split(['?', '#']).next().unwrap_or_default();
        let is_ours = |part: &str| part.is_empty() || self.0.contains(part);
        let part = |part| if is_ours(part) { part } else { "…" };
        path.split('/').map(part).collect::<Vec<_>>().join("/")
    }
}

/// An exchange without names and IDs.
pub(super) fn anonymize(exchange: &Exchange, names: &KnownNames) -> Exchange {
    let (mut pseudonyms, mut shown) = (Pseudonyms::default(), exchange.clone());
    let ours = cookies_of_site(exchange);
    for cookie in &mut shown.cookies {
        pseudonyms.cookie(cookie);
        if !ours.contains(&cookie.name.as_str()) {
            "…".clone_into(&mut cookie.name);
        }
    }
    shown.steps.iter_mut().for_each(|noted| pseudonyms.step(&mut noted.step));
    shown.set_cookies.iter_mut().for_each(|cookie| pseudonyms.cookie(cookie));
    shown.path = names.path(&shown.path);
    shown.location = shown.location.as_deref().map(|location| names.path(location));
    shown
}

/// The names of cookies that are the site's own: that it has read or set, or may set.
fn cookies_of_site(exchange: &Exchange) -> Vec<&str> {
    let read = exchange.steps.iter().filter_map(|noted| match &noted.step {
        Step::CookieRead { name, .. } => Some(name.as_str()),
        _ => None,
    });
    let set = exchange.set_cookies.iter().map(|cookie| cookie.name.as_str());
    read.chain(set).chain(LAB_COOKIES).chain(DEVICE_COOKIE).collect()
}
