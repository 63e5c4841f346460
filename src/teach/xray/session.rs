//! Which session is behind an exchange, as its steps tell.

use crate::trace::{Exchange, Noted, Signature, Step, Write};

/// Whether this cookie belongs to a lab, and not to the site.
pub(super) fn is_of_lab(cookie: &str) -> bool {
    cookie.starts_with("lab.")
}

/// Whether the session engine found a session for the cookie of this name.
pub(super) fn has_session(exchange: &Exchange, cookie: &str) -> bool {
    // Up to the next cookie, the steps are about this one.
    let (mut is_about, mut has) = (false, false);
    for noted in &exchange.steps {
        match &noted.step {
            Step::CookieRead { name, signature, .. } => {
                is_about = name == cookie;
                has = if is_about { matches!(signature, Signature::Genuine { .. }) } else { has };
            }
            Step::UnknownSession { .. } if is_about => has = false,
            _ => {}
        }
    }
    has
}

/// Whether the last command for a cookie found a document. If its session is unknown, that one has expired.
pub(super) fn is_found(before: &[Noted]) -> bool {
    let steps = before.iter().rev().map(|noted| &noted.step);
    // Only the commands for this cookie, and not those for one that was read before it.
    let own = steps.take_while(|step| !matches!(step, Step::CookieRead { .. }));
    let mut replies = own.filter_map(|step| match step {
        Step::Command(command) => command.reply.as_ref(),
        _ => None,
    });
    replies.next().is_some_and(|reply| reply.count == Some(1))
}

/// The browser's session of the site behind this exchange: `none`, `anonymous`, `logged_in`, or `valid` when
/// the request looked for no user. `None`: the recording does not tell.
pub(super) fn session_after(exchange: &Exchange) -> Option<&'static str> {
    let mut steps = exchange.steps.iter().map(|noted| &noted.step);
    let is_rendered = steps.clone().any(|step| matches!(step, Step::Rendered { .. }));
    let (name, write) = steps.find_map(|step| match step {
        Step::Written { name, write, .. } if !is_of_lab(name) => Some((name, write)),
        _ => None,
    })?;
    Some(match write {
        Write::Delete | Write::SkipUndeliverable => "none",
        Write::Nothing if !has_session(exchange, name) => "none",
        _ if exchange.user.is_some() => "logged_in",
        // A page has a header with the user, so the request has looked for one.
        _ if is_rendered && exchange.status < 500 => "anonymous",
        _ => "valid",
    })
}
