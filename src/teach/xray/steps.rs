//! Request, steps and response as sentences: which key, and which values. The words are in `templates/xray`.

use std::time::Duration;

use super::effects::in_jar;
use super::sentences::Sentence;
use super::session::{has_session, is_found, is_of_lab};
use crate::auth::revoke::BY_ADMIN;
use crate::names::{DEVICE_COOKIE, FLASH_COOKIE};
use crate::trace::{Command, Cookie, Exchange, Signature, Step, Write, short_id};

/// The request, with the session cookie of the site and that of a lab.
pub(super) fn request(exchange: &Exchange) -> Sentence {
    // By its form, or because the session engine read it.
    let is_session =
        |cookie: &&Cookie| cookie.sid.is_some() || exchange.written(&cookie.name).is_some();
    let cookies = exchange.cookies.iter().filter(is_session);
    let (of_lab, of_site): (Vec<_>, Vec<_>) = cookies.partition(|cookie| is_of_lab(&cookie.name));
    let sentence = match (exchange.method.as_str(), of_site.first()) {
        ("POST", None) => Sentence::new("form-request"),
        ("POST", Some(cookie)) => of_cookie("form-request-with-cookie", cookie),
        (_, None) => Sentence::new("page-request"),
        (_, Some(cookie)) => of_cookie("page-request-with-cookie", cookie),
    };
    sentence
        .with("method", &exchange.method)
        .with("path", &exchange.path)
        .with_parts("lab", of_lab.first().map(|cookie| of_cookie("lab-cookie", cookie)))
}

/// The step of this number as a sentence. `None` for a step that another sentence says as well.
pub(super) fn sentence(exchange: &Exchange, n: usize) -> Option<Sentence> {
    let say = |key: &str| Sentence::new(key);
    Some(match &exchange.steps[n].step {
        Step::Form { fields } => form(fields),
        Step::OriginChecked { by: None } => say("origin-not-sent"),
        Step::OriginChecked { by: Some(header) } => say(&format!("origin-checked-by-{header}")),
        Step::OriginRefused => say("origin-refused"),
        Step::InputAccepted => say("input-accepted"),
        Step::CookieRead { name, signature, took, .. } => {
            verified(signature).with("name", name).with("micros", took.as_micros())
        }
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
        Step::Memory { method, sid } => say(&format!("memory-{method}")).with("sid", sid),
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

fn verified(signature: &Signature) -> Sentence {
    match signature {
        Signature::NoCookie => Sentence::new("no-cookie"),
        Signature::Missing => Sentence::new("signature-missing"),
        Signature::Wrong => Sentence::new("signature-wrong"),
        Signature::Ambiguous => Sentence::new("signature-ambiguous"),
        Signature::Genuine { sid, outdated } => {
            Sentence::new(if *outdated { "signature-outdated" } else { "signature-genuine" })
                .with("sid", sid)
        }
    }
}

/// The key for what a command is for. `user`: the user of the session.
fn purpose(command: &Command, user: Option<&str>) -> &'static str {
    let text = &command.text;
    // An admin may look up another account.
    let is_own = user.is_none_or(|user| text.contains(&short_id(user)));
    let collection = command.collection.as_str();
    let is_sessions = collection.ends_with("sessions");
    match (collection, command.name.as_str()) {
        ("users", "find") if text.contains("username") => "find-user-by-name",
        ("users", "find") if is_own => "find-user",
        ("users", "insert") => "insert-user",
        ("users", "update") => "update-user",
        ("users", "delete") => "delete-user",
        ("throttle", "findAndModify") => "count-attempt",
        ("throttle", "update") => "refund-attempts",
        ("progress", "find") => "find-progress",
        ("progress", "delete") => "delete-progress",
        ("progress", _) => "store-progress",
        (name, "find") if name.ends_with("_ended") => "find-revocation",
        (name, "insert") if name.ends_with("_ended") => "insert-revocation",
        (_, "find") if is_sessions && text.contains("user: ") => "find-user-sessions",
        (_, "find") if is_sessions && !text.contains('$') => "find-session",
        (_, "insert") if is_sessions => "insert-session",
        (_, "update") if is_sessions && command.sets("session") => "update-session",
        (_, "update") if is_sessions => "touch-session",
        (_, "delete") if is_sessions && text.contains("$in") => "delete-sessions",
        (_, "delete") if is_sessions && text.contains("remove: true") => "take-session",
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

/// The response, with the cookies that it sets.
pub(super) fn response(exchange: &Exchange) -> Sentence {
    let to = exchange.location.as_deref();
    let path = to.and_then(|to| to.split('?').next()).unwrap_or_default();
    let size = exchange.bytes.map(|bytes| Sentence::new("response-size").with("bytes", bytes));
    let set = exchange.set_cookies.iter();
    let set = set.map(|cookie| of_cookie(set_cookie(cookie, exchange), cookie));
    let no_cookie = exchange.set_cookies.is_empty().then(|| Sentence::new("no-set-cookie"));
    Sentence::new(if to.is_some() { "response-redirect" } else { "response" })
        .with("status", exchange.status)
        .with("path", path)
        .with_parts("size", size)
        .with_parts("cookies", set.chain(no_cookie))
}

fn of_cookie(key: &str, cookie: &Cookie) -> Sentence {
    Sentence::new(key)
        .with("name", &cookie.name)
        .with("sid", cookie.sid.as_deref().unwrap_or_default())
        .with("bytes", cookie.bytes)
        .with("attributes", &cookie.attributes)
}

fn set_cookie(cookie: &Cookie, exchange: &Exchange) -> &'static str {
    // A lab may write a cookie that no session engine would.
    let is_by_engine = exchange.written(&cookie.name).is_some();
    let name = cookie.name.as_str();
    match (in_jar(cookie, exchange).kind, &cookie.sid) {
        ("deleted", _) => "set-cookie-deleted",
        ("too_long", _) => "set-cookie-too-large",
        (_, Some(_)) if !is_by_engine => "set-cookie-by-lab",
        ("renewed", Some(_)) => "set-cookie-same-session",
        (_, Some(_)) => "set-cookie-session",
        (_, None) if DEVICE_COOKIE.contains(&name) => "set-cookie-device",
        (_, None) if FLASH_COOKIE.contains(&name) => "set-cookie-flash",
        (_, None) => "set-cookie",
    }
}

/// Milliseconds with as many digits as make sense: "0.03", "1.2", "15".
pub(super) fn milliseconds(took: Duration) -> String {
    match took.as_micros() {
        micros @ 0..1_000 => format!("0.{:02}", micros / 10),
        micros @ 1_000..10_000 => format!("{}.{}", micros / 1_000, micros % 1_000 / 100),
        micros => format!("{}", micros / 1_000),
    }
}
