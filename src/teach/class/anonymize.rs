//! The X-ray as the whole class may see it: without names and IDs.
//!
//! Session IDs become letters in the order in which they appear, so two of them can be told apart. Names
//! and IDs of accounts are left out, and so is each text that a visitor has typed.

use std::collections::HashSet;

use indexmap::IndexSet;
use rocket::{Orbit, Rocket};

use crate::names::LAB_COOKIES;
use crate::teach::lessons;
use crate::trace::{Exchange, Step};

/// The site's own names for the fields of forms, with a space between two.
const FIELDS: &str = "username password next remember item current new do choice sure answer wanted line \
                      confirmation resave save_uninitialized one_day secret";

pub(super) struct Anonymizer {
    /// The short session IDs that have a letter.
    sids: IndexSet<String>,
    /// The site's own names: of parts of addresses, fields and cookies. A visitor may have typed any other.
    names: HashSet<String>,
}

impl Anonymizer {
    pub(super) fn new(rocket: &Rocket<Orbit>, exchange: &Exchange) -> Self {
        let parts = rocket.routes().flat_map(|route| route.uri.path().split('/'));
        let fixed = parts.filter(|part| !part.starts_with('<'));
        let slugs = lessons::all().iter().map(|lesson| lesson.slug);
        // Cookies that the site has read or set, or may set.
        let read = exchange.steps.iter().filter_map(|noted| match &noted.step {
            Step::CookieRead { name, .. } => Some(name.as_str()),
            _ => None,
        });
        let set = exchange.set_cookies.iter().map(|cookie| cookie.name.as_str());
        let cookies = read.chain(set).chain(LAB_COOKIES);
        let names = fixed.chain(slugs).chain(cookies).chain(FIELDS.split(' '));
        Self { sids: IndexSet::new(), names: names.map(str::to_owned).collect() }
    }

    /// The value of this name in a sentence, as the class may see it.
    pub(super) fn shown(&mut self, name: &str, value: &str) -> String {
        match name {
            "user" => "●●●".to_owned(),
            "sid" | "old" | "new" if !value.is_empty() => {
                letter(self.sids.insert_full(value.to_owned()).0)
            }
            "path" => self.path(value),
            "name" => self.own_name(value).to_owned(),
            "command" => self.command(value),
            _ => value.to_owned(),
        }
    }

    /// Dots for a name that is not the site's own.
    fn own_name<'n>(&self, name: &'n str) -> &'n str {
        if name.is_empty() || self.names.contains(name) { name } else { "…" }
    }

    /// The path without its query, and with dots for each part that is not the site's own.
    fn path(&self, path: &str) -> String {
        let path = path.split(['?', '#']).next().unwrap_or_default();
        path.split('/').map(|part| self.own_name(part)).collect::<Vec<_>>().join("/")
    }

    /// The command without what stands between double quotes: names and IDs do.
    fn command(&self, command: &str) -> String {
        let parts = command.split('"').enumerate().map(|(n, part)| match n % 2 {
            0 => part.to_owned(),
            _ => self.sids.get_index_of(part).map_or_else(|| "…".to_owned(), letter),
        });
        parts.collect::<Vec<_>>().join("\"")
    }
}

/// The letter of the session ID with this number: `A` for the first, and `Z` for all from the 26th on.
fn letter(number: usize) -> String {
    ('A'..='Z').nth(number.min(25)).map(String::from).unwrap_or_default()
}
