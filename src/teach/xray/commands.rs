//! A command to MongoDB as a row: what it is for, and its reply.

use std::time::Duration;

use super::row::{Lane, Row, Tone, milliseconds};
use super::sentences::Sentence;
use crate::trace::{Command, short_id};

/// The row of a command and its reply. `user`: the user of the session.
pub(super) fn row(elapsed: Duration, command: &Command, user: Option<&str>) -> Row {
    let sentence = Sentence::new(purpose(command, user))
        .with("command", &command.text)
        .with_sentence("reply", reply(command));
    let failed = command.reply.as_ref().is_none_or(|reply| reply.failed);
    Row {
        tone: if failed { Tone::Bad } else { Tone::Plain },
        count: command.reply.as_ref().and_then(|reply| reply.count),
        is_minor: matches!(command.collection.as_str(), "throttle" | "progress"),
        ..Row::new(elapsed, Lane::Store, sentence)
    }
}

fn purpose(command: &Command, user: Option<&str>) -> &'static str {
    let text = command.text.to_string();
    // An admin may look up another account.
    let is_own = user.is_none_or(|user| text.is_empty() || text.contains(&short_id(user)));
    let collection = command.collection.as_str();
    let is_sessions = collection.ends_with("sessions");
    match (collection, command.name.as_str()) {
        ("users", "find") if text.contains("username") => "find-user-by-name",
        ("users", "find") if is_own => "find-user",
        ("users", "insert") => "insert-user",
        ("users", "update") => "update-user",
        ("users", "delete") => "delete-user",
        ("throttle", _) => "count-attempt",
        ("progress", _) => "lesson-progress",
        (name, "find") if name.ends_with("_ended") => "find-revocation",
        (_, "find") if is_sessions && text.contains("user: ") => "find-user-sessions",
        (_, "find") if is_sessions && !text.contains('$') => "find-session",
        (_, "insert") if is_sessions => "insert-session",
        (_, "update") if is_sessions && command.sets("session") => "update-session",
        (_, "update") if is_sessions => "touch-session",
        (_, "delete") if is_sessions => "delete-session",
        _ => "other-command",
    }
}

fn reply(command: &Command) -> Sentence {
    let Some(reply) = &command.reply else { return Sentence::new("reply-none") };
    if reply.failed {
        return Sentence::new("reply-failed");
    }
    let counted = |key, count: i64| Sentence::new(key).with("count", count);
    let sentence = match (command.name.as_str(), reply.count, reply.bytes) {
        ("find", Some(0), _) => Sentence::new("reply-found-nothing"),
        ("find", Some(1), Some(bytes)) => Sentence::new("reply-found-one").with("bytes", bytes),
        ("find", Some(count), Some(bytes)) => counted("reply-found", count).with("bytes", bytes),
        ("insert", Some(count), _) => counted("reply-inserted", count),
        ("update", Some(count), _) => counted("reply-written", count),
        ("delete", Some(count), _) => counted("reply-deleted", count),
        _ => Sentence::new("reply"),
    };
    sentence.with("ms", milliseconds(reply.took))
}
