//! The rows between request and response: what was noted on the way.

use std::time::Duration;

use super::row::{Lane, Row, Tone, milliseconds};
use super::sentences::Sentence;
use super::{commands, cookies};
use crate::trace::{Exchange, Noted, Step, Write, short_id};

/// The rows of the noted steps. A step that another row shows as well has none.
pub(super) fn rows(exchange: &Exchange) -> Vec<Row> {
    let mut rows: Vec<Row> = vec![];
    // A page of a lab reads both cookies, the site's and the lab's: the last one read is meant.
    let mut in_lab = false;
    for noted in &exchange.steps {
        let is_lab = match &noted.step {
            Step::CookieRead { name, .. } | Step::Written { name, .. } => {
                in_lab = name.starts_with("lab.");
                in_lab
            }
            Step::Command(command) => command.collection == "lab_sessions",
            Step::UnknownSession { .. }
            | Step::Memory { .. }
            | Step::Regenerated { .. }
            | Step::Login { .. }
            | Step::Destroyed => in_lab,
            Step::Lab { .. } => true,
            _ => false,
        };
        rows.extend(row(noted, exchange).map(|row| Row { is_lab, ..row }));
    }
    // In a lab, the steps of the login are those that the request was not sent for.
    if rows.iter().any(|row| row.is_lab) {
        let is_minor = |row: &Row| !row.is_lab && !row.sentence.key.starts_with("form");
        for row in &mut rows {
            row.is_minor = is_minor(row);
        }
    }
    rows
}

fn row(noted: &Noted, exchange: &Exchange) -> Option<Row> {
    let app = |sentence| Row::new(noted.elapsed, Lane::App, sentence);
    let minor = |sentence| Row { is_minor: true, ..app(sentence) };
    let checked = |tone, sentence| Row { tone, ..app(sentence) };
    let in_memory = |sentence| Row::new(noted.elapsed, Lane::Memory, sentence);
    Some(match &noted.step {
        Step::Form { fields } => app(form(fields)),
        Step::OriginChecked { by } => minor(Sentence::new(match by {
            Some("sec-fetch-site") => "origin-checked-by-sec-fetch-site",
            Some(_) => "origin-checked-by-origin",
            None => "origin-not-sent",
        })),
        Step::InputAccepted => minor(Sentence::new("input-accepted")),
        Step::CookieRead { name, signature, took, .. } => {
            let (tone, sentence) = cookies::signature(name, signature, *took);
            checked(tone, sentence)
        }
        Step::UnknownSession { sid } => {
            checked(Tone::Bad, cookies::unknown(sid, noted.elapsed, exchange))
        }
        Step::Revoked { reason } => checked(Tone::Bad, cookies::revoked(reason)),
        Step::Command(command) => commands::row(noted.elapsed, command, exchange.user.as_deref()),
        Step::Memory { method, sid } => {
            let key = match *method {
                "insert" => "memory-insert",
                "update" => "memory-update",
                "touch" => "memory-touch",
                "destroy" => "memory-destroy",
                _ => "memory-load",
            };
            in_memory(Sentence::new(key).with("sid", sid))
        }
        Step::MemoryUsers { method } => {
            in_memory(Sentence::new("memory-users").with("method", method))
        }
        Step::Hashed { algorithm, took } => {
            app(timed("password-hashed", *took).with("algorithm", algorithm))
        }
        Step::Verified { right: true, took } => checked(Tone::Ok, timed("password-right", *took)),
        Step::Verified { right: false, took } => checked(Tone::Bad, timed("password-wrong", *took)),
        Step::Regenerated { old: Some(old), new } => {
            app(Sentence::new("session-regenerated").with("old", old).with("new", new))
        }
        Step::Regenerated { old: None, new } => {
            app(Sentence::new("session-regenerated-first").with("new", new))
        }
        Step::Login { user } => app(Sentence::new("login").with("user", short_id(user))),
        Step::User { id } => minor(Sentence::new("user-found").with("user", short_id(id))),
        Step::SessionInvalidated => checked(Tone::Bad, Sentence::new("session-invalidated")),
        Step::Destroyed => app(Sentence::new("session-destroyed")),
        Step::Written { name, write, .. } => app(Sentence::new(match write {
            Write::Nothing if cookies::has_no_session(exchange, name) => "session-empty",
            Write::Nothing => "session-unmodified",
            Write::SkipUndeliverable => "session-undeliverable",
            // Such a write has a command of its own.
            Write::Insert | Write::Update | Write::Touch | Write::Delete => return None,
        })),
        Step::Rendered { template } => {
            minor(Sentence::new("page-rendered").with("template", template))
        }
        Step::Lab { fact, number, .. } => {
            minor(Sentence::new("lab-fact").with("fact", fact).with("number", number))
        }
    })
}

fn form(fields: &[(String, usize)]) -> Sentence {
    let field = |(name, length): &(String, usize)| {
        Sentence::new("form-field").with("name", name).with("length", length)
    };
    let key = match fields {
        [] => return Sentence::new("form-empty"),
        [_] => "form-one-field",
        _ => "form",
    };
    let fields = fields.iter().map(field).collect();
    Sentence::new(key).with_all("fields", fields, "between-fields")
}

fn timed(key: &'static str, took: Duration) -> Sentence {
    Sentence::new(key).with("ms", milliseconds(took))
}
