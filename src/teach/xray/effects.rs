//! The effects of an exchange: in the browser's jar, and in each collection. Facts only; the words for them
//! are in `templates/macros/effect.html.tera`.

use serde::Serialize;

use crate::trace::{Command, Cookie, Exchange, Step};

/// The changes in one place.
#[derive(Debug, Serialize)]
pub(crate) struct Effect {
    /// `jar`, `memory` or `mongodb`.
    place: &'static str,
    /// The name of the collection in MongoDB.
    collection: String,
    changes: Vec<Change>,
}

/// One change.
#[derive(Debug, Serialize)]
struct Change {
    /// `added`, `deleted` or `updated`; of a session `extended`, when only its expiry changed; of a cookie
    /// `renewed` by one with the same session ID, `replaced` by another, or `too_long` for browsers.
    kind: &'static str,
    /// `session_cookie`, `other_cookie`, `session`, `user` or `document`.
    thing: &'static str,
    /// The name of a cookie.
    name: String,
    count: i64,
}

/// Bytes of a cookie's name and value that browsers keep (RFC 6265bis).
pub(super) const MAX_COOKIE: usize = 4_096;

/// The jar in any case; a collection or the memory when the request used it.
pub(super) fn effects(exchange: &Exchange) -> Vec<Effect> {
    let effect = |place, collection: &str, changes| {
        let collection = collection.to_owned();
        Effect { place, collection, changes }
    };
    let mut effects = vec![effect("jar", "", in_jar(exchange))];
    for noted in &exchange.steps {
        let (place, name, change) = match &noted.step {
            Step::Command(command) => ("mongodb", &*command.collection, in_mongodb(command)),
            Step::Memory { method, .. } => ("memory", "", in_memory(method, "session")),
            Step::MemoryUsers { method } => ("memory", "", in_memory(method, "user")),
            _ => continue,
        };
        let known =
            effects.iter_mut().find(|known| (known.place, &*known.collection) == (place, name));
        match known {
            Some(effect) => effect.changes.extend(change),
            None => effects.push(effect(place, name, change.into_iter().collect())),
        }
    }
    effects
}

/// Whether this exchange stored nothing, on either side. Counters of attempts do not count here: they have
/// a row of their own.
pub(super) fn has_none(exchange: &Exchange) -> bool {
    let effects = effects(exchange);
    effects.iter().all(|effect| effect.changes.is_empty() || effect.collection == "throttle")
}

fn in_jar(exchange: &Exchange) -> Vec<Change> {
    let change = |cookie: &Cookie| {
        let sent = exchange.cookies.iter().find(|sent| sent.name == cookie.name);
        let is_session = cookie.sid.is_some() || sent.is_some_and(|sent| sent.sid.is_some());
        let kind = match sent {
            _ if cookie.is_gone => "deleted",
            _ if cookie.bytes > MAX_COOKIE => "too_long",
            None => "added",
            Some(sent) if is_session && sent.sid == cookie.sid => "renewed",
            Some(_) => "replaced",
        };
        let thing = if is_session { "session_cookie" } else { "other_cookie" };
        Change { kind, thing, name: cookie.name.clone(), count: 1 }
    };
    exchange.set_cookies.iter().map(change).collect()
}

/// `None` for a call that changed nothing.
fn in_memory(method: &str, thing: &'static str) -> Option<Change> {
    let kind = match method {
        "insert" => "added",
        "destroy" | "delete" => "deleted",
        "update" => "updated",
        "touch" => "extended",
        _ => return None,
    };
    Some(Change { kind, thing, name: String::new(), count: 1 })
}

/// `None` for a command that changed nothing.
fn in_mongodb(command: &Command) -> Option<Change> {
    let count = match command.name.as_str() {
        "find" | "aggregate" => return None,
        "findAndModify" => 1,
        _ => command.reply.as_ref()?.count.filter(|count| *count > 0)?,
    };
    let is_sessions = command.collection.ends_with("sessions");
    let thing = match command.collection.as_str() {
        "users" => "user",
        _ if is_sessions => "session",
        _ => "document",
    };
    let kind = match command.name.as_str() {
        "insert" => "added",
        "delete" => "deleted",
        "update" if is_sessions && !command.sets("session") => "extended",
        _ => "updated",
    };
    Some(Change { kind, thing, name: String::new(), count })
}
