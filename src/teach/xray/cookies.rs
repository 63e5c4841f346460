//! The steps between cookie and session: is the signature genuine, and is the session still there?

use std::time::Duration;

use super::row::Tone;
use super::sentences::Sentence;
use crate::auth::revoke::BY_ADMIN;
use crate::trace::{Exchange, Noted, Signature, Step, Write};

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
    let mut own = steps.take_while(|step| !matches!(step, Step::CookieRead { .. }));
    let is_unknown = own.any(|step| matches!(step, Step::UnknownSession { .. }));
    !matches!(signature, Some(Signature::Genuine { .. })) || is_unknown
}

/// The browser's session of the site behind this exchange: `none`, `anonymous`, `logged_in`, or `valid` when
/// the request looked for no user. `None`: the recording does not tell.
pub(super) fn session_after(exchange: &Exchange) -> Option<&'static str> {
    let mut steps = exchange.steps.iter().map(|noted| &noted.step);
    let is_rendered = steps.clone().any(|step| matches!(step, Step::Rendered { .. }));
    let (name, write) = steps.find_map(|step| match step {
        Step::Written { name, write, .. } if !name.starts_with("lab.") => Some((name, write)),
        _ => None,
    })?;
    Some(match write {
        Write::Delete | Write::SkipUndeliverable => "none",
        Write::Nothing if has_no_session(exchange, name) => "none",
        _ if exchange.user.is_some() => "logged_in",
        // A page has a header with the user, so the request has looked for one.
        _ if is_rendered && exchange.status < 500 => "anonymous",
        _ => "valid",
    })
}
