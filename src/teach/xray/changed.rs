//! What an exchange has changed: in the browser's jar, among the sessions, among the users.

use serde::Serialize;

use crate::trace::{Command, Exchange, Step};

/// In words; "nothing" is one of them.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Changed {
    /// In the browser's jar.
    pub browser: String,
    /// Among the sessions.
    pub sessions: String,
    /// Among the users.
    pub users: String,
}

impl Changed {
    /// By this exchange.
    pub fn by(exchange: &Exchange) -> Self {
        Self {
            browser: jar(exchange),
            sessions: sessions(exchange),
            users: documents(exchange.commands().filter(|command| command.collection == "users")),
        }
    }
}

/// Whether nothing was stored by this exchange, on either side.
pub fn is_nothing(exchange: &Exchange) -> bool {
    let Changed { browser, sessions, users } = Changed::by(exchange);
    // What only counts tries is told among the steps.
    let is_write = |command: &Command| {
        !matches!(command.name.as_str(), "find" | "aggregate") && command.collection != "throttle"
    };
    [browser, sessions, users].iter().all(|place| place == NOTHING)
        && !exchange.commands().any(is_write)
}

const NOTHING: &str = "nothing";

fn jar(exchange: &Exchange) -> String {
    let changes = exchange.set_cookies.iter().map(|cookie| {
        let sent = exchange.cookies.iter().find(|sent| sent.name == cookie.name);
        let is_ticket = cookie.sid.is_some() || sent.is_some_and(|sent| sent.sid.is_some());
        let (what, had) = (if is_ticket { "ticket" } else { &cookie.name }, sent.is_some());
        match (cookie.is_gone, had) {
            (true, _) => format!("−1 {what}"),
            (false, true) => format!("another {what}"),
            (false, false) => format!("+1 {what}"),
        }
    });
    listed(changes.collect())
}

fn sessions(exchange: &Exchange) -> String {
    let in_memory = exchange.steps.iter().filter_map(|noted| match &noted.step {
        Step::Memory { what: "insert", .. } => Some("+1 coat".to_owned()),
        Step::Memory { what: "destroy", .. } => Some("−1 coat".to_owned()),
        Step::Memory { what: "update", .. } => Some("1 coat changed".to_owned()),
        Step::Memory { what: "touch", .. } => Some("1 end moved".to_owned()),
        _ => None,
    });
    let changes = exchange.commands().filter(|command| command.collection.ends_with("sessions"));
    let changes = changes.filter_map(|command| {
        let count = count(command)?;
        match command.name.as_str() {
            "insert" => Some(format!("+{count} {}", coats(count))),
            "delete" => Some(format!("−{count} {}", coats(count))),
            "update" if command.keys.iter().any(|key| key == "session") => {
                Some(format!("{count} {} changed", coats(count)))
            }
            "update" => Some(format!("{count} end moved")),
            _ => None,
        }
    });
    listed(changes.chain(in_memory).collect())
}

fn coats(count: i64) -> &'static str {
    if count == 1 { "coat" } else { "coats" }
}

fn documents<'c>(commands: impl Iterator<Item = &'c Command>) -> String {
    let changes = commands.filter_map(|command| {
        let count = count(command)?;
        match command.name.as_str() {
            "insert" => Some(format!("+{count} account")),
            "delete" => Some(format!("−{count} account")),
            "update" => Some(format!("{count} account changed")),
            _ => None,
        }
    });
    listed(changes.collect())
}

/// `None` for what changed nothing.
fn count(command: &Command) -> Option<i64> {
    command.reply.as_ref()?.count.filter(|count| *count > 0)
}

fn listed(changes: Vec<String>) -> String {
    if changes.is_empty() { NOTHING.to_owned() } else { changes.join(", ") }
}
