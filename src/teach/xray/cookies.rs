//! The steps between cookie and session: is the signature genuine, and is the session still there?

use std::time::Duration;

use serde::Serialize;

use super::row::Tone;
use super::sentences::Sentence;
use crate::auth::revoke::BY_ADMIN;
use crate::trace::{Exchange, Noted, Signature, Step};

/// The signature of the cookie of this name.
pub(super) fn signature(name: &str, signature: &Signature, took: Duration) -> (Tone, Sentence) {
    let (tone, key) = match signature {
        Signature::NoCookie => (Tone::Plain, "no-cookie"),
        Signature::Missing => (Tone::Bad, "signature-missing"),
        Signature::Wrong => (Tone::Bad, "signature-wrong"),
        Signature::Ambiguous => (Tone::Bad, "signature-ambiguous"),
        Signature::Genuine { outdated: true, .. } => (Tone::Ok, "signature-outdated"),
        Signature::Genuine { .. } => (Tone::Ok, "signature-genuine"),
    };
    let sentence = Sentence::new(key).with("name", name).with("micros", took.as_micros());
    (
        tone,
        match signature {
            Signature::Genuine { sid, .. } => sentence.with("sid", sid),
            _ => sentence,
        },
    )
}

/// A genuine cookie without a session. `elapsed`: the time of that step.
pub(super) fn unknown(sid: &str, elapsed: Duration, exchange: &Exchange) -> Sentence {
    let before: Vec<&Noted> =
        exchange.steps.iter().take_while(|noted| noted.elapsed < elapsed).collect();
    // Only the commands for this cookie, and not those for one that was read before it.
    let before = before.rsplit(|noted| matches!(noted.step, Step::CookieRead { .. })).next();
    let before = before.unwrap_or_default().iter();
    let mut replies = before.filter_map(|noted| match &noted.step {
        Step::Command(command) => command.reply.as_ref(),
        _ => None,
    });
    let is_found = replies.next_back().is_some_and(|reply| reply.count == Some(1));
    let key = if is_found { "session-expired" } else { "session-unknown" };
    Sentence::new(key).with("sid", sid)
}

/// The reason why the session was revoked.
pub(super) fn revoked(reason: &str) -> Sentence {
    let is_by_admin = reason == BY_ADMIN.as_str();
    let key = if is_by_admin { "session-revoked-by-admin" } else { "session-revoked" };
    Sentence::new(key).with("reason", reason)
}

/// Whether no session was found for the cookie of this name.
pub(super) fn has_no_session(exchange: &Exchange, cookie: &str) -> bool {
    let mut steps = exchange.steps.iter().map(|noted| &noted.step);
    let signature = steps.find_map(|step| match step {
        Step::CookieRead { name, signature, .. } if name == cookie => Some(signature),
        _ => None,
    });
    // Up to the next cookie, the steps are about this one.
    let is_unknown = steps
        .take_while(|step| !matches!(step, Step::CookieRead { .. }))
        .any(|step| matches!(step, Step::UnknownSession { .. }));
    !matches!(signature, Some(Signature::Genuine { .. })) || is_unknown
}

/// The browser's session behind the response.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum SessionAfter {
    /// The recording does not tell.
    Unknown,
    /// No valid cookie.
    None,
    /// A session, and no user is logged in.
    Anonymous,
    /// A session. The request looked for no user.
    Valid,
    /// A session of a user.
    LoggedIn,
}

/// The browser's session of the site behind this exchange, as far as its steps and cookies tell.
pub(super) fn session_after(exchange: &Exchange) -> SessionAfter {
    let names = exchange.steps.iter().filter_map(|noted| match &noted.step {
        Step::CookieRead { name, .. } => Some(name),
        _ => None,
    });
    let Some(name) = names.into_iter().find(|name| !name.starts_with("lab.")) else {
        return SessionAfter::Unknown;
    };
    let set = exchange.set_cookies.iter().rev().find(|cookie| cookie.name == *name);
    let is_rendered =
        exchange.steps.iter().any(|noted| matches!(noted.step, Step::Rendered { .. }));
    match set {
        // Whether there is a session is unknown when the store does not answer.
        _ if exchange.status >= 500 => SessionAfter::Unknown,
        Some(cookie) if cookie.is_gone => SessionAfter::None,
        None if has_no_session(exchange, name) => SessionAfter::None,
        _ if exchange.user.is_some() => SessionAfter::LoggedIn,
        _ if is_rendered => SessionAfter::Anonymous,
        _ => SessionAfter::Valid,
    }
}
