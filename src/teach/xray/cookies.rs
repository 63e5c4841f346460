//! The steps between cookie and session: is the signature genuine, and is the session still there?

use std::time::Duration;

use super::row::Tone;
use super::sentences::Sentence;
use crate::auth::revoke::BY_ADMIN;
use crate::trace::{Exchange, Noted, Signature, Step};

/// The signature of the cookie of this name.
pub(super) fn signature(
    name: &str,
    signature: &Signature,
    took: Duration,
    exchange: &Exchange,
) -> (Tone, Sentence) {
    let (tone, key) = match signature {
        Signature::NoCookie if exchange.commands().next().is_some() => (Tone::Plain, "no-cookie"),
        Signature::NoCookie => (Tone::Plain, "no-cookie-no-command"),
        Signature::Missing => (Tone::Bad, "signature-missing"),
        Signature::Wrong if name.starts_with("lab.") => (Tone::Bad, "signature-wrong-in-lab"),
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
