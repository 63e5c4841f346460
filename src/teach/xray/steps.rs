//! The noted steps as sentences: which key, and which values.
//!
//! Keys and words are in `templates/xray`. The facts are from `trace/step.rs`, or from the exchange.

use std::time::Duration;

use super::sentences::Sentence;
use super::session::{has_session, is_found};
use crate::auth::revoke::BY_ADMIN;
use crate::trace::{Command, Exchange, Signature, Step, Write, short_id};

/// The step of this number as a sentence. `None` for a step that another sentence says as well.
pub(super) fn sentence(exchange: &Exchange, n: usize) -> Option<Sentence> {
    let say = Sentence::new;
    Some(match &exchange.steps[n].step {
        Step::Form { fields } => form(fields),
        Step::OriginChecked { by: Some("sec-fetch-site") } => {
            say("origin-checked-by-sec-fetch-site")
        }
        Step::OriginChecked { by: Some(_) } => say("origin-checked-by-origin"),
        Step::OriginChecked { by: None } => say("origin-not-sent"),
        Step::InputAccepted => say("input-accepted"),
        Step::CookieRead { name, signature, took, .. } => signature_of(name, signature, *took),
        Step::UnknownSession { sid } => {
            let is_found = is_found(&exchange.steps[..n]);
            say(if is_found { "session-expired" } else { "session-unknown" }).with("sid", sid)
        }
        Step::Revoked { reason } => {
            let is_by_admin = reason == BY_ADMIN.as_str();
            say(if is_by_admin { "session-revoked-by-admin" } else { "session-revoked" })
                .with("reason", reason)
        }
        Step::Command(command) => say(purpose(command, exchange.user.as_deref()))
            .with("command", &command.text)
            .with_parts("reply", [reply(command)]),
        Step::Memory { method, sid } => say(in_memory(method)).with("sid", sid),
        Step::MemoryUsers { method } => say("memory-users").with("method", method),
        Step::Hashed { algorithm, took } => {
            say("password-hashed").with("algorithm", algorithm).with("ms", milliseconds(*took))
        }
        Step::Verified { right, took } => {
            say(if *right { "password-right" } else { "password-wrong" })
                .with("ms", milliseconds(*took))
        }
        Step::Regenerated { old: Some(old), new } => {
            say("session-regenerated").with("old", old).with("new", new)
        }
        Step::Regenerated { old: None, new } => say("session-regenerated-first").with("new", new),
        Step::Login { user } => say("login").with("user", short_id(user)),
        Step::User { id } => say("user-found").with("user", short_id(id)),
        Step::SessionInvalidated => say("session-invalidated"),
        Step::Destroyed => say("session-destroyed"),
        Step::Written { name, write: Write::Nothing, .. } => {
            say(if has_session(exchange, name) { "session-unmodified" } else { "session-empty" })
        }
        Step::Written { write: Write::SkipUndeliverable, .. } => say("session-undeliverable"),
        // Such a write has a command of its own.
        Step::Written { .. } => return None,
        Step::Rendered { template } => say("page-rendered").with("template", template),
        Step::Lab { fact, number, .. } => say("lab-fact").with("fact", fact).with("number", number),
    })
}

fn form(fields: &[(String, usize)]) -> Sentence {
    let key = match fields {
        [] => "form-empty",
        [_] => "form-one-field",
        _ => "form",
    };
    let field = |(name, length): &(String, usize)| {
        Sentence::new("form-field").with("name", name).with("length", length)
    };
    Sentence::new(key).with_parts("fields", fields.iter().map(field))
}

fn signature_of(cookie: &str, signature: &Signature, took: Duration) -> Sentence {
    let (key, sid) = match signature {
        Signature::NoCookie => ("no-cookie", ""),
        Signature::Missing => ("signature-missing", ""),
        Signature::Wrong => ("signature-wrong", ""),
        Signature::Ambiguous => ("signature-ambiguous", ""),
        Signature::Genuine { sid, outdated: true } => ("signature-outdated", &**sid),
        Signature::Genuine { sid, outdated: false } => ("signature-genuine", &**sid),
    };
    Sentence::new(key).with("name", cookie).with("sid", sid).with("micros", took.as_micros())
}

fn in_memory(method: &str) -> &'static str {
    match method {
        "insert" => "memory-insert",
        "update" => "memory-update",
        "touch" => "memory-touch",
        "destroy" => "memory-destroy",
        _ => "memory-load",
    }
}

/// The key for what a command is for. `user`: the user of the session.
fn purpose(command: &Command, user: Option<&str>) -> &'static str {
    let text = command.text.to_string();
    // An admin may look up another account.
    let is_own = user.is_none_or(|user| text.is_empty() || text.contains(&short_id(user)));
    let collection = command.collection.as_str();
    let is_sessions = collection.ends_with("sessions");
    match (collection, command.name.as_str()) {
        ("users", "find") if text.contains("username") => "find-user-by-name",
        ("users", "find") if is_own => "find-user",
        ("users", "insert") => "insert-user",
        ("users", "update") => "update-user",
        ("users", "delete") => "delete-user",
        ("throttle", _) => "count-attempt",
        ("progress", _) => "lesson-progress",
        (name, "find") if name.ends_with("_ended") => "find-revocation",
        (_, "find") if is_sessions && text.contains("user: ") => "find-user-sessions",
        (_, "find") if is_sessions && !text.contains('$') => "find-session",
        (_, "insert") if is_sessions => "insert-session",
        (_, "update") if is_sessions && command.sets("session") => "update-session",
        (_, "update") if is_sessions => "touch-session",
        (_, "delete") if is_sessions => "delete-session",
        _ => "other-command",
    }
}

fn reply(command: &Command) -> Sentence {
    let Some(reply) = &command.reply else { return Sentence::new("reply-none") };
    let key = match (command.name.as_str(), reply.count) {
        _ if reply.failed => "reply-failed",
        ("find", Some(0)) => "reply-found-nothing",
        ("find", Some(1)) => "reply-found-one",
        ("find", Some(_)) => "reply-found",
        ("insert", Some(_)) => "reply-inserted",
        ("update", Some(_)) => "reply-written",
        ("delete", Some(_)) => "reply-deleted",
        _ => "reply",
    };
    Sentence::new(key)
        .with("count", reply.count.unwrap_or_default())
        .with("bytes", reply.bytes.unwrap_or_default())
        .with("ms", milliseconds(reply.took))
}

/// Milliseconds with as many digits as make sense: "0.03", "1.2", "15".
pub(super) fn milliseconds(took: Duration) -> String {
    let micros = took.as_micros();
    match micros {
        0..1_000 => format!("{}.{:02}", micros / 1_000, micros % 1_000 / 10),
        1_000..10_000 => format!("{}.{}", micros / 1_000, micros % 1_000 / 100),
        _ => format!("{}", micros / 1_000),
    }
}
