//! The first row and the last one: how the request came, and the answer.

use std::time::Duration;

use super::rows::{Lane, Row, Tone, Words};
use super::words::row;
use crate::teach::text::quoted;
use crate::trace::{Cookie, Exchange};
use crate::web::{DEVICE, NOTICE};

/// How the request came.
pub fn arrival(exchange: &Exchange) -> Row {
    let line = quoted(&format!("{} {}", exchange.method, exchange.path));
    let mut tickets = exchange.cookies.iter().filter(|cookie| cookie.sid.is_some());
    let ticket = tickets.clone().find(|cookie| !cookie.name.starts_with("lab.")).or(tickets.next());
    let (plain, protocol) = match ticket {
        Some(Cookie { name, bytes, sid: Some(sid), .. }) => (
            format!("and shows its ticket, {bytes} bytes."),
            format!("`Cookie: {name}={sid}●●●`, {bytes} bytes"),
        ),
        _ => ("and shows no ticket.".to_owned(), "no session cookie".to_owned()),
    };
    let verb = if exchange.method == "POST" { "sends a form to" } else { "asks for" };
    let words = Words::new(
        format!("Your browser {verb} {}, {plain}", quoted(&exchange.path)),
        format!("{line}, {protocol}"),
        format!("`req`: {line}, `req.headers.cookie`"),
    );
    row(Duration::ZERO, Lane::Request, Tone::Plain, words)
}

/// The answer.
pub fn answer(exchange: &Exchange) -> Row {
    let size = exchange.bytes.map_or(String::new(), |bytes| format!(", {bytes} bytes"));
    let target = exchange.location.as_deref().map_or(String::new(), |to| {
        format!(" Go to {}.", quoted(to.split('?').next().unwrap_or_default()))
    });
    let set: Vec<&Cookie> = exchange.set_cookies.iter().collect();
    let (kept, lines) = if set.is_empty() {
        ("No new cookie: your browser keeps what it has.".to_owned(), "no `Set-Cookie`".to_owned())
    } else {
        let told: Vec<_> = set.iter().map(|cookie| cookie_told(cookie, exchange)).collect();
        let lines: Vec<_> = set.iter().map(|cookie| quoted(&set_cookie_line(cookie))).collect();
        (told.join(" "), lines.join(", "))
    };
    let words = Words::new(
        format!("The answer is {}{size}.{target} {kept}", exchange.status),
        format!("`{}`{size}.{target} {lines}", exchange.status),
        format!("`res`: {}{size}.{target} {lines}", exchange.status),
    );
    row(exchange.took, Lane::Reply, Tone::Plain, words)
}

fn cookie_told(cookie: &Cookie, exchange: &Exchange) -> String {
    let sent = exchange.cookies.iter().find(|sent| sent.name == cookie.name);
    let is_same = sent.is_some_and(|sent| sent.sid == cookie.sid);
    // In a lab a hand may write what no engine would.
    let is_by_engine = exchange.written(&cookie.name).is_some();
    let why = match cookie.name.as_str() {
        name if DEVICE.names().contains(&name) => {
            " It tells your browser from a guesser's at the login page."
        }
        name if NOTICE.names().contains(&name) => " It brings one sentence to the next page.",
        _ => "",
    };
    match &cookie.sid {
        _ if cookie.is_gone => format!("Throw the cookie `{}` away.", cookie.name),
        Some(sid) if !is_by_engine => format!("The lab hands you a ticket: `{sid}`."),
        Some(sid) if is_same => {
            format!("Keep the same ticket, `{sid}`: its end or its seal is new.")
        }
        Some(sid) => format!("Keep this ticket: `{sid}`, with our seal."),
        None => format!("Keep a cookie called `{}`, {} bytes.{why}", cookie.name, cookie.bytes),
    }
}

fn set_cookie_line(cookie: &Cookie) -> String {
    let value = cookie.sid.as_ref().map_or("●●●".to_owned(), |sid| format!("{sid}●●●"));
    format!("Set-Cookie: {}={value}; {}", cookie.name, cookie.attributes)
}
