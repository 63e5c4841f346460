//! An exchange as the whole class may see it: no name, no id.
//!
//! Ids of sessions become letters, in the order in which they appear, so that two are still told
//! apart; names and ids of accounts are left out.

use std::collections::BTreeMap;

use crate::trace::{Cookie, Exchange, Seal, Step};

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
            Step::Command(command) => command.text = self.text(&command.text),
            _ => {}
        }
    }

    /// A command: in quotes stand ids, names and lengths.
    fn text(&mut self, text: &str) -> String {
        let mut parts: Vec<String> = text.split('"').map(str::to_owned).collect();
        for part in parts.iter_mut().skip(1).step_by(2) {
            *part = self.0.get(part).cloned().unwrap_or_else(|| "…".to_owned());
        }
        parts.join("\"")
    }
}

/// The same exchange without names and ids.
pub fn anonymous(exchange: &Exchange) -> Exchange {
    let (mut letters, mut shown) = (Letters::default(), exchange.clone());
    shown.cookies.iter_mut().for_each(|cookie| letters.cookie(cookie));
    shown.steps.iter_mut().for_each(|noted| letters.step(&mut noted.step));
    shown.set_cookies.iter_mut().for_each(|cookie| letters.cookie(cookie));
    // Whoever asks for a page that is not there has written the address, with whatever in it.
    shown.path = if shown.status == 404 { "/…".to_owned() } else { path(&shown.path) };
    shown.location = shown.location.as_deref().map(path);
    shown
}

/// Without the part that names a session or an exchange.
fn path(path: &str) -> String {
    let mut is_id = false;
    let parts = path.split('/').map(|part| {
        let shown = if is_id { "…" } else { part };
        is_id = matches!(part, "sessions" | "who" | "xray");
        shown
    });
    parts.collect::<Vec<_>>().join("/")
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
        let text = letters.text(r#"sessions.find({ _id: "Zx1234…", username: "rosa", n: 1 })"#);
        assert_eq!(text, r#"sessions.find({ _id: "ticket B", username: "…", n: 1 })"#);
        assert_eq!(path("/account/sessions/abc/revoke"), "/account/sessions/…/revoke");
        assert_eq!(path("/learn/http-forgets"), "/learn/http-forgets");
    }
}
