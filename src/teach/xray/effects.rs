//! The effects of an exchange: in the browser's jar, and in each collection. Facts only; the words for them
//! are in `templates/macros/effect.html.tera`.

use serde::Serialize;

use crate::trace::{Command, Cookie, Exchange, Step};

/// The changes in the browser's jar or in one collection.
#[derive(Debug, Serialize)]
pub(crate) struct Effect {
    /// The name of the collection; empty for the browser's jar.
    collection: String,
    changes: Vec<Change>,
}

/// One change.
#[derive(Debug, Serialize)]
struct Change {
    kind: Kind,
    thing: Thing,
    /// The name of a cookie.
    name: String,
    count: i64,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Added,
    Deleted,
    Updated,
    /// Only the expiry of a session.
    Extended,
    /// A cookie, by another value.
    Replaced,
    /// A cookie, by one with the same session ID.
    Renewed,
    /// A cookie that is longer than browsers accept.
    TooLong,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
enum Thing {
    SessionCookie,
    Cookie,
    Session,
    User,
    Document,
}

/// Bytes of a cookie's name and value that browsers keep (RFC 6265bis).
const MAX_COOKIE: usize = 4_096;

/// The jar, `sessions` and `users` in any case; another collection when something was written to it.
pub(super) fn effects(exchange: &Exchange) -> Vec<Effect> {
    let mut collections = vec!["sessions", "users"];
    for command in exchange.commands().filter(|command| is_write(command)) {
        if !collections.contains(&command.collection.as_str()) {
            collections.push(&command.collection);
        }
    }
    let in_collection = |collection: &str| {
        let commands = exchange.commands().filter(|command| command.collection == collection);
        let mut changes: Vec<Change> = commands.filter_map(in_mongodb).collect();
        if collection == "sessions" {
            changes.extend(in_memory(exchange));
        }
        Effect { collection: collection.to_owned(), changes }
    };
    let jar = Effect { collection: String::new(), changes: in_jar(exchange) };
    std::iter::once(jar).chain(collections.into_iter().map(in_collection)).collect()
}

/// Whether this exchange stored nothing, on either side. Counters of attempts do not count here: they have
/// a row of their own.
pub(super) fn has_none(exchange: &Exchange) -> bool {
    let effects = effects(exchange);
    effects.iter().all(|effect| effect.changes.is_empty() || effect.collection == "throttle")
}

fn is_write(command: &Command) -> bool {
    !matches!(command.name.as_str(), "find" | "aggregate")
}

fn in_jar(exchange: &Exchange) -> Vec<Change> {
    let change = |cookie: &Cookie| {
        let sent = exchange.cookies.iter().find(|sent| sent.name == cookie.name);
        let is_session = cookie.sid.is_some() || sent.is_some_and(|sent| sent.sid.is_some());
        let kind = match sent {
            _ if cookie.is_gone => Kind::Deleted,
            _ if cookie.bytes > MAX_COOKIE => Kind::TooLong,
            None => Kind::Added,
            Some(sent) if is_session && sent.sid == cookie.sid => Kind::Renewed,
            Some(_) => Kind::Replaced,
        };
        let thing = if is_session { Thing::SessionCookie } else { Thing::Cookie };
        Change { kind, thing, name: cookie.name.clone(), count: 1 }
    };
    exchange.set_cookies.iter().map(change).collect()
}

fn in_memory(exchange: &Exchange) -> impl Iterator<Item = Change> {
    exchange.steps.iter().filter_map(|noted| {
        let Step::Memory { method, .. } = &noted.step else { return None };
        let kind = match *method {
            "insert" => Kind::Added,
            "destroy" => Kind::Deleted,
            "update" => Kind::Updated,
            "touch" => Kind::Extended,
            _ => return None,
        };
        Some(Change { kind, thing: Thing::Session, name: String::new(), count: 1 })
    })
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
        "users" => Thing::User,
        _ if is_sessions => Thing::Session,
        _ => Thing::Document,
    };
    let kind = match command.name.as_str() {
        "insert" => Kind::Added,
        "delete" => Kind::Deleted,
        "update" if is_sessions && !command.sets("session") => Kind::Extended,
        _ => Kind::Updated,
    };
    Some(Change { kind, thing, name: String::new(), count })
}
