//! The effects of an exchange: in the browser's jar, and in each collection. Facts only; the words for them
//! are in `templates/macros/effect.html.tera`.

use indexmap::IndexMap;
use serde::Serialize;

use crate::trace::{Command, Cookie, Exchange, Step};

#[derive(Debug, Serialize)]
pub(crate) struct Effect {
    /// `jar`, `memory` or `mongodb`.
    place: &'static str,
    /// The name of the collection in MongoDB.
    collection: String,
    changes: Vec<Change>,
}

#[derive(Debug, Serialize)]
pub(super) struct Change {
    /// `added`, `deleted` or `updated`; of a session `extended`, when only its expiry changed; of a cookie
    /// `renewed` by one with the same session ID, `replaced` by another, or `too_long` for browsers.
    pub kind: &'static str,
    /// `session_cookie`, `other_cookie`, `session`, `user` or `document`.
    thing: &'static str,
    name: String,
    count: i64,
}

/// Bytes of a cookie's name and value that browsers keep (RFC 6265bis).
const MAX_COOKIE: usize = 4_096;

/// The jar in any case; a collection or the memory when the request used it.
pub(super) fn effects(exchange: &Exchange) -> Vec<Effect> {
    let in_jar = exchange.set_cookies.iter().map(|cookie| in_jar(cookie, exchange)).collect();
    let mut changes: IndexMap<_, Vec<Change>> = IndexMap::from([(("jar", ""), in_jar)]);
    for (place, change) in exchange.steps.iter().filter_map(|noted| stored(&noted.step)) {
        changes.entry(place).or_default().extend(change);
    }
    let effect = |((place, collection), changes): ((_, &str), _)| Effect {
        place,
        collection: collection.to_owned(),
        changes,
    };
    changes.into_iter().map(effect).collect()
}

/// Whether these effects change nothing. Counters of attempts do not count: they have a row of their own.
pub(super) fn are_none(effects: &[Effect]) -> bool {
    effects.iter().all(|effect| effect.changes.is_empty() || effect.collection == "throttle")
}

/// What the browser does with a cookie of the response.
pub(super) fn in_jar(cookie: &Cookie, exchange: &Exchange) -> Change {
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
}

/// The place that a step used, with its collection, and the change there. `None` for a step that used none.
fn stored(step: &Step) -> Option<((&'static str, &str), Option<Change>)> {
    Some(match step {
        Step::Memory { method, .. } => (("memory", ""), change(method, "session", 1)),
        Step::MemoryUsers { method } => (("memory", ""), change(method, "user", 1)),
        Step::Command(command) => (("mongodb", &command.collection), in_mongodb(command)),
        _ => return None,
    })
}

fn in_mongodb(command: &Command) -> Option<Change> {
    let thing = match command.collection.as_str() {
        "users" => "user",
        name if name.ends_with("sessions") => "session",
        _ => "document",
    };
    let count = command.reply.as_ref().and_then(|reply| reply.count).unwrap_or_default();
    match command.name.as_str() {
        "findAndModify" => change("update", thing, 1),
        "update" if thing == "session" && !command.sets("session") => change("touch", thing, count),
        name => change(name, thing, count),
    }
}

/// `None` for a call or a command that changed nothing.
fn change(method: &str, thing: &'static str, count: i64) -> Option<Change> {
    let kind = match method {
        "insert" => "added",
        "destroy" | "delete" => "deleted",
        "update" => "updated",
        "touch" => "extended",
        _ => return None,
    };
    (count > 0).then(|| Change { kind, thing, name: String::new(), count })
}
