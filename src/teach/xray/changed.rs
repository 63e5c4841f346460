//! What an exchange has changed: in the browser's jar, and in each collection.

use serde::Serialize;

use crate::trace::{Command, Cookie, Exchange, Step};

/// A place where something is kept.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Place {
    /// The name of the collection; empty for the browser's jar.
    pub collection: String,
    /// In words; "nothing" is one of them.
    pub what: String,
}

/// What browsers keep of a cookie's name and value (RFC 6265bis).
const MOST_BYTES: usize = 4_096;

const NOTHING: &str = "nothing";

/// The jar, sessions and users in any case; another collection when something was written to it.
pub fn changed(exchange: &Exchange) -> Vec<Place> {
    let mut collections = vec!["sessions", "users"];
    for command in exchange.commands().filter(|command| is_write(command)) {
        if !collections.contains(&command.collection.as_str()) {
            collections.push(&command.collection);
        }
    }
    let in_collection = |collection: &str| {
        let commands = exchange.commands().filter(|command| command.collection == collection);
        let mut changes: Vec<String> = commands.filter_map(documents).collect();
        if collection == "sessions" {
            changes.extend(in_memory(exchange));
        }
        Place { collection: collection.to_owned(), what: listed(changes) }
    };
    let jar = Place { collection: String::new(), what: jar(exchange) };
    std::iter::once(jar).chain(collections.into_iter().map(in_collection)).collect()
}

/// Whether nothing was stored by this exchange, on either side. What only counts tries is told among
/// the steps.
pub fn is_nothing(exchange: &Exchange) -> bool {
    let places = changed(exchange);
    places.iter().all(|place| place.what == NOTHING || place.collection == "throttle")
}

fn is_write(command: &Command) -> bool {
    !matches!(command.name.as_str(), "find" | "aggregate")
}

fn jar(exchange: &Exchange) -> String {
    let change = |cookie: &Cookie| {
        let sent = exchange.cookies.iter().find(|sent| sent.name == cookie.name);
        let is_ticket = cookie.sid.is_some() || sent.is_some_and(|sent| sent.sid.is_some());
        let what = if is_ticket { "ticket" } else { &cookie.name };
        match sent {
            _ if cookie.is_gone => format!("−1 {what}"),
            _ if cookie.bytes > MOST_BYTES => format!("{what}, if it fits"),
            None => format!("+1 {what}"),
            Some(sent) if is_ticket && sent.sid == cookie.sid => "the same ticket again".to_owned(),
            Some(_) => format!("another {what}"),
        }
    };
    listed(exchange.set_cookies.iter().map(change).collect())
}

fn in_memory(exchange: &Exchange) -> impl Iterator<Item = String> {
    exchange.steps.iter().filter_map(|noted| match &noted.step {
        Step::Memory { what: "insert", .. } => Some("+1 coat".to_owned()),
        Step::Memory { what: "destroy", .. } => Some("−1 coat".to_owned()),
        Step::Memory { what: "update", .. } => Some("1 coat written".to_owned()),
        Step::Memory { what: "touch", .. } => Some("1 end moved".to_owned()),
        _ => None,
    })
}

/// `None` for what changed nothing.
fn documents(command: &Command) -> Option<String> {
    let count = match command.name.as_str() {
        "find" | "aggregate" => return None,
        "findAndModify" => 1,
        _ => command.reply.as_ref()?.count.filter(|count| *count > 0)?,
    };
    let is_sessions = command.collection.ends_with("sessions");
    let (one, many) = match command.collection.as_str() {
        "users" => ("account", "accounts"),
        _ if is_sessions => ("coat", "coats"),
        _ => ("document", "documents"),
    };
    let what = if count == 1 { one } else { many };
    Some(match command.name.as_str() {
        "insert" => format!("+{count} {what}"),
        "delete" => format!("−{count} {what}"),
        "update" if is_sessions && !command.keys.iter().any(|key| key == "session") => {
            format!("{count} end moved")
        }
        _ => format!("{count} {what} written"),
    })
}

fn listed(changes: Vec<String>) -> String {
    if changes.is_empty() { NOTHING.to_owned() } else { changes.join(", ") }
}
