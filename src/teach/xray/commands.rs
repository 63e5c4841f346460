//! A command in words: what it is for, beside what was sent.

use std::time::Duration;

use super::rows::{Lane, Row, Tone, Words, milliseconds};
use crate::teach::text::quoted;
use crate::trace::Command;

/// The row of a command and its reply.
pub fn row(at: Duration, command: &Command) -> Row {
    let (plain, express) = meaning(command);
    let reply = reply(command);
    let words = Words::new(
        format!("{plain} {reply}"),
        format!("{} {reply}", quoted(&command.text.to_string())),
        format!("{express} {reply}"),
    );
    let failed = command.reply.as_ref().is_none_or(|reply| reply.failed);
    let tone = if failed { Tone::Bad } else { Tone::Plain };
    let is_minor = matches!(command.collection.as_str(), "throttle" | "progress");
    Row {
        at: milliseconds(at),
        lane: Lane::Store,
        tone,
        words,
        is_minor,
        is_lab: false,
        differs: false,
        number: 0,
    }
}

/// For a beginner, and in Express.
fn meaning(command: &Command) -> (&'static str, &'static str) {
    let sets = |key: &str| command.keys.iter().any(|set| set == key);
    let collection = command.collection.as_str();
    let is_sessions = collection.ends_with("sessions");
    match (collection, command.name.as_str()) {
        ("users", "find") if command.text.to_string().contains("username") => (
            "Look up the account of this name.",
            "`LocalStrategy` verify: `User.findOne({ username })`.",
        ),
        ("users", "find") => (
            "Look up the account whose number is in the coat.",
            "`deserializeUser(id)`: `User.findById(id)`.",
        ),
        ("users", "insert") => ("Write the account into the ledger.", "`User.register()`."),
        ("users", "update") => ("Change the account in the ledger.", "`user.save()`."),
        ("users", "delete") => ("Strike the account out.", "`User.deleteOne()`."),
        ("throttle", _) => (
            "Count this: attempts and new sessions have limits.",
            "what `express-rate-limit` does.",
        ),
        ("progress", _) => ("Your progress in the lessons.", "a model of your own."),
        (name, "find") if name.ends_with("_ended") => {
            ("Was it ended from elsewhere, and why?", "nothing in Express.")
        }
        (_, "find") if is_sessions => ("Fetch the coat from its hook.", "`store.get(sid)`."),
        (_, "insert") if is_sessions => {
            ("Hang up a new coat.", "`store.set(sid, session)`: a new document.")
        }
        (_, "update") if is_sessions && sets("session") => {
            ("Put the whole coat back.", "`store.set(sid, session)`.")
        }
        (_, "update") if is_sessions => (
            "Only move the time when the coat is thrown out.",
            "`store.touch(sid)`: `expires` alone.",
        ),
        (_, "delete") if is_sessions => ("Take the coat from its hook.", "`store.destroy(sid)`."),
        _ => ("Ask MongoDB.", "a query."),
    }
}

fn reply(command: &Command) -> String {
    let Some(reply) = &command.reply else { return "No reply.".to_owned() };
    if reply.failed {
        return "It failed.".to_owned();
    }
    let came = match (command.name.as_str(), reply.count, reply.bytes) {
        ("find", Some(0), _) => "nothing found".to_owned(),
        ("find", Some(1), Some(bytes)) => format!("found, {bytes} bytes"),
        ("find", Some(count), Some(bytes)) => format!("{count} found, {bytes} bytes"),
        ("insert", Some(count), _) => format!("{count} inserted"),
        ("update", Some(count), _) => format!("{count} written"),
        ("delete", Some(count), _) => format!("{count} deleted"),
        _ => "answered".to_owned(),
    };
    format!("→ {came}, {} ms.", milliseconds(reply.took))
}
