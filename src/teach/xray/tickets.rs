//! Tickets in words: what the seal was worth, and what became of the session behind it.

use std::time::Duration;

use super::rows::{Tone, Words};
use crate::trace::{Exchange, Noted, Seal, Step};

/// What the seal on the cookie of this name was worth.
pub fn ticket(name: &str, seal: &Seal, took: Duration, exchange: &Exchange) -> (Tone, Words) {
    let micros = took.as_micros();
    match seal {
        Seal::None => {
            let asked = exchange.commands().next().is_some();
            let then = if asked { "" } else { " MongoDB need not be asked." };
            (
                Tone::Plain,
                Words::new(
                    format!("No ticket, so this is nobody.{then}"),
                    format!("no cookie `{name}`: no session to load"),
                    "`express-session`: no cookie, so a new and empty `req.session`",
                ),
            )
        }
        Seal::Missing => (
            Tone::Bad,
            Words::new(
                "There is no seal on it: the database was not asked for it. This is nobody.",
                format!("`{name}` is no `s:` number `.` signature: refused without a command"),
                "not `s:` and a signature: a new and empty `req.session`",
            ),
        ),
        Seal::Broken => (
            Tone::Bad,
            Words::new(
                if name.starts_with("lab.") {
                    "The seal is broken: the database was not asked for it. This is nobody."
                } else {
                    "The seal is broken: we did not even ask the database. This is nobody."
                },
                format!(
                    "HMAC-SHA256 of `{name}` does not match, {micros} µs: refused without a command"
                ),
                "`unsign(cookie, secret)` is `false`: a new and empty `req.session`",
            ),
        ),
        Seal::Several => (
            Tone::Bad,
            Words::new(
                "Your browser sent two different tickets of ours. Neither counts, so you are logged out.",
                format!("two cookies `{name}` with different genuine IDs: no session is loaded"),
                "Express takes the first of two cookies of one name",
            ),
        ),
        Seal::Genuine { sid, outdated } => {
            let old = if *outdated { " It was made with an older secret." } else { "" };
            (
                Tone::Ok,
                Words::new(
                    format!("The seal on ticket `{sid}` is ours.{old}"),
                    format!("HMAC-SHA256 over `{sid}` matches, {micros} µs.{old}"),
                    format!("`unsign(cookie, secret)` gives the `sessionID`.{old}"),
                ),
            )
        }
    }
}

/// A genuine ticket, and no session for it.
pub fn lost(sid: &str, at: Duration, exchange: &Exchange) -> Words {
    let before: Vec<&Noted> = exchange.steps.iter().take_while(|noted| noted.at < at).collect();
    // What was fetched for this ticket, and not for one that was looked at before it.
    let before = before.rsplit(|noted| matches!(noted.step, Step::Ticket { .. })).next();
    let before = before.unwrap_or_default().iter();
    let mut fetched = before.filter_map(|noted| match &noted.step {
        Step::Command(command) => command.reply.as_ref(),
        _ => None,
    });
    if fetched.next_back().is_some_and(|reply| reply.count == Some(1)) {
        return Words::new(
            "The ticket is real, the coat is no longer kept: it still hangs there, but its time is over. This is nobody.",
            format!(
                "the document with `_id` `{sid}` has expired: refused, whether or not MongoDB has reaped it"
            ),
            "`store.get` asks for `expires > now`: a new and empty `req.session`",
        );
    }
    Words::new(
        "The ticket is real, the coat is no longer kept. This is nobody.",
        format!("no valid document with `_id` `{sid}`; the id is not used again"),
        "`store.get` finds nothing: a new and empty `req.session`",
    )
}

/// Why that is, if it was revoked.
pub fn ended(why: &str) -> Words {
    Words::new(
        format!("Somebody has taken it from its hook: {why}."),
        format!("ended from elsewhere, `why` is \"{why}\""),
        "no such thing in `express-session`: `store.destroy(sid)`, and nobody is told why",
    )
}

/// A new number.
pub fn regenerated(old: Option<&str>, new: &str) -> Words {
    let was = old.map_or("There was none before.".to_owned(), |old| {
        format!("The old one, `{old}`, is worth nothing from now on.")
    });
    Words::new(
        format!("A new number for the ticket: `{new}`. {was}"),
        format!("new sid `{new}` from 24 random bytes. {was}"),
        "`req.session.regenerate()`, against session fixation",
    )
}
